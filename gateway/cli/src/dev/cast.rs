//! Who plays on a development bus, and what each may: it follows from the catalogue.

use std::sync::Arc;

use oncebus_gateway::{Catalog, MaterialType, Supply};

use crate::exit::CliError;

/// Department of the auditor, of the operator and of who approves unsealing; it holds nothing and has no adapter.
pub(super) const AUDIT_DEPARTMENT: &str = "audit";
/// Name of the auditor's system.
pub(crate) const AUDITOR: &str = "auditor";
/// Name of the operator's system.
pub(super) const OPERATOR: &str = "operator";
/// Name of the system that approves unsealing.
pub(super) const SECURITY: &str = "security";
/// Id of the gateway.
pub(super) const GATEWAY: &str = "g1";
/// Name of every department's adapter.
pub(super) const ADAPTER: &str = "files";

/// The departments, and what they may.
#[derive(Debug)]
pub(crate) struct Cast {
    /// Every department with an adapter and a system, in the catalogue's order.
    pub(super) members: Vec<Member>,
    /// Codes of the types that every member may fetch.
    pub(super) fetches: Vec<String>,
    /// Codes of the types that every member may have verified.
    pub(super) verifies: Vec<String>,
}

/// A department with an adapter and a system; the system is named like the department.
#[derive(Debug)]
pub(super) struct Member {
    /// Its code.
    pub(super) department: String,
    /// Codes of the types that it may publish.
    pub(super) publishes: Vec<String>,
    /// Codes of the types that its adapter keeps: what it holds already, to be fetched or only
    /// verified, and what it publishes.
    pub(super) keeps: Vec<String>,
}

// === impl Cast ===

impl Cast {
    /// Casts the departments of `catalog`.
    ///
    /// # Errors
    ///
    /// Returns wrong usage if the catalogue has no department for the auditor, or no other.
    pub(super) fn of(catalog: &Catalog) -> Result<Self, CliError> {
        let codes = || catalog.departments().iter().map(|row| row.code.as_str());
        if !codes().any(|code| code == AUDIT_DEPARTMENT) {
            return Err(CliError::usage(format!(
                "the catalogue has no department {AUDIT_DEPARTMENT}: add it to departments.toml, the \
                 auditor belongs there"
            )));
        }
        let members: Vec<_> = codes()
            .filter(|code| *code != AUDIT_DEPARTMENT)
            .map(|code| Member::of(catalog, code))
            .collect();
        if members.is_empty() {
            return Err(CliError::usage(format!(
                "the catalogue has no department but {AUDIT_DEPARTMENT}: add one to departments.toml"
            )));
        }
        let (verified, fetched): (Vec<_>, Vec<_>) =
            catalog.types().iter().partition(|row| row.supply == Supply::VerifyOnly);
        let codes =
            |rows: Vec<&Arc<MaterialType>>| rows.iter().map(|row| row.code.to_string()).collect();
        Ok(Self { members, fetches: codes(fetched), verifies: codes(verified) })
    }

    /// Returns the codes of all types that a member may fetch or have verified.
    pub(super) fn may_ask_for(&self) -> Vec<&str> {
        self.fetches.iter().chain(&self.verifies).map(String::as_str).collect()
    }

    /// Checks that every one of `departments` has a part.
    ///
    /// # Errors
    ///
    /// Returns wrong usage naming the first that has none.
    pub(super) fn check_departments<'d>(
        &self,
        departments: impl IntoIterator<Item = &'d String>,
    ) -> Result<(), CliError> {
        let has_part = |code: &&String| self.members.iter().any(|m| m.department == **code);
        match departments.into_iter().find(|code| !has_part(code)) {
            None => Ok(()),
            Some(unknown) => {
                let known: Vec<_> = self.members.iter().map(|m| m.department.as_str()).collect();
                Err(CliError::usage(format!(
                    "--adapter {unknown:?}: no such department; there are {}",
                    known.join(", ")
                )))
            }
        }
    }
}

// === impl Member ===

impl Member {
    fn of(catalog: &Catalog, department: &str) -> Self {
        let codes = |supplies: &[Supply]| {
            let rows = catalog.types().iter();
            let own = rows.filter(|row| {
                row.department.as_str() == department && supplies.contains(&row.supply)
            });
            own.map(|row| row.code.to_string()).collect()
        };
        Self {
            department: department.to_owned(),
            publishes: codes(&[Supply::Uploaded]),
            keeps: codes(&[Supply::Uploaded, Supply::OriginHeld, Supply::VerifyOnly]),
        }
    }
}

#[cfg(test)]
mod tests {
    use oncebus_gateway::CatalogSources;

    use super::*;
    use crate::dev::catalogue::shipped;

    #[test]
    fn the_shipped_catalogue_casts_three_departments() {
        let cast = Cast::of(&Catalog::from_sources(&shipped()).unwrap()).unwrap();

        let names: Vec<_> = cast.members.iter().map(|m| m.department.as_str()).collect();
        assert_eq!(names, ["housing", "planning", "market"]);
        assert_eq!((cast.fetches.len(), cast.verifies.len()), (27, 1));
        assert_eq!(cast.members.iter().map(|m| m.publishes.len()).sum::<usize>(), 5);
    }

    #[test]
    fn a_catalogue_without_the_auditors_department_is_refused() {
        let sources = shipped();
        let departments = sources.departments.replace("code = \"audit\"", "code = \"other\"");
        let catalog = Catalog::from_sources(&CatalogSources { departments, ..sources }).unwrap();

        let error = Cast::of(&catalog).unwrap_err();

        assert!(error.message.contains("no department audit"), "{error}");
    }
}
