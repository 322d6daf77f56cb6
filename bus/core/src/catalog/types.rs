//! `types.toml`: the types of material.

use std::{
    collections::{HashMap, hash_map::Entry},
    ops::Range,
    sync::Arc,
    time::Duration,
};

use super::{
    CatalogFault, CatalogSources, MaterialType, Supply,
    departments::{DepartmentRows, twice},
    fault::{Faults, quoted},
    row::{Located, NAME_BYTES, Row, Rows},
};
use crate::{DeptId, FieldError, TypeCode};

/// Largest size that a type may allow, in bytes.
const MAX_SIZE_BYTES: u64 = 1 << 30;
/// Longest reliance on what a holder said, in seconds: a day, so that no error lasts longer.
const MAX_POINTER_AGE_S: u64 = 86_400;
/// Longest basis, in bytes.
const BASIS_BYTES: usize = 1024;
/// Longest alias, in bytes.
const ALIAS_BYTES: usize = 16;

/// Codes and aliases so far, and where they stand. They share one set, as callers may write either.
type Names = HashMap<String, Range<usize>>;

/// Reads the file, or adds its faults of TOML. Source departments are looked up where
/// `departments.toml` could be read.
pub(super) fn read(
    text: &str,
    departments: Option<&DepartmentRows>,
    faults: &mut Vec<CatalogFault>,
) -> Option<Vec<Arc<MaterialType>>> {
    let mut found = Faults::new(CatalogSources::TYPES, text);
    let types = Rows::parse(text, &mut found).map(|rows| {
        let mut top = rows.top(&mut found);
        top.table("type");
        top.finish();

        let mut names = Names::new();
        rows.each("type", &mut found, |row| material_type(row, departments, &mut names))
    });
    faults.append(&mut found.into_list());
    types
}

/// Reads one row to its end, so that every fault of it is listed.
fn material_type(
    row: &mut Row<'_, '_>,
    departments: Option<&DepartmentRows>,
    names: &mut Names,
) -> Option<Arc<MaterialType>> {
    let code = row.parsed::<TypeCode>("code");
    let code = code.filter(|code| is_new(row, "code", code.value.as_str(), &code.span, names));
    let alias = row.checked("alias", alias);
    let alias = alias.filter(|alias| is_new(row, "alias", &alias.value, &alias.span, names));
    let name_zh = row.text("name_zh", NAME_BYTES);
    let name_en = row.text("name_en", NAME_BYTES);
    let source_department = row.text("source_department", NAME_BYTES);
    let department =
        source_department.as_ref().and_then(|source| on_the_bus(row, source, departments));
    let supply = row.checked("supply", supply);
    let media_types = row.list("media_types");
    let max_size_bytes = row.integer("max_size_bytes", 1..=MAX_SIZE_BYTES);
    let personal = row.switch("personal");
    let may_be_stale = row.switch("may_be_stale");
    let may_be_stale = may_be_stale.filter(|stale| can_be_stale(row, stale, personal.as_ref()));
    let pointer_age_s = row.integer("pointer_age_s", 1..=MAX_POINTER_AGE_S);
    let basis = row.text("basis", BASIS_BYTES);
    Some(Arc::new(MaterialType {
        code: code?.value,
        alias: alias?.value,
        name_zh: name_zh?.value,
        name_en: name_en?.value,
        source_department: source_department?.value,
        department: department?,
        supply: supply?.value,
        media_types: media_types?,
        max_size_bytes: max_size_bytes?,
        personal: personal?.value,
        may_be_stale: may_be_stale?.value,
        pointer_age: Duration::from_secs(pointer_age_s?),
        basis: basis?.value,
    }))
}

/// Checks an alias: 1 to 16 upper-case letters and digits, a letter first.
fn alias(written: &str) -> Result<String, FieldError> {
    let shaped = written.len() <= ALIAS_BYTES
        && written.starts_with(|first: char| first.is_ascii_uppercase())
        && written.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if shaped {
        return Ok(written.to_owned());
    }
    let cure = "give 1 to 16 upper-case letters and digits, a letter first";
    Err(FieldError::new("alias", "is no alias", cure))
}

fn supply(written: &str) -> Result<Supply, FieldError> {
    match written {
        "uploaded" => Ok(Supply::Uploaded),
        "origin_held" => Ok(Supply::OriginHeld),
        "verify_only" => Ok(Supply::VerifyOnly),
        _ => {
            let cure = "give uploaded, origin_held or verify_only";
            Err(FieldError::new("supply", "is unknown", cure))
        }
    }
}

fn is_new(
    row: &mut Row<'_, '_>,
    key: &str,
    name: &str,
    span: &Range<usize>,
    names: &mut Names,
) -> bool {
    match names.entry(name.to_owned()) {
        Entry::Vacant(slot) => {
            slot.insert(span.clone());
            true
        }
        Entry::Occupied(first) => {
            twice(row.faults(), key, name, [span, first.get()]);
            false
        }
    }
}

/// Finds the department that stands for a source department.
fn on_the_bus(
    row: &mut Row<'_, '_>,
    source: &Located<String>,
    departments: Option<&DepartmentRows>,
) -> Option<DeptId> {
    let mapped = departments?.sources.get(&source.value);
    if mapped.is_none() {
        let fault = format!("source_department {} has no [[source]]", quoted(&source.value));
        let cure = format!("add one to {}", CatalogSources::DEPARTMENTS);
        row.faults().add(&source.span, fault, cure);
    }
    mapped.cloned().flatten()
}

/// Personal content is never kept, so nothing old could be served.
fn can_be_stale(
    row: &mut Row<'_, '_>,
    may_be_stale: &Located<bool>,
    personal: Option<&Located<bool>>,
) -> bool {
    let refused = may_be_stale.value && personal.is_some_and(|personal| personal.value);
    if refused {
        let fault = "may_be_stale is true of a personal type, which the bus never keeps";
        row.faults().add(&may_be_stale.span, fault, "set it to false");
    }
    !refused
}
