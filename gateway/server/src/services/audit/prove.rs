//! Proofs: of one record, and that the trail only grew.

use oncebus_core::Operation;
use oncebus_proto::v1 as pb;
use tonic::{Request, Status};

use super::Audit;
use crate::convert;

// === impl Audit ===

impl Audit {
    pub(super) async fn receipt(
        &self,
        request: Request<pb::GetReceiptRequest>,
    ) -> Result<pb::GetReceiptResponse, Status> {
        let parse = |message: pb::GetReceiptRequest, _caller: &_| {
            convert::address(message.origin, message.index)
        };
        let (admitted, address) = self.0.callers.admit(request, parse)?;
        let record = self.visible(&admitted.caller, &address).await?;
        let count = u64::from(record.is_some());
        self.record_read(&admitted.caller, Operation::GetReceipt, count).await?;
        record.ok_or_else(convert::not_visible)?;
        let receipt = self.trail().receipt(address.index).await;
        let receipt = receipt.map_err(|error| convert::not_provable(&error))?;
        Ok(pb::GetReceiptResponse { receipt: Some(convert::receipt(&receipt)) })
    }

    /// Whoever is on the bus may check that nobody rewrites the trail: a proof tells nothing of it.
    pub(super) async fn consistency(
        &self,
        request: Request<pb::GetConsistencyProofRequest>,
    ) -> Result<pb::GetConsistencyProofResponse, Status> {
        let parse = |message, _caller: &_| convert::consistency_query(message);
        let (admitted, (origin, old_size)) = self.0.callers.admit(request, parse)?;
        self.record_read(&admitted.caller, Operation::GetConsistencyProof, 0).await?;
        if !self.is_ours(&origin) {
            return Err(convert::not_visible());
        }
        let proof = self.trail().consistency(old_size).await;
        Ok(convert::consistency(&proof.map_err(|error| convert::not_provable(&error))?))
    }
}
