//! `regions.toml`: the regions that authorities differ by.

use super::{
    CatalogFault, CatalogSources, Region,
    fault::Faults,
    names::Names,
    row::{NAME_BYTES, Row, Rows},
};
use crate::{FieldError, RegionCode};

/// What `regions.toml` says.
#[derive(Debug)]
pub(super) struct RegionRows {
    /// The regions without a fault, in the file's order.
    pub(super) regions: Vec<Region>,
    /// Codes of all of them.
    pub(super) codes: Names,
}

/// Reads the file, or adds its faults of TOML.
pub(super) fn read(text: &str, faults: &mut Vec<CatalogFault>) -> Option<RegionRows> {
    let mut found = Faults::new(CatalogSources::REGIONS, text);
    let read = Rows::parse(text, &mut found).map(|rows| {
        let mut top = rows.top(&mut found);
        top.table("region");
        top.finish();

        let mut codes = Names::default();
        let regions = rows.each("region", &mut found, |row| region(row, &mut codes));
        RegionRows { regions, codes }
    });
    faults.append(&mut found.into_list());
    read
}

fn region(row: &mut Row<'_, '_>, codes: &mut Names) -> Option<Region> {
    let code = row.checked("code", code);
    let code = codes.take(row, "region", code);
    let name_zh = row.text("name_zh", NAME_BYTES);
    let name_en = row.text("name_en", NAME_BYTES);
    Some(Region { code: code?, name_zh: name_zh?.value, name_en: name_en?.value })
}

fn code(written: &str) -> Result<String, FieldError> {
    let cure = "give the 6 digits of GB/T 2260, or the city's own";
    let code = written.parse::<RegionCode>();
    code.map(|code| code.as_str().to_owned()).or(Err(FieldError::new("code", "is no region", cure)))
}
