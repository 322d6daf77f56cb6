//! The catalogue: which types of material there are, which department answers for each, what each
//! approval item requires, and which forms are filled from them.
//!
//! It is data: a folder of six TOML files. No code of a type, item, package, fact or form stands in
//! the program.

mod change;
mod contents;
mod departments;
mod entry;
mod fact;
mod fault;
mod form;
mod forms;
mod in_force;
mod item;
mod items;
mod names;
mod regions;
mod row;
mod sharing;
mod sources;
mod types;
mod validity;

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use serde::Serialize;

use self::contents::Contents;
pub(crate) use self::in_force::CatalogInForce;
pub use self::{
    change::Incompatibility,
    fact::{Condition, Fact, FactKind, FactValue, Facts, Holds},
    fault::{CatalogError, CatalogFault, Position},
    form::{FieldSource, Form, FormField},
    item::{Item, Package, Region, Requirement, Stage},
    sharing::{Classification, DataField, Sensitivity, Sharing, SharingWay, UpdateFrequency},
    sources::CatalogSources,
    validity::ValidityKind,
};
use crate::{CreditCode, DeptId, Digest, MediaType, Scheme, TypeCode};

/// A checked catalogue. It never changes: another catalogue is another value.
#[derive(Debug)]
pub struct Catalog {
    contents: Contents,
    version: Digest,
    /// The version's beginning, as records have it.
    mark: Arc<str>,
    /// Place in the types by code and by alias.
    types_by_name: HashMap<String, usize>,
    /// Place in the items by each of their codes.
    items_by_code: HashMap<String, usize>,
    /// Department by region, of each source department that has one there.
    regional: HashMap<String, HashMap<String, DeptId>>,
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
    /// Who decides, in its own words.
    pub issuer: String,
    /// Who keeps the record, in its own words.
    pub source_department: String,
    /// Department on the bus that stands for `source_department` where no region says more.
    pub department: DeptId,
    /// How whom or what it is about is identified.
    pub subject: Scheme,
    /// Code of the stage that it belongs to; `None` is any.
    #[serde(serialize_with = "stage_or_any")]
    pub stage: Option<String>,
    /// How the material comes onto the bus.
    pub supply: Supply,
    /// Whether it may be shared, and on what terms.
    #[serde(flatten)]
    pub sharing: Sharing,
    /// How often what its source department holds changes.
    pub update_frequency: UpdateFrequency,
    /// By what way it comes to who uses it.
    pub sharing_way: SharingWay,
    /// Class of the data.
    pub classification: Classification,
    /// What ends its validity.
    pub validity: ValidityKind,
    /// Its data items, at least one.
    pub fields: Vec<DataField>,
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

// === impl Catalog ===

impl Catalog {
    /// The form of the files that this program reads.
    pub const SCHEMA_VERSION: u64 = 2;
    /// Digits of the version that records have: enough to tell a city's catalogues apart.
    const MARK_DIGITS: usize = 16;

    /// Reads and checks the folder `dir`.
    ///
    /// # Errors
    ///
    /// Lists every fault that the six files have, with file, line and column.
    pub fn load(dir: &Path) -> Result<Self, CatalogError> {
        let sources = CatalogSources::read(dir)?;
        Self::from_sources(&sources).map_err(|error| error.within(dir))
    }

    /// Checks the texts of the six files.
    ///
    /// # Errors
    ///
    /// Lists every fault that the six files have, with file, line and column.
    pub fn from_sources(sources: &CatalogSources) -> Result<Self, CatalogError> {
        Contents::read(sources).map(Self::new)
    }

    fn new(contents: Contents) -> Self {
        let types = contents.types.iter().enumerate();
        let types_by_name = types
            .flat_map(|(place, row)| [(row.code.to_string(), place), (row.alias.clone(), place)])
            .collect();
        let mut items_by_code = HashMap::new();
        for (place, item) in contents.items.iter().enumerate() {
            items_by_code.insert(item.code.clone(), place);
            items_by_code.extend(item.codes.iter().map(|code| (code.clone(), place)));
        }
        let mut regional: HashMap<_, HashMap<_, _>> = HashMap::new();
        for source in &contents.sources {
            if let Some(region) = &source.authority.region {
                let departments = regional.entry(source.authority.name.clone()).or_default();
                departments.insert(region.clone(), source.department.clone());
            }
        }
        let version = contents.version();
        let digits = hex::encode(version.as_bytes());
        let mark = digits[..Self::MARK_DIGITS].into();
        Self { contents, version, mark, types_by_name, items_by_code, regional }
    }

    /// Returns the catalogue's name, for example that of a city.
    pub fn name(&self) -> &str {
        &self.contents.name
    }

    /// Returns the digest of what the catalogue says, whatever the layout of its files.
    ///
    /// It is SHA-256 over RFC 8785 JSON of all rows, in their order.
    pub fn version(&self) -> &Digest {
        &self.version
    }

    /// Returns the first 16 hexadecimal digits of the version, as records have it.
    pub fn mark(&self) -> &Arc<str> {
        &self.mark
    }

    /// Returns the types in the catalogue's order.
    pub fn types(&self) -> &[Arc<MaterialType>] {
        &self.contents.types
    }

    /// Returns the type of that code or alias.
    pub fn material_type(&self, code_or_alias: &str) -> Option<&Arc<MaterialType>> {
        self.types_by_name.get(code_or_alias).map(|place| &self.contents.types[*place])
    }

    /// Returns the departments in the catalogue's order.
    pub fn departments(&self) -> &[Department] {
        &self.contents.departments
    }

    /// Returns the department of that code.
    pub fn department(&self, code: &DeptId) -> Option<&Department> {
        self.departments().iter().find(|department| department.code == *code)
    }

    /// Returns the one department that a type's materials of a region come from: that of its source
    /// department there, else the one that stands for it everywhere.
    pub fn source_department<'a>(
        &'a self,
        of: &'a MaterialType,
        region: Option<&str>,
    ) -> &'a DeptId {
        let there = self.regional.get(&of.source_department);
        region.and_then(|region| there?.get(region)).unwrap_or(&of.department)
    }

    /// Returns whether a type's materials come from a department, in some region at least.
    pub fn is_source(&self, of: &MaterialType, department: &DeptId) -> bool {
        let elsewhere = self.regional.get(&of.source_department);
        of.department == *department
            || elsewhere.is_some_and(|there| there.values().any(|source| source == department))
    }

    /// Returns within how many days an end counts as expiring.
    pub fn expiring_days(&self) -> u32 {
        self.contents.expiring_days
    }

    /// Returns the regions in the catalogue's order.
    pub fn regions(&self) -> &[Region] {
        &self.contents.regions
    }

    /// Returns the stages in the order in which a project goes through them.
    pub fn stages(&self) -> &[Stage] {
        &self.contents.stages
    }

    /// Returns the facts of a case that items and validities depend on.
    pub fn facts(&self) -> &[Fact] {
        &self.contents.facts
    }

    /// Returns the approval items in the catalogue's order.
    pub fn items(&self) -> &[Item] {
        &self.contents.items
    }

    /// Returns the item of that short code, or of that implementation code of 31 or 33 characters.
    pub fn item(&self, code: &str) -> Option<&Item> {
        self.items_by_code.get(code).map(|place| &self.contents.items[*place])
    }

    /// Returns the packages in the catalogue's order.
    pub fn packages(&self) -> &[Package] {
        &self.contents.packages
    }

    /// Returns the package of that code.
    pub fn package(&self, code: &str) -> Option<&Package> {
        self.packages().iter().find(|package| package.code == code)
    }

    /// Returns the forms in the catalogue's order.
    pub fn forms(&self) -> &[Form] {
        &self.contents.forms
    }

    /// Returns the form of that code.
    pub fn form(&self, code: &str) -> Option<&Form> {
        self.forms().iter().find(|form| form.code == code)
    }
}

/// Writes all rows, as the version is the hash of them.
impl Serialize for Catalog {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.contents.serialize(serializer)
    }
}

// === impl Supply ===

impl Supply {
    /// Returns the word that files and answers have for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uploaded => "uploaded",
            Self::OriginHeld => "origin_held",
            Self::VerifyOnly => "verify_only",
        }
    }
}

// === impl MaterialType ===

impl MaterialType {
    /// Returns the stage as files and answers have it: a code, or `any`.
    pub fn stage_or_any(&self) -> &str {
        self.stage.as_deref().unwrap_or(items::Ground::ANY_STAGE)
    }
}

fn stage_or_any<S: serde::Serializer>(
    stage: &Option<String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(stage.as_deref().unwrap_or(items::Ground::ANY_STAGE))
}

fn whole_seconds<S: serde::Serializer>(age: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(age.as_secs())
}

#[cfg(test)]
mod tests;
