//! The sample case: a project with three enterprises on its way through the approvals.

use std::collections::BTreeMap;

use oncebus_gateway::{Catalog, Facts, Holds, Requirement};
use oncebus_proto::v1 as pb;
use serde::Deserialize;

use crate::{
    exit::CliError,
    sample::{PARTIES, PROJECT},
};

/// What is played, as far as a catalogue has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseFile {
    package: String,
    items: Vec<String>,
    facts: BTreeMap<String, String>,
}

/// One case: a number, and what is asked for in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Case {
    /// The agency's number of it.
    pub(super) number: &'static str,
    /// Codes of its items.
    pub(super) items: Vec<String>,
    /// Code of its package; empty where items are handled by themselves.
    pub(super) package: String,
    /// What is known of it.
    pub(super) facts: BTreeMap<String, String>,
}

/// Numbers of the cases: the package twice, and all items once.
const NUMBERS: [&str; 3] = ["JN-2026-0001", "JN-2026-0002", "JN-2026-0003"];

// === impl Case ===

impl Case {
    /// Returns the cases that can be played with a catalogue: none without any of the items.
    ///
    /// # Errors
    ///
    /// Returns a failed check if the shipped file is not what this program reads.
    pub(super) fn all(catalog: &Catalog) -> Result<Vec<Self>, CliError> {
        let file: CaseFile = toml::from_str(include_str!("../../demo/case.toml"))
            .map_err(|error| CliError::check(format!("the sample case: {error}")))?;
        let declared = |key: &String| catalog.facts().iter().any(|fact| fact.key == *key);
        let facts: BTreeMap<_, _> =
            file.facts.into_iter().filter(|(key, _)| declared(key)).collect();
        let known = |codes: Vec<String>| -> Vec<_> {
            codes.into_iter().filter(|code| catalog.item(code).is_some()).collect()
        };
        let package = catalog.package(&file.package);
        let mut cases = Vec::new();
        for number in &NUMBERS[..2] {
            cases.extend(package.map(|package| Self {
                number,
                items: known(package.items.clone()),
                package: package.code.clone(),
                facts: facts.clone(),
            }));
        }
        let items = known(file.items);
        if !items.is_empty() {
            cases.push(Self { number: NUMBERS[2], items, package: String::new(), facts });
        }
        Ok(cases)
    }

    /// Returns how many pieces its items require, by the facts of the case.
    pub(super) fn pieces(&self, catalog: &Catalog) -> u64 {
        let given = self.facts.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let facts = Facts::read(catalog.facts(), given).unwrap_or_default();
        let items = self.items.iter().filter_map(|code| catalog.item(code));
        let applies = |piece: &&Requirement| {
            piece.when.as_ref().is_none_or(|when| when.holds(&facts) != Holds::No)
        };
        items.flat_map(|item| &item.requires).filter(applies).count() as u64
    }

    /// Returns the call that asks for its checklist.
    pub(super) fn request(&self, purpose: pb::Purpose) -> pb::ResolveRequirementsRequest {
        let alone = self.package.is_empty();
        let parties = PARTIES.iter().map(|party| pb::Party {
            role: party.role.to_owned(),
            subject: Some(pb::Subject {
                scheme: party.scheme.to_owned(),
                value: party.value.to_owned(),
            }),
        });
        pb::ResolveRequirementsRequest {
            items: if alone { self.items.clone() } else { Vec::new() },
            package: self.package.clone(),
            project: PROJECT.to_owned(),
            parties: parties.collect(),
            facts: self.facts.clone().into_iter().collect(),
            purpose: Some(pb::Purpose { case_number: self.number.to_owned(), ..purpose }),
            ..Default::default()
        }
    }
}
