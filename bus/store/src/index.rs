//! The trail's search index: where in the trail a record is. Disposable.

mod feed;
mod filter;
mod open;
mod search;

use oncebus_trail::ReadError;
use tokio::task::JoinError;

use crate::database::Database;

pub use self::filter::{RecordFilter, Visibility};

/// Finds records of the trail by their fields.
///
/// The trail's files are the truth: the index is made anew when it is deleted, of another form, or of
/// another trail.
#[derive(Clone, Debug)]
pub struct SearchIndex {
    database: Database,
}

/// Why the index cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The database failed.
    #[error("search index: {0}")]
    Storage(#[from] sqlx::Error),
    /// A damaged or foreign index cannot be removed.
    #[error("search index: cannot remove the old file: {0}")]
    Remove(#[source] std::io::Error),
    /// The trail cannot be read.
    #[error("search index: {0}")]
    Trail(#[from] ReadError),
    /// A leaf is no record.
    #[error("search index: a leaf of the trail is no record: {0}")]
    Leaf(#[from] serde_json::Error),
    /// The program ends while the trail is read.
    #[error("search index: {0}")]
    Stopped(#[from] JoinError),
}

#[cfg(test)]
mod tests;
