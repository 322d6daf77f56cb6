//! The departments' adapters, as the exchange sees them.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{
    ChunkDigests, Claim, Day, DeptId, Digest, Finding, IssuerName, MediaType, Number, Relation,
    Status, Subject, TypeCode, UploadId, ValidUntil,
};

/// Asks departments' adapters. Every call ends by its deadline.
///
/// What an adapter answers is not trusted: the exchange checks it.
#[async_trait]
pub trait Holders: fmt::Debug + Send + Sync {
    /// Says whether the department's adapter is asked at all now: known to fail, it is spared.
    ///
    /// # Errors
    ///
    /// [`HolderError::Unavailable`] if it is not asked, or there is none.
    fn ready(&self, holder: &DeptId) -> Result<(), HolderError>;

    /// Returns the department's adapter as it last described itself, `name/build`; `None` before it
    /// did. Asks nobody.
    fn adapter(&self, holder: &DeptId) -> Option<Arc<str>>;

    /// Says what the department's adapter can do; the answer may be some minutes old.
    async fn describe(&self, holder: &DeptId, asking: &Asking) -> Result<Description, HolderError>;

    /// Lists what the department holds.
    async fn lookup(
        &self,
        holder: &DeptId,
        query: &LookupQuery,
        asking: &Asking,
    ) -> Result<Vec<Holding>, HolderError>;

    /// Streams a content from `offset`, which is a chunk's edge.
    async fn fetch(
        &self,
        holder: &DeptId,
        content: &Content,
        offset: u64,
        asking: &Asking,
    ) -> Result<ContentStream, HolderError>;

    /// Says whether claims about what the department holds are true.
    async fn verify(
        &self,
        holder: &DeptId,
        query: &ClaimsQuery,
        asking: &Asking,
    ) -> Result<Finding, HolderError>;

    /// Stages `data` at `offset` and answers what is staged; empty data only asks.
    async fn stage(
        &self,
        holder: &DeptId,
        upload: UploadId,
        offset: u64,
        data: Bytes,
        asking: &Asking,
    ) -> Result<u64, HolderError>;

    /// Verifies and keeps a staged upload under its digest.
    async fn seal(
        &self,
        holder: &DeptId,
        upload: UploadId,
        size_bytes: u64,
        digest: &Digest,
        chunks: &ChunkDigests,
        asking: &Asking,
    ) -> Result<(), HolderError>;

    /// Forgets a staged upload, and content sealed under `sealed`.
    async fn discard(
        &self,
        holder: &DeptId,
        upload: UploadId,
        sealed: Option<&Digest>,
        asking: &Asking,
    ) -> Result<(), HolderError>;
}

/// How long an adapter may take, and how often it was asked again. Clones count together.
#[derive(Clone, Debug)]
pub struct Asking {
    /// When nobody waits any more.
    pub deadline: Instant,
    again: Arc<AtomicU32>,
}

/// Bytes of a content in order, in pieces of any size up to 256 KiB.
pub type ContentStream = Pin<Box<dyn Stream<Item = Result<Bytes, HolderError>> + Send>>;

/// What an adapter can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The adapter's name.
    pub adapter: String,
    /// Version of its program.
    pub build: String,
    /// Whether it can take uploads.
    pub stores: bool,
    /// Whether it can verify claims.
    pub verifies: bool,
}

/// What to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupQuery {
    /// Type of material.
    pub material_type: TypeCode,
    /// Whom or what it is about.
    pub subject: Subject,
    /// The issuer's number, or every one.
    pub number: Option<Number>,
}

/// What to compare with what is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimsQuery {
    /// Type of material.
    pub material_type: TypeCode,
    /// Whom or what it is about.
    pub subject: Subject,
    /// The issuer's number, or any one.
    pub number: Option<Number>,
    /// What is said of it; nothing asks whether one in force is held.
    pub claims: Vec<Claim>,
}

/// A document that a department holds, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// What it is.
    pub document: Document,
    /// How it stands now, as its issuer says.
    pub status: Status,
}

/// What a department says of a document that it holds, or a publisher of one that it brings: what can
/// not change without being another document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The issuer's number.
    pub number: Number,
    /// Size of the content in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the content.
    pub digest: Digest,
    /// Media type of the content.
    pub media_type: MediaType,
    /// Who issued it.
    pub issuer: Option<IssuerName>,
    /// Day of issue.
    pub issued: Option<Day>,
    /// Until when it is valid, where the document says.
    pub valid_until: Option<ValidUntil>,
    /// How it stands to other versions, as its publisher said.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub relations: Vec<Relation>,
}

/// Which content to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Type of material.
    pub material_type: TypeCode,
    /// Whom or what it is about.
    pub subject: Subject,
    /// The issuer's number.
    pub number: Number,
    /// SHA-256 that it must have.
    pub digest: Digest,
    /// Size that it must have, in bytes.
    pub size_bytes: u64,
    /// Whether it lies sealed at the holder, or is found as Lookup finds it.
    pub sealed: bool,
}

/// Why a holder did not do what it was asked.
///
/// The detail is for our own log: it may name hosts and files, and never reaches a caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HolderError {
    /// No connection, or it broke.
    #[error("adapter of {holder} is not reachable: {detail}")]
    Unavailable {
        /// The department.
        holder: DeptId,
        /// What the connection says.
        detail: String,
    },
    /// No answer in time.
    #[error("adapter of {holder} did not answer in time")]
    Deadline {
        /// The department.
        holder: DeptId,
    },
    /// It has as many calls as it can take; it was not asked.
    #[error("adapter of {holder} has as many calls as it can take")]
    Busy {
        /// The department.
        holder: DeptId,
    },
    /// It does not hold the content any more.
    #[error("adapter of {holder} does not hold the content")]
    NotFound {
        /// The department.
        holder: DeptId,
    },
    /// The content has another digest than it must have.
    #[error("adapter of {holder} holds content with another digest")]
    DigestMismatch {
        /// The department.
        holder: DeptId,
    },
    /// The content has another size than it must have.
    #[error("adapter of {holder} holds content of another size")]
    SizeMismatch {
        /// The department.
        holder: DeptId,
    },
    /// The content lies outside the folder that the adapter may read.
    #[error("adapter of {holder} holds content outside its folder")]
    UnsafePath {
        /// The department.
        holder: DeptId,
    },
    /// It has no room.
    #[error("adapter of {holder} has no room")]
    Full {
        /// The department.
        holder: DeptId,
    },
    /// Data was to be staged behind a gap.
    #[error("adapter of {holder} has less staged than the offset says")]
    StageRange {
        /// The department.
        holder: DeptId,
    },
    /// It cannot take uploads.
    #[error("adapter of {holder} cannot store")]
    CannotStore {
        /// The department.
        holder: DeptId,
    },
    /// It cannot verify claims, or not of what it holds of the type.
    #[error("adapter of {holder} cannot verify")]
    CannotVerify {
        /// The department.
        holder: DeptId,
    },
    /// It broke the contract.
    #[error("adapter of {holder} misbehaved: {detail}")]
    Misbehaved {
        /// The department.
        holder: DeptId,
        /// How.
        detail: String,
    },
}

// === impl Asking ===

impl Asking {
    /// Gives an adapter until `deadline`.
    pub fn until(deadline: Instant) -> Self {
        Self { deadline, again: Arc::default() }
    }

    /// Gives it until another deadline, and counts on.
    #[must_use]
    pub fn by(&self, deadline: Instant) -> Self {
        Self { deadline, again: Arc::clone(&self.again) }
    }

    /// Counts that an adapter is asked again.
    pub fn again(&self) {
        self.again.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how often one was asked again.
    pub fn retries(&self) -> u32 {
        self.again.load(Ordering::Relaxed)
    }
}

// === impl HolderError ===

impl HolderError {
    /// Returns whether the holder has something else than was asked for, or nothing any more.
    pub(crate) fn is_of_content(&self) -> bool {
        matches!(
            self,
            Self::NotFound { .. } | Self::DigestMismatch { .. } | Self::SizeMismatch { .. }
        )
    }

    /// Returns whether the holder may well say something a little later.
    pub(crate) fn is_for_now(&self) -> bool {
        self.is_away() || matches!(self, Self::Busy { .. })
    }

    /// Returns whether the holder did not answer, so that what is known of it may have to do.
    pub(crate) fn is_away(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Deadline { .. })
    }
}
