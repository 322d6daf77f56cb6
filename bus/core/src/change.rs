//! Changes of what is current and good, each with the moment at which the bus knew.

use jiff::Timestamp;

use crate::{DeptId, Number, Revoked, Status, Subject, TypeCode, Version, VersionId, VersionName};

/// One change of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its place among all changes, from 1; a cursor.
    pub sequence: u64,
    /// What changed.
    pub kind: ChangeKind,
    /// Type of the material.
    pub material_type: TypeCode,
    /// Whom or what it is about.
    pub subject: Subject,
    /// The issuer's number.
    pub number: Number,
    /// The version.
    pub version: VersionId,
    /// How it stood with its issuer after the change.
    pub status: Status,
    /// Department whose adapter keeps the bytes.
    pub holder: DeptId,
    /// When the bus knew.
    pub at: Timestamp,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// The version became its material's current one.
    Published,
    /// Another version became the current one.
    Superseded,
    /// How it stands with its issuer.
    Status,
    /// It was revoked.
    Revoked,
}

/// Which changes there are to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeSpan {
    /// Behind a cursor of at least this, no change is missing.
    pub expired: u64,
    /// Sequence of the newest change; 0 if there never was one.
    pub latest: u64,
    /// Of moments after this, the past is wholly known.
    pub since: Timestamp,
}

/// A version that was current once, as the bus knew it then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastVersion {
    /// The version, as it is now.
    pub version: Version,
    /// How it stood with its issuer then.
    pub status: Status,
    /// Its revocation, if the bus knew of one then.
    pub revoked: Option<Revoked>,
}

// === impl Change ===

impl Change {
    /// Returns the full name of the version.
    pub fn name(&self) -> VersionName {
        VersionName { material_type: self.material_type.clone(), id: self.version }
    }
}
