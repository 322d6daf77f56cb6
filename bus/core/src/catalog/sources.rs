//! The texts that a catalogue is made of.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use super::{CatalogError, CatalogFault};

/// The texts of a catalogue's six files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogSources {
    /// `catalog.toml`: the form of the files, the catalogue's name, when an end is near.
    pub catalog: String,
    /// `regions.toml`: the regions that authorities differ by.
    pub regions: String,
    /// `departments.toml`: who is on the bus, and for which authorities.
    pub departments: String,
    /// `types.toml`: the types of material.
    pub types: String,
    /// `items.toml`: stages, facts of a case, approval items, packages of them.
    pub items: String,
    /// `forms.toml`: forms that are filled from materials.
    pub forms: String,
}

// === impl CatalogSources ===

impl CatalogSources {
    pub(super) const CATALOG: &str = "catalog.toml";
    pub(super) const REGIONS: &str = "regions.toml";
    pub(super) const DEPARTMENTS: &str = "departments.toml";
    pub(super) const TYPES: &str = "types.toml";
    pub(super) const ITEMS: &str = "items.toml";
    pub(super) const FORMS: &str = "forms.toml";
    /// Longest file read, in bytes; it bounds rows and faults too.
    const MAX_FILE_BYTES: u64 = 1 << 20;

    /// Reads the files of the folder `dir`, at most 1 MiB each.
    ///
    /// # Errors
    ///
    /// Lists every file that cannot be read.
    pub fn read(dir: &Path) -> Result<Self, CatalogError> {
        let mut faults = Vec::new();
        let mut read = |name| match read_text(&dir.join(name)) {
            Ok(text) => text,
            Err(error) => {
                faults.push(unreadable(name, &error));
                String::new()
            }
        };
        let sources = Self {
            catalog: read(Self::CATALOG),
            regions: read(Self::REGIONS),
            departments: read(Self::DEPARTMENTS),
            types: read(Self::TYPES),
            items: read(Self::ITEMS),
            forms: read(Self::FORMS),
        };
        if faults.is_empty() { Ok(sources) } else { Err(CatalogError::new(faults).within(dir)) }
    }

    /// Returns each file's name and text, as [`Self::read`] finds them in a folder.
    pub fn files(&self) -> [(&'static str, &str); 6] {
        [
            (Self::CATALOG, &self.catalog),
            (Self::REGIONS, &self.regions),
            (Self::DEPARTMENTS, &self.departments),
            (Self::TYPES, &self.types),
            (Self::ITEMS, &self.items),
            (Self::FORMS, &self.forms),
        ]
    }
}

/// Reads a file of at most [`CatalogSources::MAX_FILE_BYTES`].
fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let limit = CatalogSources::MAX_FILE_BYTES;
    File::open(path)?.take(limit + 1).read_to_string(&mut text)?;
    if limit < text.len() as u64 {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than 1 MiB"));
    }
    Ok(text)
}

fn unreadable(name: &str, error: &io::Error) -> CatalogFault {
    let cure = match error.kind() {
        io::ErrorKind::NotFound => "add it, or name another folder",
        io::ErrorKind::PermissionDenied => "let this user read it",
        io::ErrorKind::FileTooLarge => "shorten it",
        io::ErrorKind::InvalidData => "save it as UTF-8",
        _ => "check the disk and the folder",
    };
    let fault = format!("cannot be read: {error}");
    CatalogFault { file: name.to_owned(), position: None, fault, cure: cure.to_owned() }
}
