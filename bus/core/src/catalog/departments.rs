//! `departments.toml`: who is on the bus, and which authorities each stands for.

use std::{
    collections::{HashMap, hash_map::Entry},
    ops::Range,
};

use serde::Serialize;

use super::{
    CatalogFault, CatalogSources, Department,
    fault::Faults,
    names::{missing, twice},
    regions::RegionRows,
    row::{Located, NAME_BYTES, Row, Rows},
};
use crate::DeptId;

/// An authority, alone or in one region.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Authority {
    /// In its own words.
    pub(super) name: String,
    /// Code of the region; `None` is wherever no other row says more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<String>,
}

/// Which department stands for an authority.
#[derive(Debug, Serialize)]
pub(super) struct Source {
    #[serde(flatten)]
    pub(super) authority: Authority,
    pub(super) department: DeptId,
}

/// What `departments.toml` says.
#[derive(Debug)]
pub(super) struct DepartmentRows {
    /// The departments without a fault, in the file's order.
    pub(super) departments: Vec<Department>,
    /// The authorities without a fault, in the file's order.
    pub(super) sources: Vec<Source>,
    /// Department by authority; `None` where that row has a fault, which is listed already.
    by_authority: HashMap<Authority, Option<DeptId>>,
}

/// Where each authority stands, and for which department.
type Authorities = HashMap<Authority, (Range<usize>, Option<DeptId>)>;

// === impl DepartmentRows ===

impl DepartmentRows {
    /// Returns the department that an authority has where no region says more; `Some(None)` where that
    /// is faulty, which is listed already.
    pub(super) fn of_authority(&self, name: &str) -> Option<Option<&DeptId>> {
        let authority = Authority { name: name.to_owned(), region: None };
        self.by_authority.get(&authority).map(Option::as_ref)
    }
}

/// Reads the file, or adds its faults of TOML.
///
/// Regions are looked up where `regions.toml` could be read.
pub(super) fn read(
    text: &str,
    regions: Option<&RegionRows>,
    faults: &mut Vec<CatalogFault>,
) -> Option<DepartmentRows> {
    let mut found = Faults::new(CatalogSources::DEPARTMENTS, text);
    let read = Rows::parse(text, &mut found).map(|rows| {
        let mut top = rows.top(&mut found);
        top.table("department");
        top.table("source");
        top.finish();

        let mut codes = HashMap::new();
        let departments = rows.each("department", &mut found, |row| department(row, &mut codes));
        let mut seen = Authorities::new();
        let sources =
            rows.each("source", &mut found, |row| source(row, &codes, regions, &mut seen));
        let by_authority = seen.into_iter().map(|(name, (_, code))| (name, code)).collect();
        DepartmentRows { departments, sources, by_authority }
    });
    faults.append(&mut found.into_list());
    read
}

fn department(
    row: &mut Row<'_, '_>,
    codes: &mut HashMap<DeptId, Range<usize>>,
) -> Option<Department> {
    let code = row.parsed::<DeptId>("code").and_then(|Located { value, span }| {
        match codes.entry(value.clone()) {
            Entry::Vacant(slot) => {
                slot.insert(span);
                Some(value)
            }
            Entry::Occupied(first) => {
                twice(row.faults(), "department", value.as_str(), [&span, first.get()]);
                None
            }
        }
    });
    let name_zh = row.text("name_zh", NAME_BYTES);
    let name_en = row.text("name_en", NAME_BYTES);
    let credit_code = row.parsed("credit_code");
    Some(Department {
        code: code?,
        name_zh: name_zh?.value,
        name_en: name_en?.value,
        credit_code: credit_code?.value,
    })
}

/// Maps one authority to its department.
fn source(
    row: &mut Row<'_, '_>,
    codes: &HashMap<DeptId, Range<usize>>,
    regions: Option<&RegionRows>,
    seen: &mut Authorities,
) -> Option<Source> {
    let name = row.text("name", NAME_BYTES);
    let region = row.if_given("region", |row| {
        let region = row.text("region", NAME_BYTES)?;
        let known = regions.is_none_or(|known| known.codes.check(row, "region", &region, "region"));
        known.then_some(region.value)
    });
    let department = row.parsed::<DeptId>("department").and_then(|Located { value, span }| {
        if codes.contains_key(&value) {
            return Some(value);
        }
        missing(row.faults(), "department", value.as_str(), &span, "department");
        None
    });
    let Located { value: name, span } = name?;
    let authority = Authority { name, region: region? };
    match seen.entry(authority.clone()) {
        Entry::Vacant(slot) => {
            slot.insert((span, department.clone()));
            Some(Source { authority, department: department? })
        }
        Entry::Occupied(first) => {
            twice(row.faults(), "source", &first.key().name, [&span, &first.get().0]);
            None
        }
    }
}
