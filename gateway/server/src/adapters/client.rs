//! One department's adapter, called within limits.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use oncebus_core::{
    Asking, ChunkDigests, ClaimsQuery, Content, ContentStream, Description, Digest, Finding,
    HolderError, Holding, LookupQuery, UploadId,
};
use oncebus_proto::v1 as pb;
use tokio::time::timeout;
use tonic::Response;

use super::{
    calls::{Ask, Calls, Client, MARGIN, SEAL, Time},
    content::Flow,
    introduction::{Introduction, read},
    retry::Repeat,
};
use crate::convert;

/// Calls one department's adapter.
#[derive(Debug)]
pub(crate) struct AdapterClient {
    calls: Calls,
    /// Longest wait for an answer, or for the first byte of one.
    first_byte: Duration,
    introduction: Arc<Introduction>,
}

// === impl AdapterClient ===

impl AdapterClient {
    pub(super) fn new(calls: Calls, first_byte: Duration) -> Self {
        Self { calls, first_byte, introduction: Arc::default() }
    }

    pub(crate) fn ready(&self) -> Result<(), HolderError> {
        self.calls.guard.ready()
    }

    pub(crate) async fn describe(&self, asking: &Asking) -> Result<Description, HolderError> {
        if let Some(known) = self.introduction.lately() {
            return Ok(known);
        }
        let ask = self.ask(pb::DescribeRequest {}, asking, Repeat::Harmless);
        let call = |mut client: Client, request| async move { client.describe(request).await };
        let holder = &self.calls.guard.holder;
        let description = self.calls.call(ask, call, |answer| read(answer, holder)).await?;
        self.introduction.note(description.clone());
        Ok(description)
    }

    /// Returns the adapter as it last described itself, `name/build`.
    pub(crate) fn name(&self) -> Option<Arc<str>> {
        self.introduction.name()
    }

    /// Asks the adapter for its name, unless it is known, or was asked lately. Nobody waits for that,
    /// and whether it answers says nothing of whether it works.
    pub(crate) fn introduce(&self) {
        if !self.introduction.is_due() {
            return;
        }
        let lease = self.calls.connections.lend(0);
        let introduction = Arc::clone(&self.introduction);
        let holder = self.calls.guard.holder.clone();
        let wait = self.first_byte;
        tokio::spawn(async move {
            let mut client = lease.client();
            match timeout(wait, client.describe(pb::DescribeRequest {})).await {
                Ok(Ok(answer)) => {
                    lease.ended();
                    read(answer.into_inner(), &holder).map_or_else(
                        |fault| tracing::debug!(%fault),
                        |named| introduction.note(named),
                    );
                }
                Ok(Err(_status)) => lease.ended(),
                Err(_elapsed) => {}
            }
        });
    }

    pub(crate) async fn lookup(
        &self,
        query: &LookupQuery,
        asking: &Asking,
    ) -> Result<Vec<Holding>, HolderError> {
        let ask = self.ask(convert::lookup_request(query), asking, Repeat::Harmless);
        let call = |mut client: Client, request| async move { client.lookup(request).await };
        self.calls.call(ask, call, |answer| convert::holdings(query, answer)).await
    }

    pub(crate) async fn fetch(
        &self,
        content: &Content,
        offset: u64,
        asking: &Asking,
    ) -> Result<ContentStream, HolderError> {
        let message = convert::fetch_request(content, offset);
        let mut ask = self.ask(message, asking, Repeat::Harmless);
        // The stream may last as long as its caller waits; `Flow` watches its progress.
        let end = asking.deadline - MARGIN;
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

    pub(crate) async fn verify(
        &self,
        query: &ClaimsQuery,
        asking: &Asking,
    ) -> Result<Finding, HolderError> {
        let ask = self.ask(convert::claims_request(query), asking, Repeat::Harmless);
        let call = |mut client: Client, request| async move { client.verify(request).await };
        self.calls.call(ask, call, |answer| convert::finding(query, answer)).await
    }

    pub(crate) async fn stage(
        &self,
        upload: UploadId,
        offset: u64,
        data: Bytes,
        asking: &Asking,
    ) -> Result<u64, HolderError> {
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        let message = pb::StageRequest { upload: upload.0.to_string(), offset, data };
        let ask = self.ask(message, asking, Repeat::Never);
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
        asking: &Asking,
    ) -> Result<(), HolderError> {
        let message = pb::SealRequest {
            upload: upload.0.to_string(),
            size_bytes: i64::try_from(size_bytes).unwrap_or(i64::MAX),
            digest: Some(convert::pb_digest(digest)),
            chunk_root: Bytes::copy_from_slice(chunks.root().as_bytes()),
        };
        let time = Time::within(SEAL, asking.deadline);
        let ask = Ask { message, time, repeat: Repeat::Never, asking: asking.clone() };
        let call = |mut client: Client, request| async move { client.seal(request).await };
        self.calls.call(ask, call, |_answer| Ok(())).await
    }

    pub(crate) async fn discard(
        &self,
        upload: UploadId,
        sealed: Option<&Digest>,
        asking: &Asking,
    ) -> Result<(), HolderError> {
        let message = pb::DiscardRequest {
            upload: upload.0.to_string(),
            digest: sealed.map(convert::pb_digest),
        };
        let ask = self.ask(message, asking, Repeat::Never);
        let call = |mut client: Client, request| async move { client.discard(request).await };
        self.calls.call(ask, call, |_answer| Ok(())).await
    }

    fn ask<M>(&self, message: M, asking: &Asking, repeat: Repeat) -> Ask<M> {
        let time = Time::within(self.first_byte, asking.deadline);
        Ask { message, time, repeat, asking: asking.clone() }
    }
}
