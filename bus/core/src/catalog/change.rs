//! What a catalogue may not change while the bus runs.

use std::{collections::BTreeSet, fmt};

use super::{Catalog, MaterialType, Supply};
use crate::{DeptId, Scheme, TypeCode};

/// A difference that keeps a catalogue from being put in force over another: something stored would be
/// read as something else, or a part of the bus that starts with the catalogue would not fit it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incompatibility {
    /// A type is gone: its stored versions would have none.
    TypeRemoved(TypeCode),
    /// A code or alias names another type.
    NameMoved {
        /// The code or alias.
        name: String,
        /// What it named.
        from: TypeCode,
        /// What it would name.
        to: TypeCode,
    },
    /// A type comes onto the bus in another way.
    Supply {
        /// The type.
        code: TypeCode,
        /// How it came.
        from: Supply,
        /// How it would come.
        to: Supply,
    },
    /// A type is personal that was not, or the other way round: what is kept, and how records speak of
    /// it, depend on it.
    Personal(TypeCode),
    /// A type is about somebody else.
    Subject {
        /// The type.
        code: TypeCode,
        /// What identified them.
        from: Scheme,
        /// What would.
        to: Scheme,
    },
    /// Another department answers for a type.
    Department {
        /// The type.
        code: TypeCode,
        /// In that region; `None` is wherever no region says more.
        region: Option<String>,
        /// Who answered.
        from: DeptId,
        /// Who would.
        to: DeptId,
    },
    /// A department is new: its limits and connections begin with the gateway.
    DepartmentAdded(DeptId),
    /// A department is gone.
    DepartmentRemoved(DeptId),
}

// === impl Catalog ===

impl Catalog {
    /// Lists what keeps `next` from being put in force over this catalogue while the bus runs; empty is
    /// nothing.
    pub fn incompatible_with(&self, next: &Self) -> Vec<Incompatibility> {
        let mut found = Vec::new();
        for row in self.types() {
            match next.material_type(row.code.as_str()).filter(|found| found.code == row.code) {
                None => found.push(Incompatibility::TypeRemoved(row.code.clone())),
                Some(changed) => self.compare(row, next, changed, &mut found),
            }
            for name in [row.code.as_str(), &row.alias] {
                if let Some(other) = next.material_type(name).filter(|other| other.code != row.code)
                {
                    let (name, to) = (name.to_owned(), other.code.clone());
                    let from = row.code.clone();
                    found.push(Incompatibility::NameMoved { name, from, to });
                }
            }
        }
        let codes = |of: &Self| of.departments().iter().map(|row| row.code.clone()).collect();
        let (before, after): (BTreeSet<DeptId>, BTreeSet<DeptId>) = (codes(self), codes(next));
        found.extend(before.difference(&after).cloned().map(Incompatibility::DepartmentRemoved));
        found.extend(after.difference(&before).cloned().map(Incompatibility::DepartmentAdded));
        found
    }

    fn compare(
        &self,
        row: &MaterialType,
        next: &Self,
        changed: &MaterialType,
        found: &mut Vec<Incompatibility>,
    ) {
        let code = || row.code.clone();
        if row.supply != changed.supply {
            let (from, to) = (row.supply, changed.supply);
            found.push(Incompatibility::Supply { code: code(), from, to });
        }
        if row.personal != changed.personal {
            found.push(Incompatibility::Personal(code()));
        }
        if row.subject != changed.subject {
            let (from, to) = (row.subject, changed.subject);
            found.push(Incompatibility::Subject { code: code(), from, to });
        }
        let everywhere = (row.department != changed.department).then_some(None);
        let regions = self.regional_of(row).chain(next.regional_of(changed));
        let regions: BTreeSet<&str> = regions.collect();
        for region in everywhere.into_iter().chain(regions.into_iter().map(Some)) {
            let from = self.source_department(row, region);
            let to = next.source_department(changed, region);
            if from != to {
                let (from, to, region) = (from.clone(), to.clone(), region.map(str::to_owned));
                found.push(Incompatibility::Department { code: code(), region, from, to });
            }
        }
    }

    /// Returns the regions in which a department of its own answers for a type.
    fn regional_of(&self, row: &MaterialType) -> impl Iterator<Item = &str> {
        let regions = self.regional.get(&row.source_department);
        regions.into_iter().flatten().map(|(region, _department)| region.as_str())
    }
}

// === impl Incompatibility ===

impl fmt::Display for Incompatibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TypeRemoved(code) => {
                write!(f, "type {code} is removed, keep it: stored versions are of it")
            }
            Self::NameMoved { name, from, to } => {
                write!(f, "{name} names {to} instead of {from}, give {to} another name")
            }
            Self::Supply { code, from, to } => {
                let (from, to) = (from.as_str(), to.as_str());
                write!(f, "supply of {code} is {to} instead of {from}, add a type of its own")
            }
            Self::Personal(code) => {
                write!(f, "personal of {code} is changed, add a type of its own")
            }
            Self::Subject { code, from, to } => {
                let (from, to) = (from.as_str(), to.as_str());
                write!(f, "subject of {code} is {to} instead of {from}, add a type of its own")
            }
            Self::Department { code, region, from, to } => {
                let region = region.as_ref().map(|region| format!(" in region {region}"));
                let region = region.unwrap_or_default();
                write!(f, "{to} answers for {code}{region} instead of {from}, restart the gateway")
            }
            Self::DepartmentAdded(code) => {
                write!(f, "department {code} is added, restart the gateway")
            }
            Self::DepartmentRemoved(code) => {
                write!(f, "department {code} is removed, restart the gateway")
            }
        }
    }
}
