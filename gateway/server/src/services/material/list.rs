//! ListMaterials.

use oncebus_proto::v1 as pb;
use prost::Message as _;
use tonic::{Request, Response, Status};

use crate::{convert, services::Shared};

/// Answers one page of a project's timeline.
pub(super) async fn list_materials(
    shared: &Shared,
    request: Request<pb::ListMaterialsRequest>,
) -> Result<Response<pb::ListMaterialsResponse>, Status> {
    let Shared { bus, pager, clock, .. } = shared;
    let (admitted, (query, page)) = shared.callers.admit(request, |message, caller| {
        let filter = pb::ListMaterialsRequest {
            page_size: 0,
            page_token: String::new(),
            request_id: String::new(),
            ..message.clone()
        };
        let filter = hex::encode(filter.encode_to_vec());
        let (size, token) = (message.page_size, &message.page_token);
        let page = pager.page(caller, &filter, size, token, &**clock)?;
        Ok((convert::timeline_query(bus, message)?, page))
    })?;
    let listed = bus.list_materials(admitted, query).await;
    let (timeline, receipt) = listed.map_err(convert::failure)?;
    let (entries, next_page_token) = pager.cut(&page, &timeline.entries, &**clock);
    Ok(Response::new(pb::ListMaterialsResponse {
        entries: entries.iter().map(convert::timeline_entry).collect(),
        next_page_token,
        unknown: timeline.unknown.iter().map(convert::unknown_material).collect(),
        not_shared: timeline.not_shared.iter().map(ToString::to_string).collect(),
        catalog_version: timeline.catalog.to_string(),
        receipt: Some(convert::receipt(&receipt)),
    }))
}
