//! Dropping what the policy does not keep.

use std::sync::Arc;

use oncebus_proto::v1 as pb;
use tonic::{Request, Status};

use super::Audit;
use crate::convert;

// === impl Audit ===

impl Audit {
    pub(super) async fn retain(
        &self,
        request: Request<pb::ApplyRetentionRequest>,
    ) -> Result<pb::ApplyRetentionResponse, Status> {
        let parse = |message: pb::ApplyRetentionRequest, _caller: &_| Ok(message.validate_only);
        let (admitted, validate_only) = self.0.callers.admit(request, parse)?;
        let acts = &self.0.acts;
        let retained = if validate_only {
            acts.plan_retention(&admitted.caller).await
        } else {
            Arc::clone(acts).apply_retention(admitted.caller).await
        };
        Ok(convert::retained(&retained.map_err(convert::act_failure)?))
    }
}
