//! `oncebus material resolve`: the checklist of an item or a package.

use clap::Args;
use oncebus_proto::v1::{self as pb, material_service_client::MaterialServiceClient};
use serde_json::{Value, json};

use super::case::{CaseArgs, fact};
use crate::{
    client::{CALL_TIME, CallArgs, ProfileArgs, failed, within},
    exit::CliError,
    output::{Column, OutputArgs},
    say,
};

/// Columns that a clerk reads.
const COLUMNS: [Column; 6] = [
    ("材料 material", "name"),
    ("关于 about", "about"),
    ("状态 status", "state"),
    ("持有部门 held by", "holder"),
    ("有效期至 until", "valid_until"),
    ("说明 note", "sentence"),
];

/// Flags of `material resolve`.
#[derive(Debug, Args)]
pub(crate) struct ResolveArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    call: CallArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    case: CaseArgs,
    /// Code of the item, like I14, or its implementation code of 31 or 33 characters; may be repeated
    #[arg(long = "item", value_name = "ITEM", required_unless_present = "package")]
    items: Vec<String>,
    /// Code of the package of items, like P04
    #[arg(long, value_name = "PACKAGE", conflicts_with = "items")]
    package: Option<String>,
    /// A fact of the case, like land_way=granted; may be repeated
    #[arg(long = "fact", value_name = "KEY=VALUE", value_parser = fact)]
    facts: Vec<(String, String)>,
    /// Which of several materials is meant, like M04@contractor=D337012345; may be repeated
    #[arg(long = "choose", value_name = "TYPE@ROLE=NUMBER", value_parser = choice)]
    choices: Vec<pb::MaterialChoice>,
}

// === impl ResolveArgs ===

impl ResolveArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let mut client = MaterialServiceClient::new(self.profile.connect()?);
        let request = pb::ResolveRequirementsRequest {
            item: String::new(),
            items: self.items,
            package: self.package.unwrap_or_default(),
            project: self.case.project.clone(),
            parties: self.case.parties.clone(),
            facts: self.facts.into_iter().collect(),
            choices: self.choices,
            purpose: Some(self.call.purpose()),
            request_id: self.call.request_id(),
        };
        let request = within(CALL_TIME, request);
        let answer = client.resolve_requirements(request).await.map_err(|s| failed(&s))?;
        show(&self.output, &answer.into_inner());
        Ok(())
    }
}

/// Prints JSON as one object, everything else as rows: a table for each item, then the counts.
fn show(output: &OutputArgs, answer: &pb::ResolveRequirementsResponse) {
    if output.is_json() {
        return output.one(&checklist(answer));
    }
    if !output.is_table() {
        let rows: Vec<_> = answer.items.iter().flat_map(rows).collect();
        return output.rows(&COLUMNS, &rows);
    }
    for item in &answer.items {
        say::line(format_args!("{} {} {}", item.item, item.name_zh, item.name_en));
        output.rows(&COLUMNS, &rows(item));
        say::line("");
    }
    let counts = answer.counts.unwrap_or_default();
    say::line(format_args!(
        "共需 {} 份，去重 {} 种；已有 {} 份，还需收 {} 份   {} asked, {} distinct; {} held, {} to collect",
        counts.asked,
        counts.distinct,
        counts.held,
        counts.to_collect,
        counts.asked,
        counts.distinct,
        counts.held,
        counts.to_collect,
    ));
}

fn rows(item: &pb::ItemChecklist) -> Vec<Value> {
    let row = |answer: &pb::RequirementAnswer| {
        let mut row = json!({ "item": item.item });
        let Value::Object(fields) = requirement(answer) else { return row };
        row.as_object_mut().into_iter().for_each(|row| row.extend(fields.clone()));
        row
    };
    item.requirements.iter().map(row).collect()
}

fn checklist(answer: &pb::ResolveRequirementsResponse) -> Value {
    let counts = answer.counts.unwrap_or_default();
    let items = answer.items.iter().map(|item| {
        json!({
            "item": item.item,
            "name_zh": item.name_zh,
            "name_en": item.name_en,
            "requirements": item.requirements.iter().map(requirement).collect::<Vec<_>>(),
        })
    });
    let receipt = answer.receipt.as_ref();
    json!({
        "items": items.collect::<Vec<_>>(),
        "counts": super::counts(&counts),
        "catalog_version": answer.catalog_version,
        "receipt": receipt.map(|r| json!({"origin": r.origin, "index": r.index})),
    })
}

fn requirement(answer: &pb::RequirementAnswer) -> Value {
    let material = answer.materials.first().cloned().unwrap_or_default();
    let status = answer.status();
    let any_of: Vec<_> = answer.any_of.iter().map(|list| list.material_types.clone()).collect();
    let question = answer.question.as_ref().map(|question| {
        json!({"role": question.role, "fact": question.fact, "numbers": question.numbers})
    });
    json!({
        "type": answer.material_type,
        "any_of": any_of,
        "party": answer.party,
        "status": status.as_str_name().trim_start_matches("REQUIREMENT_STATUS_"),
        "version": material.version,
        "number": material.number,
        "holder": material.holder,
        "valid_until": material.valid_until,
        "validity": material.validity().as_str_name().trim_start_matches("VALIDITY_"),
        "may_ask": answer.may_ask,
        "question": question,
        "citation": answer.citation,
        "unreachable": answer.unreachable,
        "name": answer.name_zh,
        "name_en": answer.name_en,
        "about": format!("{} {}", answer.party_zh, answer.party),
        "state": state(status),
        "sentence": answer.sentence_zh.split_once('：').map_or("", |(_, told)| told),
        "sentence_zh": answer.sentence_zh,
        "sentence_en": answer.sentence_en,
    })
}

fn state(status: pb::RequirementStatus) -> &'static str {
    match status {
        pb::RequirementStatus::Satisfied => "已有 held",
        pb::RequirementStatus::Expiring => "将到期 expiring",
        pb::RequirementStatus::Missing => "缺 missing",
        pb::RequirementStatus::Ambiguous => "待定 ambiguous",
        pb::RequirementStatus::NotShared => "不共享 not shared",
        pb::RequirementStatus::Unknown => "未知 unknown",
        pb::RequirementStatus::Unspecified => "",
    }
}

fn choice(text: &str) -> Result<pb::MaterialChoice, String> {
    let read = || {
        let (what, number) = text.split_once('=')?;
        let (material_type, party) = what.split_once('@')?;
        Some(pb::MaterialChoice {
            material_type: material_type.to_owned(),
            party: party.to_owned(),
            number: number.to_owned(),
        })
    };
    read().ok_or_else(|| "give TYPE@ROLE=NUMBER, like M04@contractor=D337012345".to_owned())
}
