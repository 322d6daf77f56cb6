//! The catalogue on the wire, and changed while the gateway runs.

use std::{fs, path::Path};

use oncebus_proto::v1 as pb;
use oncebus_tests::{Client, Document, TestBus, reason, receipt};
use tempfile::TempDir;
use tonic::{Code, Status};

use crate::reload::reload;

const JINING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../gateway/cli/catalog/jining");
const PLANNINGS: &str = "[[permission]]\ndepartment = \"planning\"";
const AUDITS: &str = "[[permission]]\ndepartment = \"audit\"";
const NEW_ITEM: &str = r#"
[[item]]
code = "I23"
name_zh = "临时用地审批"
name_en = "Temporary use of land"
stage = "land"
requires = [{ of = "M06|M07" }]
"#;

/// Has the gateway's file name a copy of the shipped catalogue, which `change` may change by file.
fn copied(bus: &TestBus, change: impl Fn(&str, String) -> String) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(JINING).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let text = change(&name, fs::read_to_string(entry.path()).unwrap());
        fs::write(dir.path().join(&name), text).unwrap();
    }
    name_catalogue(bus, dir.path());
    dir
}

fn name_catalogue(bus: &TestBus, dir: &Path) {
    bus.edit_config(|text| {
        let line = text.lines().find(|line| line.starts_with("catalog_dir")).unwrap().to_owned();
        text.replace(&line, &format!("catalog_dir = {dir:?}"))
    });
}

async fn item(client: &Client, code: &str) -> Result<pb::GetItemResponse, Status> {
    let request = pb::GetItemRequest { code: code.to_owned() };
    client.catalog.clone().get_item(request).await.map(tonic::Response::into_inner)
}

async fn types(client: &Client) -> pb::ListMaterialTypesResponse {
    let request = pb::ListMaterialTypesRequest::default();
    client.catalog.clone().list_material_types(request).await.unwrap().into_inner()
}

/// Returns what records say of a catalogue of that version.
fn mark(version: &str) -> &str {
    &version.strip_prefix("sha256:").unwrap()[..16]
}

#[tokio::test]
async fn a_new_item_counts_at_the_next_call_without_a_restart() {
    let bus = TestBus::start().await;
    let client = bus.client("housing");
    let before = types(&client).await.catalog_version;
    let unknown = item(&client, "I23").await.unwrap_err();
    client.publish(&Document::new("construction_contract", "C-1", "a contract")).await.unwrap();
    let _dir = copied(&bus, |name, text| match name {
        "items.toml" => text + NEW_ITEM,
        _ => text,
    });

    let reloaded = reload(&bus.operator()).await.unwrap();

    let found = item(&client, "I23").await.unwrap();
    client.publish(&Document::new("construction_contract", "C-2", "another")).await.unwrap();
    assert_eq!((unknown.code(), reason(&unknown)), (Code::InvalidArgument, "INVALID_FIELD".into()));
    assert_eq!(found.item.unwrap().requirements[0].any_of.len(), 2);
    assert_eq!(found.catalog_version, reloaded.catalog_version);
    assert_ne!(found.catalog_version, before);
    assert_eq!((reloaded.epoch, reloaded.restart_needed), (2, Vec::new()));
    let records = bus.client("audit").records().await;
    let marks: Vec<_> = records
        .iter()
        .filter(|record| record.operation == "publish" || record.kind == "config")
        .map(|record| record.catalog.as_str())
        .collect();
    let (old, new) = (mark(&before), mark(&found.catalog_version));
    assert!(marks.first() == Some(&old) && marks.last() == Some(&new), "{marks:?}");
    let change = records.iter().position(|record| record.kind == "config").unwrap();
    assert_eq!(records[change].catalog, new);
    let calls = records.iter().filter(|record| !record.department.is_empty());
    assert!(calls.into_iter().all(|record| !record.catalog.is_empty()), "{records:?}");
}

#[tokio::test]
async fn a_catalogue_that_cannot_follow_is_refused_and_nothing_changes() {
    type Change = fn(&str, String) -> String;
    let changes: [(&str, Change); 8] = [
        ("type lightning_design_opinion is removed", |name, text| match name {
            "types.toml" => {
                let at = text.find("[[type]]\ncode = \"lightning_design_opinion\"").unwrap();
                let end = at + 1 + text[at + 1..].find("[[type]]").unwrap();
                text[..at].to_owned() + &text[end..]
            }
            "items.toml" => text.replace("    { of = \"M15\" },\n", ""),
            _ => text,
        }),
        ("M27 names fire_acceptance_opinion instead of planning_verification", |name, text| {
            match name {
                "types.toml" => text
                    .replace("alias = \"M27\"", "alias = \"M0\"")
                    .replace("alias = \"M28\"", "alias = \"M27\"")
                    .replace("alias = \"M0\"", "alias = \"M28\""),
                _ => text,
            }
        }),
        ("supply of business_license is uploaded", |name, text| match name {
            "types.toml" => text.replacen("\"origin_held\"", "\"uploaded\"", 1),
            _ => text,
        }),
        ("personal of business_license is changed", |name, text| match name {
            "types.toml" => text.replacen("personal = false", "personal = true", 1),
            _ => text,
        }),
        ("subject of legal_rep_identity is credit instead of citizen", |name, text| match name {
            "types.toml" => text.replace("subject = \"citizen\"", "subject = \"credit\""),
            _ => text.replace("legal_representative\" }", "developer\" }"),
        }),
        (
            "planning answers for lightning_design_opinion instead of housing",
            |name, text| match name {
                "departments.toml" => {
                    let from = "name = \"气象局\"\ndepartment = \"housing\"";
                    text.replace(from, &from.replace("housing", "planning"))
                }
                _ => text,
            },
        ),
        (
            "planning answers for lightning_design_opinion in region 370811 instead of housing",
            |name, text| match name {
                "departments.toml" => {
                    text + "\n[[source]]\nname = \"气象局\"\nregion = \"370811\"\n\
                            department = \"planning\"\n"
                }
                _ => text,
            },
        ),
        ("department water is added", |name, text| match name {
            "departments.toml" => {
                text + "\n[[department]]\ncode = \"water\"\nname_zh = \"水务局\"\n\
                        name_en = \"Water\"\ncredit_code = \"11370800MB00000198\"\n"
            }
            _ => text,
        }),
    ];
    let bus = TestBus::start().await;
    let contract = Document::new("construction_contract", "C-1", "a contract");
    bus.client("housing").publish(&contract).await.unwrap();
    let planning = bus.client("planning");
    let before = types(&planning).await;
    // Nobody may fetch the type that is removed, so the file is sound without it.
    bus.edit_config(|text| text.replace(PLANNINGS, AUDITS).replace("\"M15\", ", ""));

    for (named, change) in changes {
        let _dir = copied(&bus, change);
        let refused = reload(&bus.operator()).await.expect_err(named);

        assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
        assert_eq!(reason(&refused), "CATALOG_INCOMPATIBLE", "{named}: {refused:?}");
        assert!(refused.message().contains(named), "{named} is not in {:?}", refused.message());
        let records = bus.client("audit").records().await;
        let record = records.iter().rfind(|record| record.kind == "config").unwrap();
        assert_eq!(Some(record.index), receipt(&refused).map(|receipt| receipt.index));
        assert_eq!(
            (record.outcome.as_str(), record.reason.as_str(), record.epoch),
            ("failed", "CATALOG_INCOMPATIBLE", None)
        );
    }
    assert_eq!(types(&planning).await, before);
    planning.fetch(contract.fetch()).await.expect("permissions of a refused reload are in force");
}

#[tokio::test]
async fn a_department_that_is_removed_is_refused() {
    let bus = TestBus::start().await;
    // Nobody of the auditors' department has a role then, so the file is sound.
    let _dir = copied(&bus, |name, text| match name {
        "departments.toml" => text.replace("code = \"audit\"", "code = \"control\""),
        _ => text,
    });
    bus.edit_config(|text| text.replace("dept/audit/", "dept/control/"));

    let refused = reload(&bus.operator()).await.unwrap_err();

    assert_eq!(reason(&refused), "CATALOG_INCOMPATIBLE");
    for named in ["department audit is removed", "department control is added"] {
        assert!(refused.message().contains(named), "{:?}", refused.message());
    }
}

#[tokio::test]
async fn a_page_of_the_catalogue_before_has_no_next_one() {
    let bus = TestBus::start().await;
    let client = bus.client("planning");
    let page = |page_token| pb::ListItemsRequest { page_size: 10, page_token };
    let mut items = Vec::new();
    let mut token = String::new();
    for _ in 0..3 {
        let answer = client.catalog.clone().list_items(page(token)).await.unwrap().into_inner();
        items.extend(answer.items.into_iter().map(|item| item.code));
        token = answer.next_page_token;
    }
    let first = client.catalog.clone().list_items(page(String::new())).await.unwrap().into_inner();
    let _dir = copied(&bus, |name, text| match name {
        "items.toml" => text + NEW_ITEM,
        _ => text,
    });
    reload(&bus.operator()).await.unwrap();

    let refused = client.catalog.clone().list_items(page(first.next_page_token)).await.unwrap_err();

    let expected: Vec<_> = (1..=22).map(|number| format!("I{number:02}")).collect();
    assert_eq!((items, token), (expected, String::new()));
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
}

#[tokio::test]
async fn an_item_is_answered_with_what_it_requires_of_whom_and_when() {
    let bus = TestBus::start().await;
    let client = bus.client("planning");

    let permit = item(&client, "11370800MB285591843370117002011").await.unwrap();
    let land = item(&client, "I05").await.unwrap().item.unwrap();
    let packages = client.catalog.clone().list_packages(pb::ListPackagesRequest::default()).await;

    let permit = permit.item.unwrap();
    assert_eq!((permit.code.as_str(), permit.requirements.len()), ("I14", 15));
    let requirement = &permit.requirements[2];
    assert_eq!(requirement.any_of[0].material_types, ["agent_authorization"]);
    assert_eq!(requirement.party, "developer");
    assert_eq!(requirement.bound_parties, ["agent"]);
    let alternatives: Vec<_> =
        land.requirements[3].any_of.iter().map(|any| any.material_types.concat()).collect();
    assert_eq!(alternatives, ["project_filing_certificate", "project_approval_reply"]);
    let values = vec!["granted".to_owned(), "mixed".to_owned()];
    let condition = pb::FactCondition { key: "land_way".to_owned(), values };
    assert_eq!(land.requirements[5].conditions, [condition]);
    let packages = packages.unwrap().into_inner().packages;
    assert_eq!(packages.len(), 12);
    assert_eq!(packages[3].items, ["I12", "I13", "I14", "I16", "I17"]);
}

#[tokio::test]
async fn a_type_is_answered_with_all_that_its_entry_says() {
    let bus = TestBus::start().await;

    let listed = types(&bus.client("planning")).await.material_types;

    assert_eq!(listed.len(), 28);
    let row = |alias: &str| listed.iter().find(|row| row.alias == alias).unwrap();
    let identity = row("M02");
    assert_eq!(identity.sharing_class(), pb::SharingClass::Conditional);
    assert_eq!(identity.sharing_way(), pb::SharingWay::Verification);
    assert_eq!(identity.update_frequency(), pb::UpdateFrequency::RealTime);
    assert_eq!(identity.classification(), pb::Classification::General);
    assert_eq!(identity.subject_scheme, "citizen");
    assert!(!identity.conditions.is_empty() && identity.citation.is_empty());
    assert!(identity.fields.iter().all(|field| field.sensitivity() == pb::Sensitivity::Personal));
    let permit = row("M25").validity.clone().unwrap();
    assert_eq!(permit.kind(), pb::ValidityKind::StartWithin);
    assert_eq!((permit.months, permit.extensions, permit.extension_months), (3, 2, 3));
    assert_eq!(permit.started_fact, "work_started");
    assert_eq!(row("M18").validity.clone().unwrap().bound_to, "engineering_planning_permit");
    assert_eq!((row("M18").stage.as_str(), row("M01").stage.as_str()), ("planning", "any"));
    assert_eq!(row("M19").issuer, "勘察单位");
}

#[tokio::test]
async fn every_answer_and_every_record_names_the_catalogue_that_it_is_by() {
    let bus = TestBus::start().await;
    let housing = bus.client("housing");
    let version = bus.gateway().bus().catalog().version().to_string();
    let mark = version.trim_start_matches("sha256:")[..16].to_owned();
    let contract = Document::new("construction_contract", "C-1", "a contract");

    let published = housing.publish(&contract).await.unwrap().info.unwrap();
    let fetched = housing.fetch(contract.fetch()).await.unwrap().info;
    let found = housing.find("construction_contract").await.unwrap().remove(0);
    let got = housing.get(&published.version).await.unwrap();
    let listed = housing.resolve("I14", &[]).await.unwrap();

    for info in [published, fetched, found, got] {
        assert_eq!(info.catalog, mark);
    }
    assert_eq!(listed.catalog_version, version);
    let mut outcomes = housing.records().await;
    outcomes.retain(|record| record.kind == "outcome");
    assert!(outcomes.len() >= 5 && outcomes.iter().all(|record| record.catalog == mark));
}
