//! AdminService.

use std::sync::Arc;

use oncebus_proto::v1::{self as pb, admin_service_server::AdminService};
use tonic::{Request, Response, Status};

use super::Shared;
use crate::convert;

#[derive(Debug)]
pub(super) struct Admin(pub(super) Shared);

#[tonic::async_trait]
impl AdminService for Admin {
    async fn reload_config(
        &self,
        request: Request<pb::ReloadConfigRequest>,
    ) -> Result<Response<pb::ReloadConfigResponse>, Status> {
        let parse = |message, _caller: &_| convert::reload_query(&message);
        let (admitted, query) = self.0.callers.admit(request, parse)?;
        let reloaded = Arc::clone(&self.0.reloads).reload(&admitted.caller, query).await;
        Ok(Response::new(convert::reloaded(&reloaded.map_err(convert::reload_failure)?)))
    }
}
