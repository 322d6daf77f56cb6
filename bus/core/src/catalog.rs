//! The catalogue: which types of material there are, and which department answers for each.
//!
//! It is data: a folder of three TOML files. No type's code stands in the program.

mod departments;
mod fact;
mod fault;
mod form;
mod item;
mod row;
mod sharing;
mod sources;
mod types;
mod validity;

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use serde::Serialize;

use self::{departments::DepartmentRows, fault::Faults, row::Rows};
pub use self::{
    fact::{Condition, Fact, FactKind, FactValue, Facts, Holds},
    fault::{CatalogError, CatalogFault, Position},
    form::{FieldSource, Form, FormField},
    item::{Item, Package, Region, Requirement, Stage},
    sharing::{Classification, DataField, Sensitivity, Sharing, SharingWay, UpdateFrequency},
    sources::CatalogSources,
    validity::ValidityKind,
};
use crate::{CreditCode, DeptId, Digest, MediaType, TypeCode};

/// A checked catalogue. It never changes: another catalogue is another value.
#[derive(Debug)]
pub struct Catalog {
    name: String,
    version: Digest,
    types: Vec<Arc<MaterialType>>,
    departments: Vec<Department>,
    /// Place in `types` by code and by alias.
    by_name: HashMap<String, usize>,
}

/// One type of material.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MaterialType {
    /// Name on the wire, in configuration and in the trail.
    pub code: TypeCode,
    /// Short name that callers may write instead of the code, for example `M01`.
    pub alias: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Who keeps the record, in its own words.
    pub source_department: String,
    /// Department on the bus that stands for `source_department`.
    pub department: DeptId,
    /// How the material comes onto the bus.
    pub supply: Supply,
    /// Media types that a version may have; at least one.
    pub media_types: Vec<MediaType>,
    /// Largest size of one version in bytes, 1 to 1 GiB.
    pub max_size_bytes: u64,
    /// Whether it is personal data: then its content is never cached.
    pub personal: bool,
    /// Whether an answer older than `pointer_age` may be given while its holder does not answer.
    pub may_be_stale: bool,
    /// How long the bus relies on what the holder said, 1 second to 1 day.
    #[serde(rename = "pointer_age_s", serialize_with = "whole_seconds")]
    pub pointer_age: Duration,
    /// The law or decision behind the row, and what an operator still has to confirm.
    pub basis: String,
}

/// How a type of material comes onto the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Supply {
    /// Somebody uploads it, once.
    Uploaded,
    /// A department holds it already; the bus asks there.
    OriginHeld,
    /// It is matched at its holder, and never leaves.
    VerifyOnly,
}

/// An organisation on the bus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Department {
    /// Code, as in the certificates of its systems.
    pub code: DeptId,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Unified social credit code.
    pub credit_code: CreditCode,
}

/// What a catalogue's version is the hash of.
#[derive(Serialize)]
struct Canonical<'a> {
    schema_version: u64,
    name: &'a str,
    departments: &'a [Department],
    types: &'a [Arc<MaterialType>],
}

// === impl Catalog ===

impl Catalog {
    /// The form of the files that this program reads.
    pub const SCHEMA_VERSION: u64 = 1;

    /// Reads and checks the folder `dir`.
    ///
    /// # Errors
    ///
    /// Lists every fault that the three files have, with file, line and column.
    pub fn load(dir: &Path) -> Result<Self, CatalogError> {
        let sources = CatalogSources::read(dir)?;
        Self::from_sources(&sources).map_err(|error| error.within(dir))
    }

    /// Checks the texts of the three files.
    ///
    /// # Errors
    ///
    /// Lists every fault that the three files have, with file, line and column.
    pub fn from_sources(sources: &CatalogSources) -> Result<Self, CatalogError> {
        let mut faults = Vec::new();
        let name = header(&sources.catalog, &mut faults);
        let departments = departments::read(&sources.departments, &mut faults);
        let types = types::read(&sources.types, departments.as_ref(), &mut faults);
        match (name, departments, types) {
            (Some(name), Some(DepartmentRows { departments, .. }), Some(types))
                if faults.is_empty() =>
            {
                Ok(Self::new(name, departments, types))
            }
            _ => Err(CatalogError::new(faults)),
        }
    }

    fn new(name: String, departments: Vec<Department>, types: Vec<Arc<MaterialType>>) -> Self {
        let canonical = Canonical {
            schema_version: Self::SCHEMA_VERSION,
            name: &name,
            departments: &departments,
            types: &types,
        };
        let canonical = serde_json_canonicalizer::to_vec(&canonical)
            .expect("a catalogue has only strings, booleans and small integers");
        let by_name = types
            .iter()
            .enumerate()
            .flat_map(|(place, row)| [(row.code.to_string(), place), (row.alias.clone(), place)])
            .collect();
        Self { name, version: Digest::of(&canonical), types, departments, by_name }
    }

    /// Returns the catalogue's name, for example that of a city.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the digest of what the catalogue says, whatever the layout of its files.
    ///
    /// It is SHA-256 over RFC 8785 JSON of all rows, in their order.
    pub fn version(&self) -> &Digest {
        &self.version
    }

    /// Returns the types in the catalogue's order.
    pub fn types(&self) -> &[Arc<MaterialType>] {
        &self.types
    }

    /// Returns the type of that code or alias.
    pub fn material_type(&self, code_or_alias: &str) -> Option<&Arc<MaterialType>> {
        self.by_name.get(code_or_alias).map(|place| &self.types[*place])
    }

    /// Returns the departments in the catalogue's order.
    pub fn departments(&self) -> &[Department] {
        &self.departments
    }

    /// Returns the department of that code.
    pub fn department(&self, code: &DeptId) -> Option<&Department> {
        self.departments.iter().find(|department| department.code == *code)
    }
}

/// Reads `catalog.toml`: the form of the files, and the catalogue's name.
fn header(text: &str, faults: &mut Vec<CatalogFault>) -> Option<String> {
    let mut found = Faults::new(CatalogSources::CATALOG, text);
    let name = Rows::parse(text, &mut found).and_then(|rows| {
        let mut row = rows.top(&mut found);
        row.integer("schema_version", Catalog::SCHEMA_VERSION..=Catalog::SCHEMA_VERSION);
        let name = row.text("name", row::NAME_BYTES);
        row.finish();
        name
    });
    faults.append(&mut found.into_list());
    name.map(|name| name.value)
}

fn whole_seconds<S: serde::Serializer>(age: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(age.as_secs())
}

#[cfg(test)]
mod tests;
