//! Messages of AdminService.

use oncebus_core::{FieldError, RequestId};
use oncebus_proto::v1 as pb;

use super::common::{receipt, request_id, signed};
use crate::reload::Reloaded;

/// Reads which request it is.
///
/// # Errors
///
/// Names `request_id` if it is no UUID.
pub(crate) fn reload_query(message: &pb::ReloadConfigRequest) -> Result<RequestId, FieldError> {
    request_id(&message.request_id)
}

pub(crate) fn reloaded(reloaded: &Reloaded) -> pb::ReloadConfigResponse {
    pb::ReloadConfigResponse {
        epoch: signed(reloaded.epoch.0),
        restart_needed: reloaded.restart_needed.iter().map(ToString::to_string).collect(),
        receipt: Some(receipt(&reloaded.receipt)),
        catalog_version: reloaded.catalog.to_string(),
    }
}
