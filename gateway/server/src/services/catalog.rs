//! CatalogService.

use std::sync::Arc;

use oncebus_core::{Caller, Catalog as Rows, FieldError};
use oncebus_proto::v1::{self as pb, catalog_service_server::CatalogService};
use tonic::{Request, Response, Status};

use super::Shared;
use crate::{convert, page::Page};

#[derive(Debug)]
pub(super) struct Catalog(pub(super) Shared);

/// One page of rows of one catalogue: it stays the same while it is cut.
struct Cut {
    catalog: Arc<Rows>,
    page: Page,
}

// === impl Catalog ===

impl Catalog {
    /// Checks a request for a page of the rows that `table` names.
    fn page(
        &self,
        table: &str,
        caller: &Caller,
        size: i32,
        token: &str,
    ) -> Result<Cut, FieldError> {
        let catalog = self.0.bus.catalog();
        let filter = format!("{table} {}", catalog.version());
        let page = self.0.pager.page(caller, &filter, size, token, &*self.0.clock)?;
        Ok(Cut { catalog, page })
    }
}

#[tonic::async_trait]
impl CatalogService for Catalog {
    async fn list_material_types(
        &self,
        request: Request<pb::ListMaterialTypesRequest>,
    ) -> Result<Response<pb::ListMaterialTypesResponse>, Status> {
        let (_admitted, Cut { catalog, page }) =
            self.0.callers.admit(request, |message, caller| {
                self.page("types", caller, message.page_size, &message.page_token)
            })?;
        let (rows, next_page_token) = self.0.pager.cut(&page, catalog.types(), &*self.0.clock);
        Ok(Response::new(pb::ListMaterialTypesResponse {
            material_types: rows.iter().map(|row| convert::material_type(row)).collect(),
            next_page_token,
            catalog_version: catalog.version().to_string(),
        }))
    }

    async fn get_material_type(
        &self,
        request: Request<pb::GetMaterialTypeRequest>,
    ) -> Result<Response<pb::GetMaterialTypeResponse>, Status> {
        let catalog = self.0.bus.catalog();
        let (_admitted, row) = self.0.callers.admit(request, |message, _caller| {
            let found = catalog.material_type(&message.code);
            found.ok_or_else(|| unlisted("give a code or alias that ListMaterialTypes shows"))
        })?;
        Ok(Response::new(pb::GetMaterialTypeResponse {
            material_type: Some(convert::material_type(row)),
            catalog_version: catalog.version().to_string(),
        }))
    }

    async fn list_departments(
        &self,
        request: Request<pb::ListDepartmentsRequest>,
    ) -> Result<Response<pb::ListDepartmentsResponse>, Status> {
        let (_admitted, Cut { catalog, page }) =
            self.0.callers.admit(request, |message, caller| {
                self.page("departments", caller, message.page_size, &message.page_token)
            })?;
        let (rows, next_page_token) =
            self.0.pager.cut(&page, catalog.departments(), &*self.0.clock);
        Ok(Response::new(pb::ListDepartmentsResponse {
            departments: rows.iter().map(convert::department).collect(),
            next_page_token,
            catalog_version: catalog.version().to_string(),
        }))
    }

    async fn list_items(
        &self,
        request: Request<pb::ListItemsRequest>,
    ) -> Result<Response<pb::ListItemsResponse>, Status> {
        let (_admitted, Cut { catalog, page }) =
            self.0.callers.admit(request, |message, caller| {
                self.page("items", caller, message.page_size, &message.page_token)
            })?;
        let (rows, next_page_token) = self.0.pager.cut(&page, catalog.items(), &*self.0.clock);
        Ok(Response::new(pb::ListItemsResponse {
            items: rows.iter().map(convert::item).collect(),
            next_page_token,
            catalog_version: catalog.version().to_string(),
        }))
    }

    async fn get_item(
        &self,
        request: Request<pb::GetItemRequest>,
    ) -> Result<Response<pb::GetItemResponse>, Status> {
        let catalog = self.0.bus.catalog();
        let (_admitted, row) = self.0.callers.admit(request, |message, _caller| {
            let found = catalog.item(&message.code);
            found.ok_or_else(|| unlisted("give a code that ListItems shows"))
        })?;
        Ok(Response::new(pb::GetItemResponse {
            item: Some(convert::item(row)),
            catalog_version: catalog.version().to_string(),
        }))
    }

    async fn list_packages(
        &self,
        request: Request<pb::ListPackagesRequest>,
    ) -> Result<Response<pb::ListPackagesResponse>, Status> {
        let (_admitted, Cut { catalog, page }) =
            self.0.callers.admit(request, |message, caller| {
                self.page("packages", caller, message.page_size, &message.page_token)
            })?;
        let (rows, next_page_token) = self.0.pager.cut(&page, catalog.packages(), &*self.0.clock);
        Ok(Response::new(pb::ListPackagesResponse {
            packages: rows.iter().map(convert::package).collect(),
            next_page_token,
            catalog_version: catalog.version().to_string(),
        }))
    }
}

/// The fault of a code that the catalogue does not have.
fn unlisted(cure: &'static str) -> FieldError {
    FieldError::new("code", "is not in the catalogue", cure)
}
