//! How many pieces a checklist has.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::ItemChecklist;

/// How many pieces a checklist has; stands in its record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Requirements of all items together.
    pub asked: u32,
    /// Different ones: an any-of counts once, however many items ask for it, of whomever.
    pub distinct: u32,
    /// Different documents that are held and good.
    pub held: u32,
    /// Different documents that the applicant may be asked for.
    pub to_collect: u32,
    /// Requirements that what is held satisfies: pieces that nobody has to bring.
    pub satisfied: u32,
}

// === impl Counts ===

impl Counts {
    pub(super) fn of(items: &[ItemChecklist]) -> Self {
        let answers = || items.iter().flat_map(|item| &item.requirements);
        // A document is what is required and whose: one contractor's and one designer's are two.
        let mut documents = HashMap::new();
        let mut kinds = HashSet::new();
        for answer in answers() {
            kinds.insert(&answer.any_of);
            documents.entry((&answer.any_of, answer.party)).or_insert(answer);
        }
        Self {
            asked: count(answers()),
            distinct: count(kinds.iter()),
            held: count(documents.values().filter(|answer| answer.status.is_held())),
            to_collect: count(documents.values().filter(|answer| answer.may_ask)),
            satisfied: count(answers().filter(|answer| answer.status.is_held())),
        }
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}
