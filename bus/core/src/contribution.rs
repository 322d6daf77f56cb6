//! Contributions: uploads that never become current, and how the holder's record compares.

use std::{
    fmt,
    str::FromStr,
    sync::{Arc, PoisonError, RwLock},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{CorrectionId, DeptId, FieldError, Note, Version, VersionId, field::checked_text};

/// A version that was brought beside the one of its source, and does not become current.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// The correction that it opened.
    pub correction: CorrectionId,
    /// Department that brought it.
    pub department: DeptId,
    /// Why it was brought although a department should have it; `None` where no reason was given.
    pub exception: Option<UploadException>,
    /// What the comparison with the holder's record came to.
    pub state: CorrectionState,
    /// When it was brought.
    pub opened_at: Timestamp,
    /// When it was compared, or taken back.
    pub closed_at: Option<Timestamp>,
}

/// Why something is uploaded that a department should have already; a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum UploadException {
    /// The holder does not answer.
    HolderDown,
    /// What the holder has is said to be wrong.
    RecordDisputed,
}

/// What an open correction came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionState {
    /// Not compared yet.
    Open,
    /// The holder has the same content.
    Matched,
    /// The holder has another content, or none.
    Differs,
    /// Its department revoked it before.
    Withdrawn,
}

/// An exception, and its ground for auditors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excepted {
    /// The exception.
    pub exception: UploadException,
    /// What auditors may read of it: 1 to 256 bytes.
    pub ground: Note,
}

/// What an upload may become, decided when it begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intake {
    /// The current version: it comes from the type's source department.
    Source,
    /// The current version as long as the source department has none; then a contribution.
    Other {
        /// The source department.
        source: DeptId,
    },
    /// A contribution: a department has the type already, and policy only records that.
    Duplicate,
    /// A contribution: a department should have the type already, but.
    Excepted {
        /// Why.
        exception: UploadException,
    },
}

/// What follows from an upload of what a department has already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DuplicateCollection {
    /// It is refused.
    #[default]
    Refuse,
    /// It is a contribution, and on record as a duplicate collection.
    Record,
}

/// The rule on duplicate collection that is in force. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Duplicates(Arc<RwLock<DuplicateCollection>>);

// === impl UploadException ===

impl UploadException {
    const ALL: [Self; 2] = [Self::HolderDown, Self::RecordDisputed];

    /// Returns the code, as records say it.
    pub fn code(self) -> &'static str {
        match self {
            Self::HolderDown => "HOLDER_DOWN",
            Self::RecordDisputed => "RECORD_DISPUTED",
        }
    }
}

impl FromStr for UploadException {
    type Err = FieldError;

    fn from_str(code: &str) -> Result<Self, FieldError> {
        let known = Self::ALL.into_iter().find(|known| known.code() == code);
        known.ok_or_else(|| {
            let cure = "give HOLDER_DOWN or RECORD_DISPUTED";
            FieldError::new("exception", "is unknown", cure)
        })
    }
}

impl fmt::Display for UploadException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

checked_text!(UploadException, FieldError);

// === impl Intake ===

impl Intake {
    /// Returns whether an upload with the right expected version becomes a contribution, beside what
    /// is current now.
    pub fn contributes(&self, current: Option<&Version>) -> bool {
        match self {
            Self::Source => false,
            Self::Other { source } => current.is_some_and(|current| current.holder == *source),
            Self::Duplicate | Self::Excepted { .. } => true,
        }
    }

    /// Returns whether the upload may go on beside what is current now: what replaces nothing needs
    /// to expect nothing.
    pub fn fits(&self, current: Option<&Version>, expected: Option<VersionId>) -> bool {
        let replaces = matches!(self, Self::Source | Self::Other { .. });
        !replaces || current.map(|version| version.id) == expected
    }

    /// Returns why it comes although a department should have it.
    pub fn exception(&self) -> Option<UploadException> {
        match self {
            Self::Excepted { exception } => Some(*exception),
            Self::Source | Self::Other { .. } | Self::Duplicate => None,
        }
    }

    /// Returns what its records say of a duplicate collection.
    pub(crate) fn duplicate(&self) -> Option<bool> {
        (*self == Self::Duplicate).then_some(true)
    }
}

// === impl DuplicateCollection ===

impl DuplicateCollection {
    /// Returns it as it is configured.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Record => "record",
        }
    }
}

// === impl Duplicates ===

impl Duplicates {
    pub(crate) fn new(rule: DuplicateCollection) -> Self {
        Self(Arc::new(RwLock::new(rule)))
    }

    pub(crate) fn rule(&self) -> DuplicateCollection {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn replace(&self, rule: DuplicateCollection) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = rule;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_is_read_as_it_is_written() {
        for exception in UploadException::ALL {
            assert_eq!(exception.code().parse::<UploadException>().unwrap(), exception);
        }
        assert_eq!("WHATEVER".parse::<UploadException>().unwrap_err().field, "exception");
    }

    #[test]
    fn only_what_replaces_must_name_what_is_current() {
        let exception = UploadException::RecordDisputed;
        let expected = Some(VersionId::from_digest(crate::Digest::of(b"gone")));

        assert!(!Intake::Source.fits(None, expected));
        assert!(Intake::Source.fits(None, None));
        assert!(Intake::Duplicate.fits(None, expected));
        assert!(Intake::Excepted { exception }.contributes(None));
        assert!(!Intake::Other { source: "housing".parse().unwrap() }.contributes(None));
    }
}
