//! One department's adapter, called within limits.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream;
use oncebus_core::{
    ChunkDigests, Content, ContentStream, Description, Digest, HolderError, Holding, LookupQuery,
    UploadId,
};
use oncebus_proto::v1 as pb;
use tokio::time::Instant;
use tonic::Response;

use super::{
    calls::{Ask, Calls, Client, MARGIN, SEAL, Time},
    content::Flow,
    retry::Repeat,
};
use crate::convert;

/// How long a description is relied on.
const DESCRIPTION_KEPT: Duration = Duration::from_secs(300);

/// Calls one department's adapter.
#[derive(Debug)]
pub(crate) struct AdapterClient {
    calls: Calls,
    /// Longest wait for an answer, or for the first byte of one.
    first_byte: Duration,
    described: Mutex<Option<(Instant, Description)>>,
}

// === impl AdapterClient ===

impl AdapterClient {
    pub(super) fn new(calls: Calls, first_byte: Duration) -> Self {
        Self { calls, first_byte, described: Mutex::new(None) }
    }

    pub(crate) fn ready(&self) -> Result<(), HolderError> {
        self.calls.guard.ready()
    }

    pub(crate) async fn describe(&self, deadline: Instant) -> Result<Description, HolderError> {
        if let Some((at, description)) = self.known()
            && at.elapsed() < DESCRIPTION_KEPT
        {
            return Ok(description);
        }
        let ask = self.ask(pb::DescribeRequest {}, deadline, Repeat::Harmless);
        let call = |mut client: Client, request| async move { client.describe(request).await };
        let read = |answer: pb::DescribeResponse| {
            if answer.department != self.calls.guard.holder.as_str() {
                return Err("it describes itself as another department's".to_owned());
            }
            let pb::DescribeResponse { adapter, build, stores, .. } = answer;
            Ok(Description { adapter, build, stores })
        };
        let description = self.calls.call(ask, call, read).await?;
        *self.described.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((Instant::now(), description.clone()));
        Ok(description)
    }

    pub(crate) async fn lookup(
        &self,
        query: &LookupQuery,
        deadline: Instant,
    ) -> Result<Vec<Holding>, HolderError> {
        let ask = self.ask(convert::lookup_request(query), deadline, Repeat::Harmless);
        let call = |mut client: Client, request| async move { client.lookup(request).await };
        self.calls.call(ask, call, |answer| convert::holdings(query, answer)).await
    }

    pub(crate) async fn fetch(
        &self,
        content: &Content,
        offset: u64,
        deadline: Instant,
    ) -> Result<ContentStream, HolderError> {
        let message = convert::fetch_request(content, offset);
        let mut ask = self.ask(message, deadline, Repeat::Harmless);
        // The stream may last as long as its caller waits; `Flow` watches its progress.
        let end = deadline - MARGIN;
        ask.time.tell = end;
        let set_by = ask.time.set_by;
        let call = |mut client: Client, request| async move {
            let mut pieces = client.fetch(request).await?.into_inner();
            let first = pieces.message().await?;
            Ok(Response::new((first, pieces)))
        };
        let ((first, pieces), underway) = self.calls.begin(ask, call).await?;
        let Some(first) = first else {
            underway.ended(&Ok(()), set_by);
            return Ok(Box::pin(stream::empty()));
        };
        Ok(Flow::new(first, pieces, underway, end).stream())
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
        let ask = self.ask(message, deadline, Repeat::Never);
        let call = |mut client: Client, request| async move { client.stage(request).await };
        let read = |answer: pb::StageResponse| {
            u64::try_from(answer.staged_bytes).map_err(|_negative: std::num::TryFromIntError| {
                "it has staged a negative number of bytes".to_owned()
            })
        };
        self.calls.call(ask, call, read).await
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
        let ask = Ask { message, time: Time::within(SEAL, deadline), repeat: Repeat::Never };
        let call = |mut client: Client, request| async move { client.seal(request).await };
        self.calls.call(ask, call, |_answer| Ok(())).await
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
        let ask = self.ask(message, deadline, Repeat::Never);
        let call = |mut client: Client, request| async move { client.discard(request).await };
        self.calls.call(ask, call, |_answer| Ok(())).await
    }

    fn known(&self) -> Option<(Instant, Description)> {
        self.described.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn ask<M>(&self, message: M, deadline: Instant, repeat: Repeat) -> Ask<M> {
        Ask { message, time: Time::within(self.first_byte, deadline), repeat }
    }
}
