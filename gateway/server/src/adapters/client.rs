//! One department's adapter, called within limits.

use std::{
    future::Future,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use oncebus_core::{
    ChunkDigests, Content, ContentStream, DeptId, Description, Digest, HolderError, Holding,
    LookupQuery, UploadId,
};
use oncebus_proto::v1::{self as pb, adapter_service_client::AdapterServiceClient};
use tokio::time::{Instant, timeout_at};
use tonic::{Request, Response, Status, transport::Channel};

use super::{content, fault};
use crate::convert;

/// Kept back from the caller's time, so that an adapter's lateness can still be answered.
const MARGIN: Duration = Duration::from_millis(50);
/// Longest wait for an answer, or for the first byte of one.
const FIRST_BYTE: Duration = Duration::from_secs(5);
/// Longest wait for a seal: it reads the whole content again and syncs it.
const SEAL: Duration = Duration::from_secs(60);
/// How long a description is relied on.
const DESCRIPTION_KEPT: Duration = Duration::from_secs(300);
/// Longest message of an adapter, in bytes.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024 + 64 * 1024;

/// Calls one department's adapter.
#[derive(Debug)]
pub(crate) struct AdapterClient {
    holder: DeptId,
    client: AdapterServiceClient<Channel>,
    described: Mutex<Option<(Instant, Description)>>,
}

// === impl AdapterClient ===

impl AdapterClient {
    pub(crate) fn new(holder: DeptId, channel: Channel) -> Self {
        let client =
            AdapterServiceClient::new(channel).max_decoding_message_size(MAX_MESSAGE_BYTES);
        Self { holder, client, described: Mutex::new(None) }
    }

    pub(crate) async fn describe(&self, deadline: Instant) -> Result<Description, HolderError> {
        if let Some((at, description)) = self.known()
            && at.elapsed() < DESCRIPTION_KEPT
        {
            return Ok(description);
        }
        let mut client = self.client.clone();
        let (request, until) = self.request(pb::DescribeRequest {}, FIRST_BYTE, deadline);
        let answer = self.call(until, client.describe(request)).await?;
        if answer.department != self.holder.as_str() {
            return Err(self.misbehaved("it describes itself as another department's".to_owned()));
        }
        let description =
            Description { adapter: answer.adapter, build: answer.build, stores: answer.stores };
        *self.described.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((Instant::now(), description.clone()));
        Ok(description)
    }

    pub(crate) async fn lookup(
        &self,
        query: &LookupQuery,
        deadline: Instant,
    ) -> Result<Vec<Holding>, HolderError> {
        let mut client = self.client.clone();
        let (request, until) = self.request(convert::lookup_request(query), FIRST_BYTE, deadline);
        let answer = self.call(until, client.lookup(request)).await?;
        convert::holdings(query, answer).map_err(|detail| self.misbehaved(detail))
    }

    pub(crate) async fn fetch(
        &self,
        content: &Content,
        offset: u64,
        deadline: Instant,
    ) -> Result<ContentStream, HolderError> {
        let mut client = self.client.clone();
        let (mut request, until) =
            self.request(convert::fetch_request(content, offset), FIRST_BYTE, deadline);
        // The stream may last as long as its caller waits; `content` watches its progress.
        let end = deadline - MARGIN;
        request.set_timeout(end.saturating_duration_since(Instant::now()));
        let stream = self.call(until, client.fetch(request)).await?;
        Ok(content::stream(self.holder.clone(), stream, until, end))
    }

    pub(crate) async fn stage(
        &self,
        upload: UploadId,
        offset: u64,
        data: Bytes,
        deadline: Instant,
    ) -> Result<u64, HolderError> {
        let mut client = self.client.clone();
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        let message = pb::StageRequest { upload: upload.0.to_string(), offset, data };
        let (request, until) = self.request(message, FIRST_BYTE, deadline);
        let answer = self.call(until, client.stage(request)).await?;
        u64::try_from(answer.staged_bytes).map_err(|_negative: std::num::TryFromIntError| {
            self.misbehaved("it has staged a negative number of bytes".to_owned())
        })
    }

    pub(crate) async fn seal(
        &self,
        upload: UploadId,
        size_bytes: u64,
        digest: &Digest,
        chunks: &ChunkDigests,
        deadline: Instant,
    ) -> Result<(), HolderError> {
        let mut client = self.client.clone();
        let message = pb::SealRequest {
            upload: upload.0.to_string(),
            size_bytes: i64::try_from(size_bytes).unwrap_or(i64::MAX),
            digest: Some(convert::pb_digest(digest)),
            chunk_root: Bytes::copy_from_slice(chunks.root().as_bytes()),
        };
        let (request, until) = self.request(message, SEAL, deadline);
        self.call(until, client.seal(request)).await.map(|_answer| ())
    }

    pub(crate) async fn discard(
        &self,
        upload: UploadId,
        sealed: Option<&Digest>,
        deadline: Instant,
    ) -> Result<(), HolderError> {
        let mut client = self.client.clone();
        let message = pb::DiscardRequest {
            upload: upload.0.to_string(),
            digest: sealed.map(convert::pb_digest),
        };
        let (request, until) = self.request(message, FIRST_BYTE, deadline);
        self.call(until, client.discard(request)).await.map(|_answer| ())
    }

    /// Returns a request that tells the adapter its time, and the moment when that is over.
    fn request<M>(&self, message: M, most: Duration, deadline: Instant) -> (Request<M>, Instant) {
        let until = (Instant::now() + most).min(deadline - MARGIN);
        let mut request = Request::new(message);
        request.set_timeout(until.saturating_duration_since(Instant::now()));
        (request, until)
    }

    async fn call<T>(
        &self,
        until: Instant,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, HolderError> {
        match timeout_at(until, call).await {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            Ok(Err(status)) => Err(fault::of_status(&self.holder, &status)),
            Err(_elapsed) => Err(HolderError::Deadline { holder: self.holder.clone() }),
        }
    }

    fn known(&self) -> Option<(Instant, Description)> {
        self.described.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn misbehaved(&self, detail: String) -> HolderError {
        HolderError::Misbehaved { holder: self.holder.clone(), detail }
    }
}
