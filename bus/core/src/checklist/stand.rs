//! How each material stands, and by that each requirement.

use std::{cmp::Reverse, time::Duration};

use jiff::Timestamp;

use super::{
    ChecklistQuery, ItemChecklist, Question, RequirementAnswer, RequirementStatus,
    plan::{Need, Planned, PlannedItem},
    sentence::Told,
};
use crate::{
    Bus, Catalog, Circumstances, CorrectionState, DeptId, ExchangeError, Fact, Judgement,
    MaterialInfo, Number, TypeCode, UploadException, Verdict, VersionName, When,
    cache::Topic,
    gather::{Gathered, Wanted},
    info::age,
};

/// A material that satisfies a requirement, or its part of one; or that is held, and good no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaterialAnswer {
    /// Its type.
    pub material_type: TypeCode,
    /// Its version; `None` where nobody fetched it yet, or nobody ever does.
    pub version: Option<VersionName>,
    /// The issuer's number.
    pub number: Number,
    /// Department that holds it.
    pub holder: DeptId,
    /// How it stands, and until when.
    pub judgement: Judgement,
    /// Whether it was only brought while its holder did not answer.
    pub contribution: bool,
}

/// How everything stands that was looked for.
pub(super) struct Stands<'a> {
    catalog: &'a Catalog,
    stands: Vec<Stand>,
    now: Timestamp,
    grace: Duration,
}

/// How what is held of one type about one party stands.
#[derive(Clone, Debug)]
struct Stand {
    status: RequirementStatus,
    material: Option<MaterialAnswer>,
}

// === impl Stands ===

impl<'a> Stands<'a> {
    /// Judges what was gathered for `wanted`, as of now.
    pub(super) async fn judge(
        bus: &Bus,
        wanted: &[Wanted],
        gathered: Vec<Gathered>,
        query: &'a ChecklistQuery,
    ) -> Result<Self, ExchangeError> {
        let now = bus.clock.now();
        let mut stands = Vec::with_capacity(wanted.len());
        for (wanted, gathered) in wanted.iter().zip(gathered) {
            let Wanted { material_type, subject } = wanted;
            let when = When::Now(now);
            let under = bus.circumstances(material_type, subject, &query.facts, when).await?;
            let chosen = query.chosen(wanted);
            stands.push(match gathered {
                Gathered::Away { holder, since } => {
                    let material = bus.brought(wanted, chosen, &under, now).await?;
                    Stand::away(material, holder, since)
                }
                gathered => Stand::judge(wanted, gathered, chosen, &under, now),
            });
        }
        let grace = bus.limits.unknown_grace;
        Ok(Self { catalog: &query.catalog, stands, now, grace })
    }

    /// Answers one item.
    pub(super) fn answer(&self, planned: &PlannedItem<'_>) -> ItemChecklist {
        let PlannedItem { item, requirements } = planned;
        ItemChecklist {
            item: item.code.clone(),
            name_zh: item.name_zh.clone(),
            name_en: item.name_en.clone(),
            requirements: requirements.iter().map(|planned| self.requirement(planned)).collect(),
        }
    }

    fn requirement(&self, planned: &Planned<'_>) -> RequirementAnswer {
        let Planned { requirement, need } = planned;
        let (status, materials) = match need {
            Need::Role(role) => (RequirementStatus::Ambiguous(Question::Role(*role)), Vec::new()),
            Need::Fact(fact) => (RequirementStatus::Ambiguous(Question::of(fact)), Vec::new()),
            Need::Materials(any_of) => self.nearest(any_of),
        };
        let may_ask = self.may_ask(&status);
        let catalog = self.catalog;
        let told = Told { catalog, requirement, status: &status, materials: &materials, may_ask };
        RequirementAnswer {
            any_of: requirement.any_of.clone(),
            party: requirement.party,
            name_zh: told.name_zh(),
            name_en: told.name_en(),
            sentence_zh: told.zh(),
            sentence_en: told.en(),
            status,
            materials,
            may_ask,
        }
    }

    /// Takes the list that is nearest to being satisfied; of equal ones the first.
    fn nearest(&self, any_of: &[Vec<usize>]) -> (RequirementStatus, Vec<MaterialAnswer>) {
        let lists = any_of.iter().map(|all_of| self.together(all_of));
        let nearest = lists.min_by_key(|(status, _)| Reverse(status.nearness()));
        nearest.unwrap_or((RequirementStatus::Missing, Vec::new()))
    }

    /// A list is as near as its farthest type.
    fn together(&self, all_of: &[usize]) -> (RequirementStatus, Vec<MaterialAnswer>) {
        let stands = || all_of.iter().filter_map(|place| self.stands.get(*place));
        let farthest = stands().map(|stand| &stand.status).min_by_key(|status| status.nearness());
        let materials = stands().filter_map(|stand| stand.material.clone()).collect();
        (farthest.cloned().unwrap_or(RequirementStatus::Missing), materials)
    }

    /// What sharing can supply is not asked for again (State Council Order 809): only what nobody
    /// holds or may share, and what its department has kept from being known for too long, unless it
    /// was brought meanwhile.
    fn may_ask(&self, status: &RequirementStatus) -> bool {
        match status {
            RequirementStatus::Missing | RequirementStatus::NotShared(_) => true,
            RequirementStatus::Unknown { since, brought, .. } => {
                !brought && self.grace <= age(*since, self.now)
            }
            RequirementStatus::Satisfied
            | RequirementStatus::Expiring
            | RequirementStatus::Ambiguous(_) => false,
        }
    }
}

// === impl Stand ===

impl Stand {
    fn judge(
        wanted: &Wanted,
        gathered: Gathered,
        chosen: Option<&Number>,
        under: &Circumstances<'_>,
        now: Timestamp,
    ) -> Self {
        let found = match gathered {
            Gathered::Found(found) => found,
            Gathered::Barred(bar) => return Self::without(RequirementStatus::NotShared(bar)),
            Gathered::Away { holder, since } => return Self::away(None, holder, since),
        };
        let held: Vec<MaterialAnswer> = found
            .iter()
            .filter(|found| chosen.is_none_or(|number| number == found.number()))
            .map(|found| found.info(&wanted.material_type, under, now).into())
            .collect();
        let good: Vec<_> = held.iter().filter(|held| held.judgement.verdict.is_good()).collect();
        match good[..] {
            [] => Self { status: RequirementStatus::Missing, material: held.into_iter().next() },
            [one] => Self { status: one.status(), material: Some(one.clone()) },
            ref several => {
                let numbers = several.iter().map(|one| one.number.clone()).collect();
                Self::without(RequirementStatus::Ambiguous(Question::Numbers(numbers)))
            }
        }
    }

    /// Its department does not answer; `material` was brought meanwhile.
    fn away(material: Option<MaterialAnswer>, holder: DeptId, since: Timestamp) -> Self {
        let brought = material.is_some();
        Self { status: RequirementStatus::Unknown { holder, since, brought }, material }
    }

    fn without(status: RequirementStatus) -> Self {
        Self { status, material: None }
    }
}

// === impl MaterialAnswer ===

impl From<MaterialInfo> for MaterialAnswer {
    fn from(info: MaterialInfo) -> Self {
        Self {
            material_type: info.material_type,
            version: info.version,
            number: info.document.number,
            holder: info.holder,
            judgement: info.judgement,
            contribution: info.contribution.is_some(),
        }
    }
}

impl MaterialAnswer {
    /// How a requirement stands that this satisfies.
    fn status(&self) -> RequirementStatus {
        match self.judgement.verdict {
            Verdict::Expiring | Verdict::Undated => RequirementStatus::Expiring,
            _ => RequirementStatus::Satisfied,
        }
    }
}

impl Bus {
    /// Returns what was brought last while its holder did not answer, as long as nobody compared it.
    async fn brought(
        &self,
        wanted: &Wanted,
        chosen: Option<&Number>,
        under: &Circumstances<'_>,
        now: Timestamp,
    ) -> Result<Option<MaterialAnswer>, ExchangeError> {
        let (code, subject) = (wanted.material_type.code.clone(), wanted.subject.clone());
        let topic = Topic { material_type: code, subject };
        let mut brought = self.contributed(&topic, under, now).await?;
        brought.retain(|info| {
            let down = info.contribution.as_ref().is_some_and(|contribution| {
                contribution.state == CorrectionState::Open
                    && contribution.exception == Some(UploadException::HolderDown)
            });
            let verdict = info.judgement.verdict;
            down && chosen.is_none_or(|number| *number == info.document.number)
                && (verdict.is_good() || verdict == Verdict::Unknown)
        });
        Ok(brought.pop().map(MaterialAnswer::from))
    }
}

// === impl ChecklistQuery ===

impl ChecklistQuery {
    /// Returns the number that was chosen for a type and subject.
    fn chosen(&self, wanted: &Wanted) -> Option<&Number> {
        let choice = self.choices.iter().find(|choice| {
            choice.material_type == wanted.material_type.code
                && self.parties.subject(choice.party) == Some(&wanted.subject)
        });
        choice.map(|choice| &choice.number)
    }
}

// === impl Question ===

impl Question {
    fn of(fact: &Fact) -> Self {
        Self::Fact {
            key: fact.key.clone(),
            kind: fact.kind.clone(),
            zh: fact.question_zh.clone(),
            en: fact.question_en.clone(),
        }
    }
}
