//! AuditService.

use oncebus_core::{Call, Caller, ExchangeError, FieldError, Role};
use oncebus_proto::v1::{self as pb, audit_service_server::AuditService};
use oncebus_store::{IndexError, Visibility};
use oncebus_trail::Trail;
use prost::Message as _;
use tokio::task::spawn_blocking;
use tonic::{Request, Response, Status};

use super::Shared;
use crate::convert::{self, StoredRecord};

#[derive(Debug)]
pub(super) struct Audit(pub(super) Shared);

// === impl Audit ===

impl Audit {
    fn trail(&self) -> &Trail {
        self.0.bus.journal().trail()
    }

    /// Puts on record that `caller` reads `count` records; it may, once this returns.
    async fn record_read(&self, caller: &Caller, count: u64) -> Result<(), Status> {
        let read = self.0.bus.journal().audit_read(Call::by(caller), count).await;
        match read {
            Ok(_receipt) => Ok(()),
            Err(error) => Err(convert::failure(ExchangeError::from(error).into())),
        }
    }
}

#[tonic::async_trait]
impl AuditService for Audit {
    async fn search_records(
        &self,
        request: Request<pb::SearchRecordsRequest>,
    ) -> Result<Response<pb::SearchRecordsResponse>, Status> {
        let Shared { bus, pager, clock, index, .. } = &self.0;
        let (admitted, (filter, page)) = self.0.callers.admit(request, |message, caller| {
            let size = message.page_size;
            let token = message.page_token.clone();
            let bare =
                pb::SearchRecordsRequest { page_size: 0, page_token: String::new(), ..message };
            let bound = hex::encode(bare.encode_to_vec());
            let page = pager.page(caller, &bound, size, &token, &**clock)?;
            Ok((convert::filter(bus, &bare.filter.unwrap_or_default())?, page))
        })?;
        let tree_size = self.trail().size();
        // What was answered before this call is found by it.
        let indexed_size = index.feed(self.trail()).await.map_err(|e| convert::storage(&e))?;
        let before = page.after.as_ref().and_then(|after| after.parse().ok());
        let visible = visibility(&admitted.caller);
        let found = index.search(&filter, &visible, before, page.size + 1).await;
        let mut found = found.map_err(|error| convert::storage(&error))?;
        let more = found.len() > page.size;
        found.truncate(page.size);
        let next_page_token = match found.last() {
            Some(last) if more => pager.token(&page, last.to_string(), &**clock),
            _ => String::new(),
        };
        let records = read(self.trail(), found).await?;
        self.record_read(&admitted.caller, records.len() as u64).await?;
        Ok(Response::new(pb::SearchRecordsResponse {
            records,
            next_page_token,
            tree_size: i64::try_from(tree_size).unwrap_or(i64::MAX),
            indexed_size: i64::try_from(indexed_size).unwrap_or(i64::MAX),
        }))
    }

    async fn get_record(
        &self,
        request: Request<pb::GetRecordRequest>,
    ) -> Result<Response<pb::GetRecordResponse>, Status> {
        let (admitted, (origin, index)) = self.0.callers.admit(request, |message, _caller| {
            let index = u64::try_from(message.index);
            let index = index.map_err(|_negative: std::num::TryFromIntError| {
                FieldError::new("index", "is negative", "give 0 or more")
            })?;
            Ok((message.origin, index))
        })?;
        let ours = origin.is_empty() || origin == self.trail().verifier().name().to_string();
        if !ours || index >= self.trail().size() {
            return Err(convert::not_visible());
        }
        let record = read(self.trail(), vec![index]).await?.pop();
        let record = record.filter(|record| sees(&admitted.caller, record));
        let record = record.ok_or_else(convert::not_visible)?;
        self.record_read(&admitted.caller, 1).await?;
        Ok(Response::new(pb::GetRecordResponse { record: Some(record) }))
    }

    type TailRecordsStream = tokio_stream::Empty<Result<pb::TailRecordsResponse, Status>>;

    async fn tail_records(
        &self,
        _request: Request<pb::TailRecordsRequest>,
    ) -> Result<Response<Self::TailRecordsStream>, Status> {
        Err(Status::unimplemented(""))
    }

    type ExportRecordsStream = tokio_stream::Empty<Result<pb::ExportRecordsResponse, Status>>;

    async fn export_records(
        &self,
        _request: Request<pb::ExportRecordsRequest>,
    ) -> Result<Response<Self::ExportRecordsStream>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_receipt(
        &self,
        _request: Request<pb::GetReceiptRequest>,
    ) -> Result<Response<pb::GetReceiptResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_consistency_proof(
        &self,
        _request: Request<pb::GetConsistencyProofRequest>,
    ) -> Result<Response<pb::GetConsistencyProofResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_subject_report(
        &self,
        _request: Request<pb::GetSubjectReportRequest>,
    ) -> Result<Response<pb::GetSubjectReportResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_reuse_report(
        &self,
        _request: Request<pb::GetReuseReportRequest>,
    ) -> Result<Response<pb::GetReuseReportResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn request_unseal(
        &self,
        _request: Request<pb::RequestUnsealRequest>,
    ) -> Result<Response<pb::RequestUnsealResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn approve_unseal(
        &self,
        _request: Request<pb::ApproveUnsealRequest>,
    ) -> Result<Response<pb::ApproveUnsealResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn read_sealed(
        &self,
        _request: Request<pb::ReadSealedRequest>,
    ) -> Result<Response<pb::ReadSealedResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn apply_retention(
        &self,
        _request: Request<pb::ApplyRetentionRequest>,
    ) -> Result<Response<pb::ApplyRetentionResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn erase_sealed(
        &self,
        _request: Request<pb::EraseSealedRequest>,
    ) -> Result<Response<pb::EraseSealedResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

/// A department sees the calls that it made and those that it answered; an auditor sees all.
fn visibility(caller: &Caller) -> Visibility {
    match caller.role {
        Role::Auditor => Visibility::All,
        Role::Department | Role::Security | Role::Operator => {
            Visibility::Department(caller.department.clone())
        }
    }
}

fn sees(caller: &Caller, record: &pb::Record) -> bool {
    match visibility(caller) {
        Visibility::All => true,
        Visibility::Department(department) => {
            [&record.department, &record.holder].into_iter().any(|side| side == department.as_str())
        }
    }
}

/// Reads records from the trail's own files: the index only says where they are.
async fn read(trail: &Trail, indices: Vec<u64>) -> Result<Vec<pb::Record>, Status> {
    let trail = trail.clone();
    let work = spawn_blocking(move || {
        indices.into_iter().map(|index| read_one(&trail, index)).collect::<Result<Vec<_>, _>>()
    });
    match work.await {
        Ok(records) => records.map_err(|error| convert::storage(&error)),
        Err(error) => Err(convert::storage(&error.into())),
    }
}

fn read_one(trail: &Trail, index: u64) -> Result<pb::Record, IndexError> {
    let leaf = trail.read(index, 1)?.pop().unwrap_or_default();
    let record: StoredRecord = serde_json::from_slice(&leaf)?;
    Ok(record.message(index, leaf))
}
