//! What a checklist has to look for: requirements of items, for these parties and facts.

use std::{collections::HashMap, sync::Arc};

use crate::{
    Catalog, Fact, Facts, Holds, Item, MaterialType, Parties, PartyRole, Requirement, Subject,
    TypeCode, gather::Wanted,
};

/// Everything that is required, and everything to look for, each once.
#[derive(Debug)]
pub(super) struct Plan<'c> {
    pub(super) items: Vec<PlannedItem<'c>>,
    pub(super) wanted: Vec<Wanted>,
}

/// An item, and those of its requirements whose condition is not false.
#[derive(Debug)]
pub(super) struct PlannedItem<'c> {
    pub(super) item: &'c Item,
    pub(super) requirements: Vec<Planned<'c>>,
}

/// A requirement, and what it needs.
#[derive(Debug)]
pub(super) struct Planned<'c> {
    pub(super) requirement: &'c Requirement,
    pub(super) need: Need<'c>,
}

/// What a requirement needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Need<'c> {
    /// Any of these lists, all of one: places in [`Plan::wanted`].
    Materials(Vec<Vec<usize>>),
    /// To know who is in this role.
    Role(PartyRole),
    /// To know this fact.
    Fact(&'c Fact),
}

/// Gives everything to look for its place.
struct Places<'c> {
    catalog: &'c Catalog,
    wanted: Vec<Wanted>,
    by_topic: HashMap<(TypeCode, Subject), usize>,
}

// === impl Plan ===

impl<'c> Plan<'c> {
    /// Plans the checklist of `items`, which are of `catalog`.
    pub(super) fn new(
        catalog: &'c Catalog,
        items: &[&'c Item],
        parties: &Parties,
        facts: &Facts,
    ) -> Self {
        let mut places = Places { catalog, wanted: Vec::new(), by_topic: HashMap::new() };
        let items = items
            .iter()
            .map(|item| PlannedItem {
                item,
                requirements: item
                    .requires
                    .iter()
                    .filter_map(|requirement| places.planned(requirement, parties, facts))
                    .collect(),
            })
            .collect();
        Self { items, wanted: places.wanted }
    }
}

// === impl Places ===

impl<'c> Places<'c> {
    /// Plans one requirement; `None` if it does not apply.
    fn planned(
        &mut self,
        requirement: &'c Requirement,
        parties: &Parties,
        facts: &Facts,
    ) -> Option<Planned<'c>> {
        let holds = requirement.when.as_ref().map_or(Holds::Yes, |when| when.holds(facts));
        let need = match holds {
            Holds::No => return None,
            Holds::Unknown(key) => self.fact(key)?,
            Holds::Yes => self.materials(requirement, parties),
        };
        Some(Planned { requirement, need })
    }

    fn fact(&self, key: &str) -> Option<Need<'c>> {
        self.catalog.facts().iter().find(|fact| fact.key == key).map(Need::Fact)
    }

    fn materials(&mut self, requirement: &Requirement, parties: &Parties) -> Need<'c> {
        let roles = [requirement.party].into_iter().chain(requirement.with.iter().copied());
        for role in roles {
            if parties.subject(role).is_none() {
                return Need::Role(role);
            }
        }
        let Some(subject) = parties.subject(requirement.party) else {
            return Need::Role(requirement.party);
        };
        let any_of = requirement.any_of.iter().map(|all_of| {
            let types = all_of.iter().filter_map(|code| self.catalog.material_type(code.as_str()));
            types.cloned().collect::<Vec<_>>()
        });
        let any_of: Vec<_> = any_of.collect();
        let place = |material_type: Arc<MaterialType>| self.place(material_type, subject);
        Need::Materials(placed(any_of, place))
    }

    fn place(&mut self, material_type: Arc<MaterialType>, subject: &Subject) -> usize {
        let topic = (material_type.code.clone(), subject.clone());
        *self.by_topic.entry(topic).or_insert_with(|| {
            self.wanted.push(Wanted { material_type, subject: subject.clone() });
            self.wanted.len() - 1
        })
    }
}

fn placed(
    any_of: Vec<Vec<Arc<MaterialType>>>,
    mut place: impl FnMut(Arc<MaterialType>) -> usize,
) -> Vec<Vec<usize>> {
    any_of.into_iter().map(|all_of| all_of.into_iter().map(&mut place).collect()).collect()
}
