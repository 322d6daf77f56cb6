//! Revokes a version, and tells who was given it before.

use std::time::Duration;

use oncebus_core::RevokedVersion;
use oncebus_proto::v1 as pb;
use tokio::time::timeout;
use tonic::{Request, Status};

use super::Material;
use crate::convert;

/// How long the answer waits for the search index to cover the revocation.
const CATCH_UP: Duration = Duration::from_secs(2);

// === impl Material ===

impl Material {
    pub(super) async fn revoke(
        &self,
        request: Request<pb::RevokeMaterialRequest>,
    ) -> Result<pb::RevokeMaterialResponse, Status> {
        let bus = &self.0.bus;
        let parse = |message, _caller: &_| convert::revoke_query(bus, message);
        let (admitted, query) = self.0.callers.admit(request, parse)?;
        let material_type = query.material_type.clone();
        let revoked = bus.revoke(admitted, query).await.map_err(convert::failure)?;
        let RevokedVersion { info, version, receipt } = revoked;
        let index = &self.0.index;
        // It stands whatever becomes of the list: what is found is told, and how far that reaches.
        if let Ok(Err(error)) = timeout(CATCH_UP, index.feed(bus.journal().trail())).await {
            tracing::warn!(%error, "the search index does not follow");
        }
        let complete_to = i64::try_from(index.indexed_size()).unwrap_or(i64::MAX);
        let found = if material_type.personal {
            index.recipients_about(&material_type.code, &version.subject).await
        } else {
            index.recipients(&version.name()).await
        };
        let found = found.map_err(|error| convert::storage(&error))?;
        Ok(pb::RevokeMaterialResponse {
            info: Some(convert::info(&info)),
            recipients: found.recipients.into_iter().map(convert::recipient).collect(),
            more_recipients: found.more,
            complete_to,
            receipt: Some(convert::receipt(&receipt)),
        })
    }
}
