//! `departments.toml`: who is on the bus, and which authorities each stands for.

use std::{
    collections::{HashMap, hash_map::Entry},
    ops::Range,
};

use super::{
    CatalogFault, CatalogSources, Department,
    fault::{Faults, quoted},
    row::{Located, NAME_BYTES, Row, Rows},
};
use crate::DeptId;

/// What `departments.toml` says.
#[derive(Debug)]
pub(super) struct DepartmentRows {
    /// The departments without a fault, in the file's order.
    pub(super) departments: Vec<Department>,
    /// Department by source department; `None` where that row has a fault, which is listed already.
    pub(super) sources: HashMap<String, Option<DeptId>>,
}

/// Reads the file, or adds its faults of TOML.
pub(super) fn read(text: &str, faults: &mut Vec<CatalogFault>) -> Option<DepartmentRows> {
    let mut found = Faults::new(CatalogSources::DEPARTMENTS, text);
    let read = Rows::parse(text, &mut found).map(|rows| {
        let mut top = rows.top(&mut found);
        top.table("department");
        top.table("source");
        top.finish();

        let mut codes = HashMap::new();
        let departments = rows.each("department", &mut found, |row| department(row, &mut codes));
        let mut sources = HashMap::new();
        rows.each("source", &mut found, |row| source(row, &codes, &mut sources));
        let sources = sources.into_iter().map(|(name, (_, code))| (name, code)).collect();
        DepartmentRows { departments, sources }
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

/// Maps one source department; what it returns says only that the row has no fault.
fn source(
    row: &mut Row<'_, '_>,
    codes: &HashMap<DeptId, Range<usize>>,
    sources: &mut HashMap<String, (Range<usize>, Option<DeptId>)>,
) -> Option<()> {
    let name = row.text("name", NAME_BYTES);
    let department = row.parsed::<DeptId>("department").and_then(|Located { value, span }| {
        if codes.contains_key(&value) {
            return Some(value);
        }
        let fault = format!("department {} is in no [[department]]", quoted(value.as_str()));
        row.faults().add(&span, fault, "add it there, or name another");
        None
    });
    let Located { value: name, span } = name?;
    match sources.entry(name) {
        Entry::Vacant(slot) => {
            slot.insert((span, department));
            Some(())
        }
        Entry::Occupied(first) => {
            twice(row.faults(), "source", first.key(), [&span, &first.get().0]);
            None
        }
    }
}

/// Adds a fault of a name that stands at two places, the later one first.
pub(super) fn twice(
    faults: &mut Faults<'_>,
    kind: &str,
    name: &str,
    [again, first]: [&Range<usize>; 2],
) {
    let fault = format!("{kind} {} stands in line {} already", quoted(name), faults.line(first));
    faults.add(again, fault, "remove one, or rename it");
}
