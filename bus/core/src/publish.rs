//! Publish: begin, put chunks, commit. Only the commit makes a version visible.

mod begin;
mod commit;
mod intake;
mod put;
mod turns;

use std::sync::Arc;

use bytes::Bytes;
use oncebus_trail::Receipt;

use crate::{
    Bus, Caller, Digest, Document, Excepted, ExchangeError, MaterialInfo, MaterialType, Purpose,
    RequestId, RequestScope, RequestState, Subject, Upload, UploadId, VersionId,
};

pub(crate) use self::turns::Turns;

/// A checked announcement of a version.
#[derive(Clone, Debug)]
pub struct BeginQuery {
    /// Type of the material.
    pub material_type: Arc<MaterialType>,
    /// Whom or what it is about.
    pub subject: Subject,
    /// Number, size, digest, media type, days, issuer.
    pub document: Document,
    /// The version that it replaces.
    pub expected: Option<VersionId>,
    /// Why it is uploaded although a department should have it.
    pub excepted: Option<Excepted>,
    /// The caller's id of the request.
    pub request_id: RequestId,
    /// Digest of the request's fields, to tell a retry from another request.
    pub payload: Digest,
    /// Why.
    pub purpose: Purpose,
}

/// What an announcement led to.
#[derive(Debug)]
pub enum Begun {
    /// The same content is held already: nothing needs to be sent.
    Held {
        /// The version.
        info: Box<MaterialInfo>,
        /// Proof of the record.
        receipt: Receipt,
    },
    /// Send the bytes.
    Upload {
        /// Where to.
        upload: UploadId,
        /// From which byte on.
        offset: u64,
        /// Proof of the record.
        receipt: Receipt,
    },
}

/// A checked piece of an upload.
#[derive(Clone, Debug)]
pub struct PutQuery {
    /// The upload.
    pub upload: UploadId,
    /// Where the data goes; a chunk's edge.
    pub offset: u64,
    /// 1 byte to 1 MiB.
    pub data: Bytes,
}

/// A checked request to end an upload.
#[derive(Clone, Debug)]
pub struct CommitQuery {
    /// The upload.
    pub upload: UploadId,
    /// Size of the content.
    pub size_bytes: u64,
    /// Digest of the content.
    pub digest: Digest,
    /// The caller's id of the request.
    pub request_id: RequestId,
    /// Digest of the request's fields, to tell a retry from another request.
    pub payload: Digest,
}

/// A publication that is durable and on record.
#[derive(Debug)]
pub struct Published {
    /// The version.
    pub info: MaterialInfo,
    /// Whether the content was held before.
    pub already_held: bool,
    /// Proof of the record.
    pub receipt: Receipt,
}

impl Bus {
    /// Claims a request id. A retry of a request that is finished runs again: begin and commit find
    /// by themselves what was done, and answer the same.
    pub(crate) async fn claim(
        &self,
        scope: &RequestScope,
        payload: &Digest,
    ) -> Result<(), ExchangeError> {
        let (boot, now) = (self.journal.boot(), self.clock.now());
        match self.registry.begin_request(scope, payload, boot, now).await? {
            RequestState::Claimed | RequestState::Done => Ok(()),
            RequestState::Running => Err(ExchangeError::RequestInProgress),
            RequestState::Reused => Err(ExchangeError::IdempotencyKeyReused),
        }
    }

    /// Returns an upload of the calling system.
    async fn own_upload(&self, caller: &Caller, id: UploadId) -> Result<Upload, ExchangeError> {
        let upload = self.registry.upload(id).await?;
        upload
            .filter(|upload| upload.begun.system == caller.system)
            .ok_or(ExchangeError::UploadNotFound)
    }
}
