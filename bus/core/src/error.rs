//! Why the bus refused or failed one call, and what a caller may do about it.

use std::time::Duration;

use oncebus_trail::{AppendError, ProveError, Receipt};

use crate::{
    DeptId, FieldError, HolderError, Load, Operation, RecordError, RegistryError, Revocation,
    TypeCode, VersionName,
};

/// Why the bus refused or failed one call.
///
/// [`Self::reason`] is wire contract: it reaches callers and the audit trail.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// A field of the request is wrong.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The caller's department may not do this.
    #[error(
        "{department} has no permission to {operation} {material_type}, \
         ask the operator of the bus for one"
    )]
    AccessDenied {
        /// The caller's department.
        department: DeptId,
        /// What it wanted to do.
        operation: Operation,
        /// With what type of material.
        material_type: TypeCode,
    },
    /// Nobody holds the material.
    #[error("no such material is held, check type, subject and number")]
    MaterialNotFound,
    /// The subject has several materials of the type.
    #[error("the subject has {count} materials of this type, give the number of one")]
    MaterialAmbiguous {
        /// How many.
        count: usize,
    },
    /// The type is matched at its holder and never leaves.
    #[error("{material_type} is only verified and never fetched")]
    VerifyOnly {
        /// The type.
        material_type: TypeCode,
    },
    /// The type is never uploaded, since a department has it already.
    #[error(
        "{material_type} is held by {holder} and never uploaded, fetch it instead, or give an exception"
    )]
    NotUploaded {
        /// The type.
        material_type: TypeCode,
        /// The department that has it.
        holder: DeptId,
    },
    /// The holder is said to be down, and is not.
    #[error("the adapter of {holder} answers, so fetch {material_type} from there")]
    HolderReachable {
        /// The type.
        material_type: TypeCode,
        /// The department that answers.
        holder: DeptId,
    },
    /// The current version is not the one that the publisher expected.
    #[error("{}", conflict(current.as_ref()))]
    VersionConflict {
        /// The current version.
        current: Option<VersionName>,
    },
    /// The version was revoked: its bytes never leave again.
    #[error("{version} was revoked, {reason}: ask its department for another")]
    VersionRevoked {
        /// The version.
        version: VersionName,
        /// Why it was.
        reason: Revocation,
    },
    /// The publisher's adapter cannot keep uploads.
    #[error("the adapter of {holder} cannot store uploads, use one that can, like files")]
    HolderCannotStore {
        /// The department.
        holder: DeptId,
    },
    /// There is no such upload of this system.
    #[error("no such upload is open, begin it again")]
    UploadNotFound,
    /// The data does not continue what is staged.
    #[error("the upload continues at offset {expected}, send from there")]
    UploadOffset {
        /// What is staged.
        expected: u64,
    },
    /// Changes behind the cursor of a watch are too old, or dropped.
    #[error("what followed this cursor is too long ago, resolve again and watch from now on")]
    CursorExpired,
    /// What is committed has another digest than what was begun or staged.
    #[error("the staged content does not have the digest that was announced, upload it again")]
    DigestMismatch,
    /// What is committed has another size than what was begun or staged.
    #[error(
        "{staged} bytes are staged, but {announced} were announced, send the rest or begin anew"
    )]
    SizeMismatch {
        /// Bytes staged.
        staged: u64,
        /// Bytes announced.
        announced: u64,
    },
    /// A holder failed.
    #[error("{}", holder_text(.0))]
    Holder(#[from] HolderError),
    /// The request id was used with another payload.
    #[error("this request_id was used with another payload, draw a new one")]
    IdempotencyKeyReused,
    /// The first call with the request id still runs.
    #[error("a call with this request_id still runs, try again in a second")]
    RequestInProgress,
    /// There is too much under way.
    #[error(transparent)]
    Overloaded(#[from] Load),
    /// The caller did not take its answer.
    #[error("nothing of the answer was taken for {after:?}, read on, or resume where it ended")]
    SlowReader {
        /// How long it was waited for.
        after: Duration,
    },
    /// The trail cannot be written, so nothing may happen.
    #[error("the audit trail cannot be written, so nothing was done")]
    Audit(#[source] RecordError),
    /// A record that is on the trail cannot be proven.
    #[error("the audit trail cannot be read, so nothing was done")]
    Proof(#[from] ProveError),
    /// The machine's clock lies far behind the newest record.
    #[error(
        "the clock of the bus was set back, so nobody knows what is still valid: try again later"
    )]
    ClockBehind,
    /// The registry failed.
    #[error("the registry cannot be reached, so nothing was done")]
    Registry(#[source] RegistryError),
    /// The caller hung up before the answer.
    #[error("the caller hung up")]
    Cancelled,
    /// An upload made no progress for too long.
    #[error("the upload made no progress for an hour, begin it again")]
    UploadAbandoned,
    /// A disk of the bus itself failed.
    #[error("the bus cannot hold the content while it is checked")]
    Spool(#[source] std::io::Error),
}

/// What a peer may do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Mend the request.
    Invalid,
    /// Get a permission.
    Denied,
    /// Nothing is there.
    NotFound,
    /// Change the state of things first.
    Precondition,
    /// Look at the current state and start again.
    Conflict,
    /// Continue somewhere else in the data, or start again.
    Range,
    /// Try again later.
    Unavailable,
    /// Try again slower.
    Exhausted,
    /// Try again with more time.
    Timeout,
    /// The holder's content is damaged: tell its department.
    Damaged,
    /// The caller hung up itself.
    Cancelled,
}

/// A refused or failed call, with the proof that it is on the trail.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub error: ExchangeError,
    /// Proof of the record; `None` where none could be written or none is due.
    pub receipt: Option<Box<Receipt>>,
}

// === impl ExchangeError ===

impl ExchangeError {
    /// Returns the registered reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Field(_) => "INVALID_FIELD",
            Self::AccessDenied { .. } => "ACCESS_DENIED",
            Self::MaterialNotFound => "MATERIAL_NOT_FOUND",
            Self::MaterialAmbiguous { .. } => "MATERIAL_AMBIGUOUS",
            Self::VerifyOnly { .. } => "VERIFY_ONLY",
            Self::NotUploaded { .. } => "NOT_UPLOADED",
            Self::HolderReachable { .. } => "HOLDER_REACHABLE",
            Self::VersionConflict { .. } => "VERSION_CONFLICT",
            Self::VersionRevoked { .. } => "VERSION_REVOKED",
            Self::HolderCannotStore { .. } => "HOLDER_CANNOT_STORE",
            Self::UploadNotFound => "UPLOAD_NOT_FOUND",
            Self::UploadOffset { .. } => "UPLOAD_OFFSET",
            Self::CursorExpired => "CURSOR_EXPIRED",
            Self::DigestMismatch => "DIGEST_MISMATCH",
            Self::SizeMismatch { .. } => "SIZE_MISMATCH",
            Self::Holder(error) => holder_reason(error),
            Self::IdempotencyKeyReused => "IDEMPOTENCY_KEY_REUSED",
            Self::RequestInProgress => "REQUEST_IN_PROGRESS",
            Self::Overloaded(_) => "OVERLOADED",
            Self::SlowReader { .. } => "SLOW_READER",
            Self::Audit(_) | Self::Proof(_) => "AUDIT_UNAVAILABLE",
            Self::ClockBehind => "CLOCK_BEHIND",
            Self::Registry(_) => "REGISTRY_UNAVAILABLE",
            Self::Cancelled => "CANCELLED",
            Self::UploadAbandoned => "UPLOAD_ABANDONED",
            Self::Spool(_) => "SPOOL_UNAVAILABLE",
        }
    }

    /// Returns what a peer may do about it; the gateway maps it to a gRPC code.
    pub fn class(&self) -> Class {
        match self {
            Self::Field(_) => Class::Invalid,
            Self::AccessDenied { .. } => Class::Denied,
            Self::MaterialNotFound | Self::UploadNotFound => Class::NotFound,
            Self::MaterialAmbiguous { .. }
            | Self::VerifyOnly { .. }
            | Self::NotUploaded { .. }
            | Self::HolderReachable { .. }
            | Self::VersionRevoked { .. }
            | Self::HolderCannotStore { .. }
            | Self::DigestMismatch
            | Self::SizeMismatch { .. }
            | Self::UploadAbandoned => Class::Precondition,
            Self::VersionConflict { .. } | Self::IdempotencyKeyReused | Self::RequestInProgress => {
                Class::Conflict
            }
            Self::UploadOffset { .. } | Self::CursorExpired => Class::Range,
            Self::Holder(error) => holder_class(error),
            Self::Overloaded(_) => Class::Exhausted,
            Self::SlowReader { .. } => Class::Timeout,
            Self::Audit(RecordError::Trail(AppendError::Full)) => Class::Exhausted,
            Self::Audit(_)
            | Self::Proof(_)
            | Self::ClockBehind
            | Self::Registry(_)
            | Self::Spool(_) => Class::Unavailable,
            Self::Cancelled => Class::Cancelled,
        }
    }

    /// Returns when the same call may fare better, where that is known to pass by itself.
    pub fn retry_after(&self) -> Option<Duration> {
        match (self, self.class()) {
            (Self::Overloaded(load), _) => Some(load.retry_after()),
            (_, Class::Unavailable | Class::Exhausted) => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// Returns whether the caller was refused by a decision, rather than failed by events.
    pub(crate) fn is_denial(&self) -> bool {
        matches!(self, Self::AccessDenied { .. })
    }
}

impl From<RegistryError> for ExchangeError {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::TooManyUploads { .. } => Self::Overloaded(Load::Uploads),
            RegistryError::Discarding => Self::RequestInProgress,
            error => Self::Registry(error),
        }
    }
}

impl From<RecordError> for ExchangeError {
    fn from(error: RecordError) -> Self {
        Self::Audit(error)
    }
}

// === impl Failure ===

impl From<ExchangeError> for Failure {
    fn from(error: ExchangeError) -> Self {
        Self { error, receipt: None }
    }
}

fn conflict(current: Option<&VersionName>) -> String {
    match current {
        Some(current) => format!("the current version is {current}, name it as expected_version"),
        None => "the material has no version yet, leave expected_version empty".to_owned(),
    }
}

/// What a caller may hear of a holder's failure: no host, no file, no source chain.
fn holder_text(error: &HolderError) -> String {
    match error {
        HolderError::Unavailable { holder, .. } => {
            format!("the adapter of {holder} cannot be reached, try again later")
        }
        HolderError::Deadline { holder } => {
            format!("the adapter of {holder} did not answer in time, try again with more time")
        }
        HolderError::Busy { holder } => {
            format!("the adapter of {holder} has as many calls as it can take, try again slower")
        }
        HolderError::NotFound { holder } => {
            format!("{holder} does not hold this version any more, ask for the current one")
        }
        HolderError::DigestMismatch { holder } => {
            format!("the content that {holder} holds has another digest, ask {holder} to mend it")
        }
        HolderError::SizeMismatch { holder } => {
            format!("the content that {holder} holds has another size, ask {holder} to mend it")
        }
        HolderError::UnsafePath { holder } => {
            format!(
                "the content that {holder} holds lies outside its folder, ask {holder} to mend it"
            )
        }
        HolderError::CannotStore { holder } => {
            format!("the adapter of {holder} cannot store uploads, use one that can, like files")
        }
        HolderError::CannotVerify { holder } => {
            format!("the adapter of {holder} cannot verify this, ask {holder} for one that can")
        }
        HolderError::Full { holder } => {
            format!("the storage of {holder} is full, ask {holder} to make room")
        }
        HolderError::StageRange { .. } => {
            "the adapter lost a part of the upload, begin it again to resume".to_owned()
        }
        HolderError::Misbehaved { holder, .. } => {
            format!("the adapter of {holder} broke its contract, tell its operator")
        }
    }
}

fn holder_reason(error: &HolderError) -> &'static str {
    match error {
        HolderError::Unavailable { .. } => "ADAPTER_UNAVAILABLE",
        HolderError::Deadline { .. } => "DEADLINE",
        HolderError::Busy { .. } => "OVERLOADED",
        HolderError::NotFound { .. } => "MATERIAL_NOT_FOUND",
        HolderError::DigestMismatch { .. } => "DIGEST_MISMATCH",
        HolderError::SizeMismatch { .. } => "SIZE_MISMATCH",
        HolderError::UnsafePath { .. } => "UNSAFE_PATH",
        HolderError::CannotStore { .. } => "HOLDER_CANNOT_STORE",
        HolderError::CannotVerify { .. } => "VERIFICATION_UNSUPPORTED",
        HolderError::Full { .. } => "HOLDER_FULL",
        HolderError::StageRange { .. } => "UPLOAD_OFFSET",
        HolderError::Misbehaved { .. } => "ADAPTER_MISBEHAVED",
    }
}

fn holder_class(error: &HolderError) -> Class {
    match error {
        HolderError::Unavailable { .. } | HolderError::Misbehaved { .. } => Class::Unavailable,
        HolderError::Deadline { .. } => Class::Timeout,
        HolderError::NotFound { .. } => Class::NotFound,
        HolderError::DigestMismatch { .. }
        | HolderError::SizeMismatch { .. }
        | HolderError::UnsafePath { .. } => Class::Damaged,
        HolderError::CannotStore { .. } | HolderError::CannotVerify { .. } => Class::Precondition,
        HolderError::Busy { .. } | HolderError::Full { .. } => Class::Exhausted,
        HolderError::StageRange { .. } => Class::Range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_being_discarded_is_told_as_in_progress() {
        let error = ExchangeError::from(RegistryError::Discarding);

        assert_eq!((error.reason(), error.class()), ("REQUEST_IN_PROGRESS", Class::Conflict));
    }
}
