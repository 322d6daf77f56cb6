//! A structured record: the data items that a type declares, as one JSON object.

use oncebus_gateway::{MaterialType, Supply};
use serde_json::{Map, Value};

use super::{
    PROJECT,
    party::{CONTRACTOR, DESIGNER, DEVELOPER, SITE, SampleParty},
};

/// Name of the data item that names the project.
pub(super) const PROJECT_NAME: &str = "project_name";

/// Returns the record of a type about a party, or about the project, which it calls `project`; RFC 8785
/// for these texts: sorted keys, no blanks.
pub(super) fn of(row: &MaterialType, about: Option<&SampleParty>, project: &str) -> Vec<u8> {
    let mut names: Vec<_> = row.fields.iter().map(|field| field.name.as_str()).collect();
    names.sort_unstable();
    let value = |name: &&str| {
        let text = match *name {
            PROJECT_NAME => project.to_owned(),
            name => value(row, name, about),
        };
        ((*name).to_owned(), Value::from(text))
    };
    let record: Map<_, _> = names.iter().map(value).collect();
    Value::from(record).to_string().into_bytes()
}

fn value(row: &MaterialType, name: &str, about: Option<&SampleParty>) -> String {
    let about = about.unwrap_or(&DEVELOPER);
    let known = match name {
        "name" => about.name,
        "credit_code" | "citizen_id" => about.value,
        "project_code" => PROJECT,
        "developer" | "land_user" | "right_holder" | "tenderer" | "employer" => DEVELOPER.name,
        "contractor" | "winner" => CONTRACTOR.name,
        "designer" => DESIGNER.name,
        "legal_representative" => "张伟",
        "site" | "address" => SITE,
        "land_area" => "30000平方米",
        "building_area" => "45000平方米",
        "contract_price" | "bid_price" => "8600万元",
        "project_manager" => "王强",
        "term" => "长期",
        _ => return sampled(row, name),
    };
    known.to_owned()
}

/// Returns a text that says of what it is the sample.
fn sampled(row: &MaterialType, name: &str) -> String {
    let field = row.fields.iter().find(|field| field.name == name);
    let name_zh = field.map_or(name, |field| &field.name_zh);
    match row.supply {
        Supply::VerifyOnly => name_zh.to_owned(),
        Supply::Uploaded | Supply::OriginHeld => format!("{name_zh}（示例）"),
    }
}
