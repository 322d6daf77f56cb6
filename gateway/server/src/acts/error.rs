//! Why an act on the trail is not done.

use jiff::Timestamp;
use oncebus_core::{Ending, ExchangeError, RecordError, RegistryError, Role};
use oncebus_store::IndexError;
use oncebus_trail::{ProveError, PublishError, ReadError, Receipt};
use tokio::task::JoinError;

/// Why an act is not done.
#[derive(Debug)]
pub(crate) enum ActError {
    /// The caller has not the role.
    NotRole(Role),
    /// The caller asked for it itself.
    OwnRequest,
    /// The caller is not who asked.
    NotAsker,
    /// There is no such request.
    NoUnseal,
    /// Nobody approved it.
    NotApproved,
    /// Its approval is over.
    Expired(Timestamp),
    /// Somebody else approved it.
    ApprovedByOther,
    /// A legal hold keeps what is to be erased: a record, or a day.
    Held(String),
    /// It is on record and not finished: it is at the next start, or when it is asked again.
    Unfinished(Box<dyn std::error::Error + Send + Sync>),
    /// The trail cannot be read or searched.
    Index(IndexError),
    /// As of any call.
    Exchange(ExchangeError),
}

/// An act that was refused or failed, with the proof that it is on the trail.
#[derive(Debug)]
pub(crate) struct ActFailure {
    /// Why.
    pub error: ActError,
    /// Proof of the record; `None` where none could be written.
    pub receipt: Option<Box<Receipt>>,
}

// === impl ActError ===

impl ActError {
    /// Returns the registered reason.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::NotRole(_) | Self::NotAsker => "ACCESS_DENIED",
            Self::OwnRequest => "SELF_APPROVAL",
            Self::NoUnseal => "UNSEAL_NOT_FOUND",
            Self::NotApproved => "UNSEAL_NOT_APPROVED",
            Self::Expired(_) => "UNSEAL_EXPIRED",
            Self::ApprovedByOther => "UNSEAL_APPROVED",
            Self::Held(_) => "LEGAL_HOLD",
            Self::Unfinished(_) => "ACT_UNFINISHED",
            Self::Index(_) => "SEARCH_UNAVAILABLE",
            Self::Exchange(error) => error.reason(),
        }
    }

    pub(super) fn ending(&self) -> Ending {
        match self {
            Self::NotRole(_) | Self::NotAsker | Self::OwnRequest => Ending::Denied,
            _ => Ending::Failed,
        }
    }

    pub(super) fn unfinished(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unfinished(Box::new(error))
    }

    /// Says that the gateway ended before the work did.
    pub(super) fn ended(error: &JoinError) -> Self {
        tracing::error!(%error, "an act on the trail did not end");
        Self::Exchange(ExchangeError::Cancelled)
    }
}

impl From<ExchangeError> for ActError {
    fn from(error: ExchangeError) -> Self {
        Self::Exchange(error)
    }
}

impl From<RecordError> for ActError {
    fn from(error: RecordError) -> Self {
        Self::Exchange(error.into())
    }
}

impl From<RegistryError> for ActError {
    fn from(error: RegistryError) -> Self {
        Self::Exchange(error.into())
    }
}

impl From<ProveError> for ActError {
    fn from(error: ProveError) -> Self {
        Self::Exchange(error.into())
    }
}

impl From<IndexError> for ActError {
    fn from(error: IndexError) -> Self {
        Self::Index(error)
    }
}

impl From<ReadError> for ActError {
    fn from(error: ReadError) -> Self {
        Self::Index(error.into())
    }
}

impl From<PublishError> for ActError {
    fn from(error: PublishError) -> Self {
        Self::unfinished(error)
    }
}

// === impl ActFailure ===

impl<E: Into<ActError>> From<E> for ActFailure {
    fn from(error: E) -> Self {
        Self { error: error.into(), receipt: None }
    }
}
