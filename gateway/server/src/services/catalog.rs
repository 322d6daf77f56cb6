//! CatalogService.

use oncebus_core::FieldError;
use oncebus_proto::v1::{self as pb, catalog_service_server::CatalogService};
use tonic::{Request, Response, Status};

use super::Shared;
use crate::{convert, page::Page};

#[derive(Debug)]
pub(super) struct Catalog(pub(super) Shared);

// === impl Catalog ===

impl Catalog {
    fn version(&self) -> String {
        self.0.bus.catalog().version().to_string()
    }

    /// Cuts one page out of `rows`, and makes the token of the next.
    fn cut<'a, T>(&self, rows: &'a [T], page: &Page) -> (&'a [T], String) {
        let start = page.after.as_ref().and_then(|after| after.parse().ok()).unwrap_or(0);
        let start = rows.len().min(start);
        let end = rows.len().min(start + page.size);
        let next = if end < rows.len() {
            self.0.pager.token(page, end.to_string(), &*self.0.clock)
        } else {
            String::new()
        };
        (&rows[start..end], next)
    }
}

#[tonic::async_trait]
impl CatalogService for Catalog {
    async fn list_material_types(
        &self,
        request: Request<pb::ListMaterialTypesRequest>,
    ) -> Result<Response<pb::ListMaterialTypesResponse>, Status> {
        let filter = format!("types {}", self.version());
        let (_admitted, asked) = self.0.callers.admit(request, |message, caller| {
            let (size, token) = (message.page_size, message.page_token);
            self.0.pager.page(caller, &filter, size, &token, &*self.0.clock)
        })?;
        let (rows, next_page_token) = self.cut(self.0.bus.catalog().types(), &asked);
        Ok(Response::new(pb::ListMaterialTypesResponse {
            material_types: rows.iter().map(|row| convert::material_type(row)).collect(),
            next_page_token,
            catalog_version: self.version(),
        }))
    }

    async fn get_material_type(
        &self,
        request: Request<pb::GetMaterialTypeRequest>,
    ) -> Result<Response<pb::GetMaterialTypeResponse>, Status> {
        let (_admitted, asked) = self.0.callers.admit(request, |message, _caller| {
            self.0.bus.material_type(&message.code).map_err(|error: FieldError| error.of("code"))
        })?;
        Ok(Response::new(pb::GetMaterialTypeResponse {
            material_type: Some(convert::material_type(&asked)),
            catalog_version: self.version(),
        }))
    }

    async fn list_departments(
        &self,
        request: Request<pb::ListDepartmentsRequest>,
    ) -> Result<Response<pb::ListDepartmentsResponse>, Status> {
        let filter = format!("departments {}", self.version());
        let (_admitted, asked) = self.0.callers.admit(request, |message, caller| {
            let (size, token) = (message.page_size, message.page_token);
            self.0.pager.page(caller, &filter, size, &token, &*self.0.clock)
        })?;
        let (rows, next_page_token) = self.cut(self.0.bus.catalog().departments(), &asked);
        Ok(Response::new(pb::ListDepartmentsResponse {
            departments: rows.iter().map(convert::department).collect(),
            next_page_token,
            catalog_version: self.version(),
        }))
    }
}
