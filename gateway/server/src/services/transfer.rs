//! TransferService.

mod bundle;

use std::pin::Pin;

use futures_util::{Stream, stream};
use oncebus_core::{Begun, Part, Release};
use oncebus_proto::v1::{self as pb, transfer_service_server::TransferService};
use tonic::{Request, Response, Status};

use super::Shared;
use crate::convert;

#[derive(Debug)]
pub(super) struct Transfer(pub(super) Shared);

type Parts = Pin<Box<dyn Stream<Item = Result<pb::FetchMaterialResponse, Status>> + Send>>;

#[tonic::async_trait]
impl TransferService for Transfer {
    type FetchMaterialStream = Parts;
    type FetchBundleStream = bundle::Messages;

    async fn fetch_material(
        &self,
        request: Request<pb::FetchMaterialRequest>,
    ) -> Result<Response<Parts>, Status> {
        let bus = &self.0.bus;
        let parse = |message, _caller: &_| convert::fetch_query(bus, message);
        let (admitted, query) = self.0.callers.admit(request, parse)?;
        let release = bus.fetch(admitted, query).await;
        Ok(Response::new(messages(release.map_err(convert::failure)?)))
    }

    async fn fetch_bundle(
        &self,
        request: Request<pb::FetchBundleRequest>,
    ) -> Result<Response<bundle::Messages>, Status> {
        bundle::fetch(&self.0, request).await.map(Response::new)
    }

    async fn begin_publish(
        &self,
        request: Request<pb::BeginPublishRequest>,
    ) -> Result<Response<pb::BeginPublishResponse>, Status> {
        let bus = &self.0.bus;
        let parse = |message, _caller: &_| convert::begin_query(bus, message);
        let (admitted, query) = self.0.callers.admit(request, parse)?;
        let begun = bus.begin_publish(admitted, query).await;
        Ok(Response::new(match begun.map_err(convert::failure)? {
            Begun::Held { info, receipt } => pb::BeginPublishResponse {
                held_version: Some(convert::info(&info)),
                receipt: Some(convert::receipt(&receipt)),
                ..Default::default()
            },
            Begun::Upload { upload, offset, receipt } => pb::BeginPublishResponse {
                upload: upload.to_string(),
                offset: i64::try_from(offset).unwrap_or(i64::MAX),
                receipt: Some(convert::receipt(&receipt)),
                ..Default::default()
            },
        }))
    }

    async fn put_chunk(
        &self,
        request: Request<pb::PutChunkRequest>,
    ) -> Result<Response<pb::PutChunkResponse>, Status> {
        let parse = |message, _caller: &_| convert::put_query(message);
        let (admitted, query) = self.0.callers.admit(request, parse)?;
        let staged = self.0.bus.put_chunk(admitted, query).await;
        let offset = i64::try_from(staged.map_err(convert::failure)?).unwrap_or(i64::MAX);
        Ok(Response::new(pb::PutChunkResponse { offset }))
    }

    async fn commit_publish(
        &self,
        request: Request<pb::CommitPublishRequest>,
    ) -> Result<Response<pb::CommitPublishResponse>, Status> {
        let parse = |message, _caller: &_| convert::commit_query(message);
        let (admitted, query) = self.0.callers.admit(request, parse)?;
        let published = self.0.bus.commit_publish(admitted, query).await;
        let published = published.map_err(convert::failure)?;
        Ok(Response::new(pb::CommitPublishResponse {
            correction: convert::correction(published.info.contribution.as_ref()),
            info: Some(convert::info(&published.info)),
            already_held: published.already_held,
            receipt: Some(convert::receipt(&published.receipt)),
        }))
    }
}

/// Turns an answer's parts into messages: the description goes with the first, the receipt with the
/// last, which for a small material is the same.
fn messages(release: Release) -> Parts {
    let Release { info, parts } = release;
    Box::pin(stream::unfold((Some(info), parts), |(mut info, mut parts)| async move {
        let message = match parts.recv().await? {
            Ok(Part { data, receipt }) => Ok(pb::FetchMaterialResponse {
                info: info.take().as_ref().map(convert::info),
                data,
                receipt: receipt.as_ref().map(convert::receipt),
            }),
            Err(failure) => Err(convert::failure(failure)),
        };
        Some((message, (info, parts)))
    }))
}
