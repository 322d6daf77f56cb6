//! All rows of a catalogue: what its version is the hash of.

use std::sync::Arc;

use serde::Serialize;

use super::{
    Catalog, CatalogError, CatalogFault, CatalogSources, Department, Fact, Form, Item,
    MaterialType, Package, Region, Stage,
    departments::{self, DepartmentRows, Source},
    fault::Faults,
    forms,
    items::{Ground, ItemRows, ItemsFile},
    regions::{self, RegionRows},
    row::{NAME_BYTES, Rows},
    types::{Elsewhere, TypeRows},
};
use crate::Digest;

/// Most days before an end that count as expiring: a year.
const MAX_EXPIRING_DAYS: u64 = 366;

/// The rows, in the order of their files.
#[derive(Debug, Serialize)]
pub(super) struct Contents {
    schema_version: u64,
    pub(super) name: String,
    pub(super) expiring_days: u32,
    pub(super) regions: Vec<Region>,
    pub(super) departments: Vec<Department>,
    pub(super) sources: Vec<Source>,
    pub(super) types: Vec<Arc<MaterialType>>,
    pub(super) stages: Vec<Stage>,
    pub(super) facts: Vec<Fact>,
    pub(super) items: Vec<Item>,
    pub(super) packages: Vec<Package>,
    pub(super) forms: Vec<Form>,
}

/// What `catalog.toml` says.
#[derive(Debug)]
struct Header {
    name: String,
    expiring_days: u32,
}

/// What each file says; `None` is one that could not be read.
#[derive(Debug)]
struct Files {
    header: Option<Header>,
    regions: Option<RegionRows>,
    departments: Option<DepartmentRows>,
    types: Option<TypeRows>,
    ground: Option<Ground>,
    items: Option<ItemRows>,
    forms: Option<Vec<Form>>,
}

// === impl Contents ===

impl Contents {
    /// Reads all files, or lists the faults of all.
    pub(super) fn read(sources: &CatalogSources) -> Result<Self, CatalogError> {
        let mut faults = Vec::new();
        let header = header(&sources.catalog, &mut faults);
        let regions = regions::read(&sources.regions, &mut faults);
        let departments = departments::read(&sources.departments, regions.as_ref(), &mut faults);
        let mut items_file = ItemsFile::parse(&sources.items);
        let ground = items_file.ground();
        let elsewhere = Elsewhere { departments: departments.as_ref(), ground: ground.as_ref() };
        let types = TypeRows::read(&sources.types, elsewhere, &mut faults);
        let items = items_file.items(ground.as_ref(), types.as_ref());
        faults.append(&mut items_file.into_faults());
        let forms = forms::read(&sources.forms, types.as_ref(), &mut faults);
        let files = Files { header, regions, departments, types, ground, items, forms };
        match files.contents() {
            Some(contents) if faults.is_empty() => Ok(contents),
            _ => Err(CatalogError::new(faults)),
        }
    }

    /// Hashes RFC 8785 JSON of all rows, in their order.
    pub(super) fn version(&self) -> Digest {
        let canonical = serde_json_canonicalizer::to_vec(self)
            .expect("a catalogue has only strings, booleans and small integers");
        Digest::of(&canonical)
    }
}

// === impl Files ===

impl Files {
    fn contents(self) -> Option<Contents> {
        let Header { name, expiring_days } = self.header?;
        let DepartmentRows { departments, sources, .. } = self.departments?;
        let Ground { stages, facts, .. } = self.ground?;
        let ItemRows { items, packages } = self.items?;
        Some(Contents {
            schema_version: Catalog::SCHEMA_VERSION,
            name,
            expiring_days,
            regions: self.regions?.regions,
            departments,
            sources,
            types: self.types?.types,
            stages,
            facts,
            items,
            packages,
            forms: self.forms?,
        })
    }
}

/// Reads `catalog.toml`: the form of the files, the catalogue's name, when an end is near.
fn header(text: &str, faults: &mut Vec<CatalogFault>) -> Option<Header> {
    let mut found = Faults::new(CatalogSources::CATALOG, text);
    let header = Rows::parse(text, &mut found).and_then(|rows| {
        let mut row = rows.top(&mut found);
        row.integer("schema_version", Catalog::SCHEMA_VERSION..=Catalog::SCHEMA_VERSION);
        let name = row.text("name", NAME_BYTES);
        let expiring_days = row.integer("expiring_days", 1..=MAX_EXPIRING_DAYS);
        row.finish();
        Some(Header { name: name?.value, expiring_days: u32::try_from(expiring_days?).ok()? })
    });
    faults.append(&mut found.into_list());
    header
}
