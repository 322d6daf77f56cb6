//! MaterialService.

mod list;
mod prefill;
mod revoke;
mod verify;
mod watch;

use oncebus_proto::v1::{self as pb, material_service_server::MaterialService};
use prost::Message as _;
use tonic::{Request, Response, Status};

use super::Shared;
use crate::convert;

#[derive(Debug)]
pub(super) struct Material(pub(super) Shared);

#[tonic::async_trait]
impl MaterialService for Material {
    type WatchMaterialsStream = watch::Messages;

    async fn list_materials(
        &self,
        request: Request<pb::ListMaterialsRequest>,
    ) -> Result<Response<pb::ListMaterialsResponse>, Status> {
        list::list_materials(&self.0, request).await
    }

    async fn resolve_requirements(
        &self,
        request: Request<pb::ResolveRequirementsRequest>,
    ) -> Result<Response<pb::ResolveRequirementsResponse>, Status> {
        let bus = &self.0.bus;
        let parse = |message, _caller: &_| convert::checklist_query(bus, message);
        let (admitted, query) = self.0.callers.admit(request, parse)?;
        let listed = bus.resolve_requirements(admitted, query).await;
        let (checklist, receipt) = listed.map_err(convert::failure)?;
        Ok(Response::new(convert::checklist(&checklist, &receipt)))
    }

    async fn find_materials(
        &self,
        request: Request<pb::FindMaterialsRequest>,
    ) -> Result<Response<pb::FindMaterialsResponse>, Status> {
        let Shared { bus, pager, clock, .. } = &self.0;
        let (admitted, (query, page)) = self.0.callers.admit(request, |message, caller| {
            let filter = pb::FindMaterialsRequest {
                page_size: 0,
                page_token: String::new(),
                request_id: String::new(),
                ..message.clone()
            };
            let filter = hex::encode(filter.encode_to_vec());
            let (size, token) = (message.page_size, &message.page_token);
            let page = pager.page(caller, &filter, size, token, &**clock)?;
            Ok((convert::find_query(bus, message)?, page))
        })?;
        let found = bus.find(admitted, query).await;
        let (found, receipt) = found.map_err(convert::failure)?;
        let after = page.after.clone().unwrap_or_default();
        let mut rest =
            found.current.iter().filter(|info| info.document.number.as_str() > after.as_str());
        let materials: Vec<_> = rest.by_ref().take(page.size).map(convert::info).collect();
        let next_page_token = match (rest.next(), materials.last()) {
            (Some(_), Some(last)) => pager.token(&page, last.number.clone(), &**clock),
            _ => String::new(),
        };
        let contributions = match &page.after {
            None => found.contributions.iter().map(convert::info).collect(),
            Some(_) => Vec::new(),
        };
        let receipt = Some(convert::receipt(&receipt));
        let answer =
            pb::FindMaterialsResponse { materials, next_page_token, receipt, contributions };
        Ok(Response::new(answer))
    }

    async fn prefill_form(
        &self,
        request: Request<pb::PrefillFormRequest>,
    ) -> Result<Response<pb::PrefillFormResponse>, Status> {
        prefill::prefill_form(&self.0, request).await
    }

    async fn get_material(
        &self,
        request: Request<pb::GetMaterialRequest>,
    ) -> Result<Response<pb::GetMaterialResponse>, Status> {
        let bus = &self.0.bus;
        let parse = |message, _caller: &_| convert::get_query(bus, message);
        let (admitted, query) = self.0.callers.admit(request, parse)?;
        let got = bus.get(admitted, query).await;
        let (info, receipt) = got.map_err(convert::failure)?;
        Ok(Response::new(pb::GetMaterialResponse {
            info: Some(convert::info(&info)),
            receipt: Some(convert::receipt(&receipt)),
        }))
    }

    async fn revoke_material(
        &self,
        request: Request<pb::RevokeMaterialRequest>,
    ) -> Result<Response<pb::RevokeMaterialResponse>, Status> {
        self.revoke(request).await.map(Response::new)
    }

    async fn verify_material(
        &self,
        request: Request<pb::VerifyMaterialRequest>,
    ) -> Result<Response<pb::VerifyMaterialResponse>, Status> {
        verify::one(&self.0, request).await.map(Response::new)
    }

    async fn batch_verify(
        &self,
        request: Request<pb::BatchVerifyRequest>,
    ) -> Result<Response<pb::BatchVerifyResponse>, Status> {
        verify::many(&self.0, request).await.map(Response::new)
    }

    async fn watch_materials(
        &self,
        request: Request<pb::WatchMaterialsRequest>,
    ) -> Result<Response<Self::WatchMaterialsStream>, Status> {
        self.watch(request).await.map(Response::new)
    }
}
