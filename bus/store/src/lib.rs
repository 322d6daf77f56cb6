//! The registry and the trail's search index, both on SQLite.
//!
//! [`SqliteRegistry`] is the truth about versions and uploads, and part of every backup.
//! [`SearchIndex`] only says where in the trail a record is: it may be deleted at any time.

mod database;
mod index;
mod keys;
mod registry;
mod seal;

pub use self::{
    index::{
        Compared, IndexError, MAX_LAG, MAX_REUSE_ROWS, Recipient, Recipients, RecordFilter,
        ReuseBy, ReuseCount, ReuseQuery, RowFault, SearchIndex, Visibility,
    },
    keys::SubjectKeys,
    registry::{Approval, Inspected, SqliteRegistry, Unseal, UnsealId, VersionFault},
    seal::{
        DataKeyId, FormError, PartFault, PartState, RecipientError, SealIdentity, SealRecipients,
        SealedForm, Sealer, UnsealError, check, open,
    },
};

#[cfg(feature = "fixture")]
pub use self::registry::FixtureMaterial;
