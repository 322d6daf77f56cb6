//! The sealed part of a record: what only auditors may read, as the exchange sees it.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Authorization, DeptId, Purpose, Subject};

/// Encrypts the sealed parts of records.
///
/// The leaf holds a hash of what is sealed, so that the sealed part can be erased while the leaf and
/// its proofs stay valid.
#[async_trait]
pub trait Seal: fmt::Debug + Send + Sync {
    /// Encrypts `content`, which is of a call of `department`, under the key of the day of `time`.
    /// That key is durable, for the auditors only, when this returns.
    ///
    /// # Errors
    ///
    /// [`SealError`] if the day's key cannot be kept; nothing may be written then.
    async fn seal(
        &self,
        content: &SealedContent,
        department: &DeptId,
        time: Timestamp,
    ) -> Result<SealedPart, SealError>;
}

/// What a record says to auditors only: compact JSON, in this order, before it is encrypted.
///
/// All of it may be personal, so its `Debug` form hides the values.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SealedContent {
    /// The agency's own number of the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The officer who acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub officer: Option<String>,
    /// Number of the consent at the agency, where the call rested on one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<String>,
    /// Whom or what the call was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// Number of the file in which the ground of an act is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Name of the version, of a personal type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Digest of the content, of a personal type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<crate::Digest>,
    /// What somebody noted for auditors, of a revocation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Fields of the claims that were verified; never what was claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<Vec<String>>,
}

/// An encrypted part, and what its record says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPart {
    /// What is kept beside the record, at most 4,096 bytes.
    pub stored: Vec<u8>,
    /// SHA-256 of the salt and all of `stored`, hexadecimal.
    pub hash: String,
    /// Pseudonym of the officer, if there is one.
    pub officer: Option<String>,
    /// SHA-256 of salt and content digest, hexadecimal, if there is one.
    pub digest_salted: Option<String>,
}

/// Why nothing can be sealed.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct SealError {
    /// What failed, and where.
    pub what: String,
    /// Why.
    pub source: Option<std::io::Error>,
}

// === impl SealedContent ===

impl SealedContent {
    /// Takes from a purpose what may not stand in clear.
    pub fn of(purpose: &Purpose) -> Self {
        let consent = match &purpose.authorization {
            Authorization::StatutoryDuty => None,
            Authorization::HolderConsent { reference } => Some(reference.clone()),
        };
        Self {
            case: Some(purpose.case_number.clone()),
            officer: Some(purpose.officer.clone()),
            consent,
            ..Self::default()
        }
    }

    /// Returns whether there is nothing to seal.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the bytes that are encrypted.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("it has only strings")
    }
}

impl fmt::Debug for SealedContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedContent").field("is_empty", &self.is_empty()).finish_non_exhaustive()
    }
}
