//! `oncebus catalog`: which materials there are.

use clap::{Args, Subcommand};
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

/// Reads the catalogue
#[derive(Debug, Subcommand)]
pub(crate) enum CatalogCommand {
    /// Lists the types of material
    Types(TypesArgs),
}

/// Flags of `catalog types`.
#[derive(Debug, Args)]
pub(crate) struct TypesArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    output: OutputArgs,
}

// === impl CatalogCommand ===

impl CatalogCommand {
    /// Runs the command.
    pub(crate) async fn run(self) -> Result<(), CliError> {
        let Self::Types(args) = self;
        let mut client = CatalogServiceClient::new(args.profile.connect()?);
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
        args.output.rows(&COLUMNS, &rows);
        Ok(())
    }
}

fn row(row: &pb::MaterialType) -> Value {
    let supply = row.supply().as_str_name().trim_start_matches("SUPPLY_").to_lowercase();
    json!({
        "code": row.code,
        "alias": row.alias,
        "name_zh": row.name_zh,
        "name_en": row.name_en,
        "source_department": row.source_department,
        "department": row.department,
        "supply": supply,
        "media_types": row.media_types,
        "max_size_bytes": row.max_size_bytes,
        "personal": row.personal,
        "may_be_stale": row.may_be_stale,
        "pointer_age_s": row.pointer_age.map(|age| age.seconds),
    })
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
            source_department: "市场监管局".to_owned(),
            department: "market".to_owned(),
            supply: pb::Supply::OriginHeld.into(),
            media_types: vec!["application/pdf".to_owned()],
            max_size_bytes: 1024,
            personal: true,
            may_be_stale: false,
            pointer_age: Some(prost_types::Duration { seconds: 60, nanos: 0 }),
        };

        let expected = json!({
            "code": "business_license", "alias": "M01",
            "name_zh": "营业执照", "name_en": "Business licence",
            "source_department": "市场监管局", "department": "market", "supply": "origin_held",
            "media_types": ["application/pdf"], "max_size_bytes": 1024, "personal": true,
            "may_be_stale": false, "pointer_age_s": 60,
        });
        assert_eq!(row(&listed), expected);
        assert!(COLUMNS.iter().all(|(_, field)| expected.get(field).is_some()));
    }
}
