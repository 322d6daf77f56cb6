//! The trail's search index: where in the trail a record is. Disposable.

mod compare;
mod days;
mod feed;
mod filter;
mod follow;
mod forget;
mod lookup;
mod names;
mod open;
mod recipients;
mod reuse;
mod row;
mod sealed;
mod search;

use std::sync::Arc;

use oncebus_trail::{ReadError, SignedCheckpoint};
use tokio::{sync::watch, task::JoinError};

use crate::{SubjectKeys, database::Database};

pub use self::{
    compare::{Compared, RowFault},
    filter::{RecordFilter, Visibility},
    follow::MAX_LAG,
    recipients::{Recipient, Recipients},
    reuse::{MAX_REUSE_ROWS, ReuseBy, ReuseCount, ReuseQuery},
};

/// Finds records of the trail by their fields.
///
/// The trail's files are the truth: the index is made anew when it is deleted, of another form, or of
/// another trail. Clones are the same index.
#[derive(Clone, Debug)]
pub struct SearchIndex {
    database: Database,
    /// Makes the tokens that subjects and cases are found by.
    keys: Arc<SubjectKeys>,
    /// Records that the index covers: all below this position.
    indexed: Arc<watch::Sender<u64>>,
    /// How far the trail reaches.
    grown: watch::Receiver<Arc<SignedCheckpoint>>,
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
    /// A report would have too many rows.
    #[error("search index: the report has over {limit} rows, group by less or ask for less time")]
    TooManyRows {
        /// The most there may be, [`MAX_REUSE_ROWS`].
        limit: usize,
    },
}

// === impl SearchIndex ===

impl SearchIndex {
    /// Returns how many records the index covers: all below this position.
    pub fn indexed_size(&self) -> u64 {
        *self.indexed.borrow()
    }

    /// Returns where the covered size is to be seen, and waited for.
    pub fn indexed(&self) -> watch::Receiver<u64> {
        self.indexed.subscribe()
    }

    /// Returns how many records of the trail the index does not cover yet.
    pub fn lag(&self) -> u64 {
        self.behind(self.indexed_size())
    }

    fn behind(&self, indexed: u64) -> u64 {
        self.grown.borrow().checkpoint.size.saturating_sub(indexed)
    }
}

/// Writes a position or a count as SQLite has it.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
