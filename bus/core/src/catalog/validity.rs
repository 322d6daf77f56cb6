//! How long a type of material is valid: six kinds cover them all.

use std::time::Duration;

use serde::Serialize;

use crate::TypeCode;

/// What ends the validity of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ValidityKind {
    /// A day: the one that the document names, else so many months after its issue.
    FixedUntil {
        /// Usual period; `None` where only the document itself says.
        #[serde(skip_serializing_if = "Option::is_none")]
        months: Option<u32>,
    },
    /// Work must start within a period after the issue; what started in time stays valid.
    StartWithin {
        /// The period.
        months: u32,
        /// How often it may be extended.
        extensions: u32,
        /// By how much, each time.
        extension_months: u32,
        /// Key of the case fact that says on which day work started.
        started: String,
    },
    /// Nothing but another version, or its issuer.
    OpenUntilChanged,
    /// Its issuer, at any moment: what the holder said counts for so long.
    LiveStatus {
        /// How long.
        #[serde(rename = "max_age_s", serialize_with = "super::whole_seconds")]
        max_age: Duration,
    },
    /// A new version of what it belongs to.
    VersionBound {
        /// Type of that; `None` where it is the material itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<TypeCode>,
    },
    /// The end of the contract.
    TermOfContract,
}
