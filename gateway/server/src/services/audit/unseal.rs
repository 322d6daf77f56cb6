//! Unsealing: asked for, approved, read.

use std::sync::Arc;

use oncebus_proto::v1 as pb;
use tonic::{Request, Status};

use super::Audit;
use crate::convert;

// === impl Audit ===

impl Audit {
    pub(super) async fn ask(
        &self,
        request: Request<pb::RequestUnsealRequest>,
    ) -> Result<pb::RequestUnsealResponse, Status> {
        let parse = |message, _caller: &_| convert::unseal_query(message, &self.extent());
        let (admitted, query) = self.0.callers.admit(request, parse)?;
        let asked = Arc::clone(&self.0.acts).request_unseal(admitted.caller, query).await;
        let (unseal, receipt) = asked.map_err(convert::act_failure)?;
        Ok(pb::RequestUnsealResponse {
            unseal: Some(convert::unseal(&unseal)),
            receipt: Some(convert::receipt(&receipt)),
        })
    }

    pub(super) async fn approve(
        &self,
        request: Request<pb::ApproveUnsealRequest>,
    ) -> Result<pb::ApproveUnsealResponse, Status> {
        let parse = |message, _caller: &_| convert::approve_query(&message);
        let (admitted, query) = self.0.callers.admit(request, parse)?;
        let approved = Arc::clone(&self.0.acts).approve_unseal(admitted.caller, query).await;
        let (unseal, receipt) = approved.map_err(convert::act_failure)?;
        Ok(pb::ApproveUnsealResponse {
            unseal: Some(convert::unseal(&unseal)),
            receipt: Some(convert::receipt(&receipt)),
        })
    }

    pub(super) async fn sealed(
        &self,
        request: Request<pb::ReadSealedRequest>,
    ) -> Result<pb::ReadSealedResponse, Status> {
        let parse =
            |message: pb::ReadSealedRequest, _caller: &_| convert::unseal_id(&message.unseal);
        let (admitted, id) = self.0.callers.admit(request, parse)?;
        let read = self.0.acts.read_sealed(&admitted.caller, id).await;
        let (parts, receipt) = read.map_err(convert::act_failure)?;
        Ok(convert::sealed(parts, &receipt))
    }
}
