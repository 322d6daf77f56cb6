//! `oncebus catalog types`: which materials there are, as the running gateway says.

use clap::Args;
use oncebus_proto::v1::{self as pb, catalog_service_client::CatalogServiceClient};
use serde_json::{Value, json};

use crate::{
    client::{CALL_TIME, ProfileArgs, failed, within},
    exit::CliError,
    output::{Column, OutputArgs},
};

const COLUMNS: [Column; 8] = [
    ("#", "alias"),
    ("code", "code"),
    ("名称", "name_zh"),
    ("name", "name_en"),
    ("held by", "department"),
    ("supply", "supply"),
    ("personal", "personal"),
    ("at most", "max_size_bytes"),
];

/// Flags of `catalog types`.
#[derive(Debug, Args)]
pub(crate) struct TypesArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    output: OutputArgs,
}

// === impl TypesArgs ===

impl TypesArgs {
    /// Lists the types.
    ///
    /// # Errors
    ///
    /// Returns what the gateway refuses, and a failed connection.
    pub(super) async fn run(self) -> Result<(), CliError> {
        let mut client = CatalogServiceClient::new(self.profile.connect()?);
        let mut rows = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = pb::ListMaterialTypesRequest { page_size: 0, page_token };
            let request = within(CALL_TIME, request);
            let answer = client.list_material_types(request).await.map_err(|s| failed(&s))?;
            let answer = answer.into_inner();
            rows.extend(answer.material_types.iter().map(row));
            page_token = answer.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        self.output.rows(&COLUMNS, &rows);
        Ok(())
    }
}

fn row(row: &pb::MaterialType) -> Value {
    json!({
        "code": row.code,
        "alias": row.alias,
        "name_zh": row.name_zh,
        "name_en": row.name_en,
        "issuer": row.issuer,
        "source_department": row.source_department,
        "department": row.department,
        "subject": row.subject_scheme,
        "stage": row.stage,
        "supply": word(row.supply().as_str_name(), "SUPPLY_"),
        "class": word(row.sharing_class().as_str_name(), "SHARING_CLASS_"),
        "media_types": row.media_types,
        "max_size_bytes": row.max_size_bytes,
        "personal": row.personal,
        "may_be_stale": row.may_be_stale,
        "pointer_age_s": row.pointer_age.map(|age| age.seconds),
    })
}

/// Turns a value's name on the wire into the word that files have.
fn word(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_the_names_that_scripts_rely_on() {
        let listed = pb::MaterialType {
            code: "business_license".to_owned(),
            alias: "M01".to_owned(),
            name_zh: "营业执照".to_owned(),
            name_en: "Business licence".to_owned(),
            issuer: "市场监管局".to_owned(),
            source_department: "市场监管局".to_owned(),
            department: "market".to_owned(),
            subject_scheme: "credit".to_owned(),
            stage: "any".to_owned(),
            supply: pb::Supply::OriginHeld.into(),
            sharing_class: pb::SharingClass::NotShared.into(),
            media_types: vec!["application/pdf".to_owned()],
            max_size_bytes: 1024,
            personal: true,
            may_be_stale: false,
            pointer_age: Some(prost_types::Duration { seconds: 60, nanos: 0 }),
            ..Default::default()
        };

        let expected = json!({
            "code": "business_license", "alias": "M01",
            "name_zh": "营业执照", "name_en": "Business licence",
            "issuer": "市场监管局", "source_department": "市场监管局", "department": "market",
            "subject": "credit", "stage": "any", "supply": "origin_held", "class": "not_shared",
            "media_types": ["application/pdf"], "max_size_bytes": 1024, "personal": true,
            "may_be_stale": false, "pointer_age_s": 60,
        });
        assert_eq!(row(&listed), expected);
        assert!(COLUMNS.iter().all(|(_, field)| expected.get(field).is_some()));
    }
}
