//! Erasing sealed parts.

use std::sync::Arc;

use oncebus_proto::v1 as pb;
use tonic::{Request, Status};

use super::{Audit, reading::signed};
use crate::convert::{self, Extent};

// === impl Audit ===

impl Audit {
    /// Returns which records may be named.
    pub(super) fn extent(&self) -> Extent {
        Extent { size: self.trail().size(), dropped: self.trail().pruned() }
    }

    pub(super) async fn erase(
        &self,
        request: Request<pb::EraseSealedRequest>,
    ) -> Result<pb::EraseSealedResponse, Status> {
        let parse = |message, _caller: &_| {
            convert::erase_query(message, &self.extent(), self.0.clock.now())
        };
        let (admitted, query) = self.0.callers.admit(request, parse)?;
        let erased = Arc::clone(&self.0.acts).erase(admitted.caller, query).await;
        let erased = erased.map_err(convert::act_failure)?;
        Ok(pb::EraseSealedResponse {
            erased: signed(erased.count),
            receipt: Some(convert::receipt(&erased.receipt)),
        })
    }
}
