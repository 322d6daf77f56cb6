//! One record by its address.

use oncebus_core::Operation;
use oncebus_proto::v1 as pb;
use tonic::{Request, Status};

use super::Audit;
use crate::convert;

// === impl Audit ===

impl Audit {
    pub(super) async fn record(
        &self,
        request: Request<pb::GetRecordRequest>,
    ) -> Result<pb::GetRecordResponse, Status> {
        let parse = |message: pb::GetRecordRequest, _caller: &_| {
            convert::address(message.origin, message.index)
        };
        let (admitted, address) = self.0.callers.admit(request, parse)?;
        let record = self.visible(&admitted.caller, &address).await?;
        let count = u64::from(record.is_some());
        self.record_read(&admitted.caller, Operation::GetRecord, count).await?;
        let record = record.ok_or_else(convert::not_visible)?;
        Ok(pb::GetRecordResponse { record: Some(record) })
    }
}
