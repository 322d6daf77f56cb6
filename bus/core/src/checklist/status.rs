//! How a requirement stands.

use jiff::Timestamp;

use crate::{DeptId, FactKind, Number, PartyRole, gather::Bar};

/// How a requirement stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequirementStatus {
    /// Held and good.
    Satisfied,
    /// Held and good, and ends soon, or names no end.
    Expiring,
    /// Nobody holds a good one.
    Missing,
    /// Something must be known first.
    Ambiguous(Question),
    /// Nobody may share it with the caller.
    NotShared(Bar),
    /// The department that would know does not answer.
    Unknown {
        /// The department.
        holder: DeptId,
        /// Since when it does not.
        since: Timestamp,
        /// Whether the material was brought meanwhile, as a contribution.
        brought: bool,
    },
}

/// What must be known before a requirement can be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Who is in this role.
    Role(PartyRole),
    /// A fact of the case.
    Fact {
        /// Its key.
        key: String,
        /// What values it has.
        kind: FactKind,
        /// The question in Chinese.
        zh: String,
        /// The question in English.
        en: String,
    },
    /// Which of several good materials.
    Numbers(Vec<Number>),
}

// === impl RequirementStatus ===

impl RequirementStatus {
    /// Whether what is held satisfies the requirement.
    pub fn is_held(&self) -> bool {
        matches!(self, Self::Satisfied | Self::Expiring)
    }

    /// How near to being satisfied: of several lists the nearest counts, of one list the farthest type.
    pub(super) fn nearness(&self) -> u8 {
        match self {
            Self::Satisfied => 6,
            Self::Expiring => 5,
            Self::Ambiguous(_) => 4,
            Self::Unknown { brought: true, .. } => 3,
            Self::Unknown { .. } => 2,
            Self::NotShared(_) => 1,
            Self::Missing => 0,
        }
    }
}
