//! One department's adapter, called within limits.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use oncebus_core::{
    ChunkDigests, Content, ContentStream, DeptId, Description, Digest, HolderError, Holding,
    LookupQuery, UploadId,
};
use oncebus_proto::v1 as pb;
use tokio::time::Instant;
use tonic::transport::Channel;

use super::{
    calls::{Calls, Client, FIRST_BYTE, MARGIN, SEAL, Time},
    content,
};
use crate::convert;

/// How long a description is relied on.
const DESCRIPTION_KEPT: Duration = Duration::from_secs(300);
/// Longest message of an adapter, in bytes.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024 + 64 * 1024;

/// Calls one department's adapter.
#[derive(Debug)]
pub(crate) struct AdapterClient {
    calls: Calls,
    described: Mutex<Option<(Instant, Description)>>,
}

// === impl AdapterClient ===

impl AdapterClient {
    pub(crate) fn new(holder: DeptId, channel: Channel) -> Self {
        let client = Client::new(channel).max_decoding_message_size(MAX_MESSAGE_BYTES);
        Self { calls: Calls { holder, client }, described: Mutex::new(None) }
    }

    pub(crate) async fn describe(&self, deadline: Instant) -> Result<Description, HolderError> {
        if let Some((at, description)) = self.known()
            && at.elapsed() < DESCRIPTION_KEPT
        {
            return Ok(description);
        }
        let time = Time::within(FIRST_BYTE, deadline);
        let call = |mut client: Client, request| async move { client.describe(request).await };
        let answer = self.calls.call(pb::DescribeRequest {}, time, call).await?;
        if answer.department != self.calls.holder.as_str() {
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
        let time = Time::within(FIRST_BYTE, deadline);
        let call = |mut client: Client, request| async move { client.lookup(request).await };
        let answer = self.calls.call(convert::lookup_request(query), time, call).await?;
        convert::holdings(query, answer).map_err(|detail| self.misbehaved(detail))
    }

    pub(crate) async fn fetch(
        &self,
        content: &Content,
        offset: u64,
        deadline: Instant,
    ) -> Result<ContentStream, HolderError> {
        // The stream may last as long as its caller waits; `content` watches its progress.
        let time = Time { tell: deadline - MARGIN, ..Time::within(FIRST_BYTE, deadline) };
        let call = |mut client: Client, request| async move { client.fetch(request).await };
        let message = convert::fetch_request(content, offset);
        let stream = self.calls.call(message, time, call).await?;
        Ok(content::stream(self.calls.holder.clone(), stream, time.wait, time.tell))
    }

    pub(crate) async fn stage(
        &self,
        upload: UploadId,
        offset: u64,
        data: Bytes,
        deadline: Instant,
    ) -> Result<u64, HolderError> {
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        let message = pb::StageRequest { upload: upload.0.to_string(), offset, data };
        let time = Time::within(FIRST_BYTE, deadline);
        let call = |mut client: Client, request| async move { client.stage(request).await };
        let answer = self.calls.call(message, time, call).await?;
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
        let message = pb::SealRequest {
            upload: upload.0.to_string(),
            size_bytes: i64::try_from(size_bytes).unwrap_or(i64::MAX),
            digest: Some(convert::pb_digest(digest)),
            chunk_root: Bytes::copy_from_slice(chunks.root().as_bytes()),
        };
        let time = Time::within(SEAL, deadline);
        let call = |mut client: Client, request| async move { client.seal(request).await };
        self.calls.call(message, time, call).await.map(|_answer| ())
    }

    pub(crate) async fn discard(
        &self,
        upload: UploadId,
        sealed: Option<&Digest>,
        deadline: Instant,
    ) -> Result<(), HolderError> {
        let message = pb::DiscardRequest {
            upload: upload.0.to_string(),
            digest: sealed.map(convert::pb_digest),
        };
        let time = Time::within(FIRST_BYTE, deadline);
        let call = |mut client: Client, request| async move { client.discard(request).await };
        self.calls.call(message, time, call).await.map(|_answer| ())
    }

    fn known(&self) -> Option<(Instant, Description)> {
        self.described.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn misbehaved(&self, detail: String) -> HolderError {
        HolderError::Misbehaved { holder: self.calls.holder.clone(), detail }
    }
}
