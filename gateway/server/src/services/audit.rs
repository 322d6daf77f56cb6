//! AuditService: who may read what of the trail, and that it is on the trail.

mod erase;
mod export;
mod prove;
mod reading;
mod record;
mod report;
mod retention;
mod search;
mod tail;
mod unseal;

use std::pin::Pin;

use futures_util::Stream;
use oncebus_proto::v1::{self as pb, audit_service_server::AuditService};
use tonic::{Request, Response, Status};

use super::Shared;

#[derive(Clone, Debug)]
pub(super) struct Audit(pub(super) Shared);

/// Messages of an answer that has many.
type Messages<M> = Pin<Box<dyn Stream<Item = Result<M, Status>> + Send>>;

#[tonic::async_trait]
impl AuditService for Audit {
    async fn search_records(
        &self,
        request: Request<pb::SearchRecordsRequest>,
    ) -> Result<Response<pb::SearchRecordsResponse>, Status> {
        self.search(request).await.map(Response::new)
    }

    async fn get_record(
        &self,
        request: Request<pb::GetRecordRequest>,
    ) -> Result<Response<pb::GetRecordResponse>, Status> {
        self.record(request).await.map(Response::new)
    }

    type TailRecordsStream = Messages<pb::TailRecordsResponse>;

    async fn tail_records(
        &self,
        request: Request<pb::TailRecordsRequest>,
    ) -> Result<Response<Self::TailRecordsStream>, Status> {
        self.tail(request).await.map(Response::new)
    }

    type ExportRecordsStream = Messages<pb::ExportRecordsResponse>;

    async fn export_records(
        &self,
        request: Request<pb::ExportRecordsRequest>,
    ) -> Result<Response<Self::ExportRecordsStream>, Status> {
        self.export(request).await.map(Response::new)
    }

    async fn get_receipt(
        &self,
        request: Request<pb::GetReceiptRequest>,
    ) -> Result<Response<pb::GetReceiptResponse>, Status> {
        self.receipt(request).await.map(Response::new)
    }

    async fn get_consistency_proof(
        &self,
        request: Request<pb::GetConsistencyProofRequest>,
    ) -> Result<Response<pb::GetConsistencyProofResponse>, Status> {
        self.consistency(request).await.map(Response::new)
    }

    async fn get_subject_report(
        &self,
        request: Request<pb::GetSubjectReportRequest>,
    ) -> Result<Response<pb::GetSubjectReportResponse>, Status> {
        self.subject_report(request).await.map(Response::new)
    }

    async fn get_reuse_report(
        &self,
        request: Request<pb::GetReuseReportRequest>,
    ) -> Result<Response<pb::GetReuseReportResponse>, Status> {
        self.reuse_report(request).await.map(Response::new)
    }

    async fn request_unseal(
        &self,
        request: Request<pb::RequestUnsealRequest>,
    ) -> Result<Response<pb::RequestUnsealResponse>, Status> {
        self.ask(request).await.map(Response::new)
    }

    async fn approve_unseal(
        &self,
        request: Request<pb::ApproveUnsealRequest>,
    ) -> Result<Response<pb::ApproveUnsealResponse>, Status> {
        self.approve(request).await.map(Response::new)
    }

    async fn read_sealed(
        &self,
        request: Request<pb::ReadSealedRequest>,
    ) -> Result<Response<pb::ReadSealedResponse>, Status> {
        self.sealed(request).await.map(Response::new)
    }

    async fn apply_retention(
        &self,
        request: Request<pb::ApplyRetentionRequest>,
    ) -> Result<Response<pb::ApplyRetentionResponse>, Status> {
        self.retain(request).await.map(Response::new)
    }

    async fn erase_sealed(
        &self,
        request: Request<pb::EraseSealedRequest>,
    ) -> Result<Response<pb::EraseSealedResponse>, Status> {
        self.erase(request).await.map(Response::new)
    }
}
