//! Messages of ResolveRequirements.

use oncebus_core::{
    Asked, Bar, Bus, Catalog, Checklist, ChecklistQuery, Choice, Counts, Facts, FieldError,
    ItemChecklist, MaterialAnswer, Parties, Party, PartyRole, Question, RequirementAnswer,
    RequirementStatus,
};
use oncebus_proto::v1 as pb;
use oncebus_trail::Receipt;

use super::common::{optional, purpose, receipt, subject};

/// Most facts and choices of one request.
const MAX_GIVEN: usize = 64;

pub(crate) fn checklist_query(
    bus: &Bus,
    message: pb::ResolveRequirementsRequest,
) -> Result<ChecklistQuery, FieldError> {
    let catalog = bus.catalog();
    let (facts, choices) = (message.facts, message.choices);
    bounded("facts", facts.len())?;
    bounded("choices", choices.len())?;
    let given = facts.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    Ok(ChecklistQuery {
        asked: asked(&catalog, &message.item, &message.items, &message.package)?,
        parties: parties(bus, &message.project, message.parties)?,
        facts: Facts::read(catalog.facts(), given)?,
        choices: choices.into_iter().map(|one| choice(bus, one)).collect::<Result<_, _>>()?,
        purpose: purpose(bus, message.purpose)?,
        request_id: optional("request_id", &message.request_id)?,
        catalog,
    })
}

/// Reads what is asked about: an item, items or a package.
fn asked(
    catalog: &Catalog,
    item: &str,
    items: &[String],
    package: &str,
) -> Result<Asked, FieldError> {
    let beside = |field, other| {
        let cure = "give one of item, items and package";
        Err(FieldError::new(field, format!("is given beside {other}"), cure))
    };
    match (item, items, package) {
        ("", [], "") => Asked::items(catalog, "item", []),
        (item, [], "") => Asked::items(catalog, "item", [item]),
        ("", items, "") => Asked::items(catalog, "items", items.iter().map(String::as_str)),
        ("", [], package) => Asked::package(catalog, package),
        (_, [], _) => beside("package", "item"),
        ("", _, _) => beside("package", "items"),
        _ => beside("items", "item"),
    }
}

/// Reads the parties of a case.
pub(super) fn parties(
    bus: &Bus,
    project: &str,
    others: Vec<pb::Party>,
) -> Result<Parties, FieldError> {
    let project = pb::Subject { scheme: "project".to_owned(), value: project.to_owned() };
    let project = subject(bus, Some(project)).map_err(|error| error.of("project"))?;
    bounded("parties", others.len())?;
    let others = others.into_iter().map(|one| party(bus, one)).collect::<Result<_, _>>()?;
    Parties::new(project, others)
}

fn party(bus: &Bus, message: pb::Party) -> Result<Party, FieldError> {
    let role: PartyRole = message.role.parse()?;
    let of_role = |error: FieldError| {
        let field = format!("parties.{role}.{}", error.field);
        error.of(field)
    };
    Ok(Party { role, subject: subject(bus, message.subject).map_err(of_role)? })
}

fn choice(bus: &Bus, message: pb::MaterialChoice) -> Result<Choice, FieldError> {
    let of_choices = |field: &'static str| move |error: FieldError| error.of(field);
    let material_type = bus.material_type(&message.material_type);
    Ok(Choice {
        material_type: material_type.map_err(of_choices("choices.material_type"))?.code.clone(),
        party: message.party.parse().map_err(of_choices("choices.party"))?,
        number: message.number.parse().map_err(of_choices("choices.number"))?,
    })
}

fn bounded(field: &'static str, count: usize) -> Result<(), FieldError> {
    if count > MAX_GIVEN {
        let fault = format!("has {count} entries");
        return Err(FieldError::new(field, fault, format!("give at most {MAX_GIVEN}")));
    }
    Ok(())
}

pub(crate) fn checklist(checklist: &Checklist, proof: &Receipt) -> pb::ResolveRequirementsResponse {
    pb::ResolveRequirementsResponse {
        items: checklist.items.iter().map(item).collect(),
        counts: Some(counts(&checklist.counts)),
        catalog_version: checklist.catalog.to_string(),
        receipt: Some(receipt(proof)),
    }
}

/// Writes how many pieces a checklist has.
pub(super) fn counts(counts: &Counts) -> pb::ChecklistCounts {
    let count = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    pb::ChecklistCounts {
        asked: count(counts.asked),
        distinct: count(counts.distinct),
        held: count(counts.held),
        to_collect: count(counts.to_collect),
        satisfied: count(counts.satisfied),
    }
}

fn item(item: &ItemChecklist) -> pb::ItemChecklist {
    pb::ItemChecklist {
        item: item.item.clone(),
        name_zh: item.name_zh.clone(),
        name_en: item.name_en.clone(),
        requirements: item.requirements.iter().map(requirement).collect(),
    }
}

fn requirement(answer: &RequirementAnswer) -> pb::RequirementAnswer {
    let any_of = answer.any_of.iter().map(|all_of| pb::TypeList {
        material_types: all_of.iter().map(ToString::to_string).collect(),
    });
    pb::RequirementAnswer {
        material_type: material_type(answer),
        any_of: any_of.collect(),
        party: answer.party.to_string(),
        party_zh: answer.party.name_zh().to_owned(),
        name_zh: answer.name_zh.clone(),
        name_en: answer.name_en.clone(),
        status: status(&answer.status).into(),
        materials: answer.materials.iter().map(material).collect(),
        may_ask: answer.may_ask,
        sentence_zh: answer.sentence_zh.clone(),
        sentence_en: answer.sentence_en.clone(),
        question: match &answer.status {
            RequirementStatus::Ambiguous(asked) => Some(question(asked)),
            _ => None,
        },
        citation: match &answer.status {
            RequirementStatus::NotShared(bar) => citation(bar),
            _ => String::new(),
        },
        unreachable: match &answer.status {
            RequirementStatus::Unknown { holder, .. } => holder.to_string(),
            _ => String::new(),
        },
    }
}

/// The type that satisfies a requirement, else the first that would.
fn material_type(answer: &RequirementAnswer) -> String {
    let satisfies = answer.materials.first().map(|material| &material.material_type);
    let first = answer.any_of.first().and_then(|all_of| all_of.first());
    satisfies.or(first).map(ToString::to_string).unwrap_or_default()
}

fn status(status: &RequirementStatus) -> pb::RequirementStatus {
    match status {
        RequirementStatus::Satisfied => pb::RequirementStatus::Satisfied,
        RequirementStatus::Expiring => pb::RequirementStatus::Expiring,
        RequirementStatus::Missing => pb::RequirementStatus::Missing,
        RequirementStatus::Ambiguous(_) => pb::RequirementStatus::Ambiguous,
        RequirementStatus::NotShared(_) => pb::RequirementStatus::NotShared,
        RequirementStatus::Unknown { .. } => pb::RequirementStatus::Unknown,
    }
}

fn material(answer: &MaterialAnswer) -> pb::RequirementMaterial {
    pb::RequirementMaterial {
        material_type: answer.material_type.to_string(),
        version: answer.version.as_ref().map(ToString::to_string).unwrap_or_default(),
        number: answer.number.to_string(),
        holder: answer.holder.to_string(),
        valid_until: answer.judgement.until.map(|until| until.to_string()).unwrap_or_default(),
        validity: super::material::validity(answer.judgement.verdict).into(),
        contribution: answer.contribution,
    }
}

fn question(question: &Question) -> pb::Question {
    match question {
        Question::Role(role) => pb::Question { role: role.to_string(), ..Default::default() },
        Question::Fact { key, .. } => pb::Question { fact: key.clone(), ..Default::default() },
        Question::Numbers(numbers) => pb::Question {
            numbers: numbers.iter().map(ToString::to_string).collect(),
            ..Default::default()
        },
    }
}

/// Says why a type is not shared.
pub(super) fn citation(bar: &Bar) -> String {
    match bar {
        Bar::Law { citation } => citation.clone(),
        Bar::Permission => "ACCESS_DENIED".to_owned(),
    }
}
