//! The departments' adapters, as the exchange sees them.

use std::{fmt, pin::Pin};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{
    ChunkDigests, Day, DeptId, Digest, IssuerName, MediaType, Number, Subject, TypeCode, UploadId,
};

/// Asks departments' adapters. Every call ends by `deadline`.
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

    /// Says what the department's adapter can do; the answer may be some minutes old.
    async fn describe(
        &self,
        holder: &DeptId,
        deadline: Instant,
    ) -> Result<Description, HolderError>;

    /// Lists what the department holds.
    async fn lookup(
        &self,
        holder: &DeptId,
        query: &LookupQuery,
        deadline: Instant,
    ) -> Result<Vec<Holding>, HolderError>;

    /// Streams a content from `offset`, which is a chunk's edge.
    async fn fetch(
        &self,
        holder: &DeptId,
        content: &Content,
        offset: u64,
        deadline: Instant,
    ) -> Result<ContentStream, HolderError>;

    /// Stages `data` at `offset` and answers what is staged; empty data only asks.
    async fn stage(
        &self,
        holder: &DeptId,
        upload: UploadId,
        offset: u64,
        data: Bytes,
        deadline: Instant,
    ) -> Result<u64, HolderError>;

    /// Verifies and keeps a staged upload under its digest.
    async fn seal(
        &self,
        holder: &DeptId,
        upload: UploadId,
        size_bytes: u64,
        digest: &Digest,
        chunks: &ChunkDigests,
        deadline: Instant,
    ) -> Result<(), HolderError>;

    /// Forgets a staged upload, and content sealed under `sealed`.
    async fn discard(
        &self,
        holder: &DeptId,
        upload: UploadId,
        sealed: Option<&Digest>,
        deadline: Instant,
    ) -> Result<(), HolderError>;
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

/// What a department says of a document that it holds, or a publisher of one that it brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
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
    /// Last day of validity.
    pub valid_until: Option<Day>,
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
    /// It broke the contract.
    #[error("adapter of {holder} misbehaved: {detail}")]
    Misbehaved {
        /// The department.
        holder: DeptId,
        /// How.
        detail: String,
    },
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

    /// Returns whether the holder did not answer, so that what is known of it may have to do.
    pub(crate) fn is_away(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Deadline { .. })
    }
}
