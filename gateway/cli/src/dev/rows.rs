//! The catalogue as far as a development bus needs it: who holds what, and how it comes onto the bus.
//!
//! The gateway checks the same files in full when it starts, and names every fault with its place.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use serde::{Deserialize, de::DeserializeOwned};

/// Longest file read, in bytes; the gateway reads no longer one.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The texts of a catalogue's three files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CatalogSources {
    /// `catalog.toml`: the catalogue's name.
    pub(crate) catalog: String,
    /// `departments.toml`: who is on the bus, and for which authorities.
    pub(crate) departments: String,
    /// `types.toml`: the types of material.
    pub(crate) types: String,
}

/// Departments and types, in the catalogue's order.
#[derive(Debug)]
pub(crate) struct Catalog {
    departments: Vec<String>,
    types: Vec<MaterialType>,
}

/// One type of material.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MaterialType {
    /// Name on the wire.
    pub(crate) code: String,
    /// Short name, for example `M01`.
    pub(crate) alias: String,
    /// Chinese name.
    pub(crate) name_zh: String,
    /// English name.
    pub(crate) name_en: String,
    /// Who keeps the record, in its own words.
    pub(crate) source_department: String,
    /// Code of the department that stands for it.
    pub(crate) department: String,
    /// How it comes onto the bus.
    pub(crate) supply: Supply,
    /// Media types that it may have.
    pub(crate) media_types: Vec<String>,
    /// Largest size in bytes.
    pub(crate) max_size_bytes: u64,
}

/// How a type of material comes onto the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Supply {
    /// Somebody uploads it, once.
    Uploaded,
    /// A department holds it already.
    OriginHeld,
    /// It is matched at its holder, and never leaves.
    VerifyOnly,
}

/// Why a catalogue cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CatalogError {
    /// A file cannot be read.
    #[error("{file} cannot be read: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file is not what it must be.
    #[error("{file}: {source}")]
    Malformed {
        /// The file.
        file: &'static str,
        /// Fault and place.
        source: toml::de::Error,
    },
    /// An authority for which no department stands.
    #[error("types.toml: {code}: {authority} has no [[source]] in departments.toml, add one")]
    NoDepartment {
        /// The type.
        code: String,
        /// The authority.
        authority: String,
    },
}

#[derive(Deserialize)]
struct Departments {
    department: Vec<DepartmentRow>,
    source: Vec<SourceRow>,
}

#[derive(Deserialize)]
struct DepartmentRow {
    code: String,
}

#[derive(Deserialize)]
struct SourceRow {
    name: String,
    department: String,
}

#[derive(Deserialize)]
struct Types {
    r#type: Vec<TypeRow>,
}

#[derive(Deserialize)]
struct TypeRow {
    code: String,
    alias: String,
    name_zh: String,
    name_en: String,
    source_department: String,
    supply: Supply,
    media_types: Vec<String>,
    max_size_bytes: u64,
}

// === impl CatalogSources ===

impl CatalogSources {
    const CATALOG: &str = "catalog.toml";
    const DEPARTMENTS: &str = "departments.toml";
    const TYPES: &str = "types.toml";

    /// Reads the files of the folder `dir`, at most 1 MiB each.
    ///
    /// # Errors
    ///
    /// Names the first file that cannot be read.
    pub(crate) fn read(dir: &Path) -> Result<Self, CatalogError> {
        Ok(Self {
            catalog: read(&dir.join(Self::CATALOG))?,
            departments: read(&dir.join(Self::DEPARTMENTS))?,
            types: read(&dir.join(Self::TYPES))?,
        })
    }

    /// Returns each file's name and text.
    pub(crate) fn files(&self) -> [(&'static str, &str); 3] {
        [
            (Self::CATALOG, &self.catalog),
            (Self::DEPARTMENTS, &self.departments),
            (Self::TYPES, &self.types),
        ]
    }
}

// === impl Catalog ===

impl Catalog {
    /// Reads the rows.
    ///
    /// # Errors
    ///
    /// Names the first file that is malformed, or the type for which no department stands.
    pub(crate) fn from_sources(sources: &CatalogSources) -> Result<Self, CatalogError> {
        let Departments { department, source } =
            parse(CatalogSources::DEPARTMENTS, &sources.departments)?;
        let Types { r#type: rows } = parse(CatalogSources::TYPES, &sources.types)?;
        let stands_for: HashMap<_, _> =
            source.into_iter().map(|source| (source.name, source.department)).collect();
        let types = rows.into_iter().map(|row| row.of(&stands_for)).collect::<Result<_, _>>()?;
        let departments = department.into_iter().map(|department| department.code).collect();
        Ok(Self { departments, types })
    }

    /// Returns the departments' codes.
    pub(crate) fn departments(&self) -> &[String] {
        &self.departments
    }

    /// Returns the types.
    pub(crate) fn types(&self) -> &[MaterialType] {
        &self.types
    }
}

// === impl TypeRow ===

impl TypeRow {
    fn of(self, stands_for: &HashMap<String, String>) -> Result<MaterialType, CatalogError> {
        let Some(department) = stands_for.get(&self.source_department).cloned() else {
            let authority = self.source_department;
            return Err(CatalogError::NoDepartment { code: self.code, authority });
        };
        Ok(MaterialType {
            code: self.code,
            alias: self.alias,
            name_zh: self.name_zh,
            name_en: self.name_en,
            source_department: self.source_department,
            department,
            supply: self.supply,
            media_types: self.media_types,
            max_size_bytes: self.max_size_bytes,
        })
    }
}

fn parse<T: DeserializeOwned>(file: &'static str, text: &str) -> Result<T, CatalogError> {
    toml::from_str(text).map_err(|source| CatalogError::Malformed { file, source })
}

fn read(path: &Path) -> Result<String, CatalogError> {
    let read = || {
        let mut text = String::new();
        File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)?;
        if MAX_FILE_BYTES < text.len() as u64 {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than 1 MiB"));
        }
        Ok(text)
    };
    read().map_err(|source| CatalogError::Unreadable { file: path.display().to_string(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dev::catalogue::shipped;

    #[test]
    fn an_authority_without_a_department_is_named() {
        let sources = shipped();
        let types = sources
            .types
            .replace("source_department = \"气象局\"", "source_department = \"水文局\"");

        let error = Catalog::from_sources(&CatalogSources { types, ..sources }).unwrap_err();

        assert!(error.to_string().contains("水文局 has no [[source]]"), "{error}");
    }

    #[test]
    fn a_malformed_file_is_named() {
        let sources = CatalogSources { types: "type = ".to_owned(), ..shipped() };

        let error = Catalog::from_sources(&sources).unwrap_err();

        assert!(error.to_string().starts_with("types.toml: "), "{error}");
    }
}
