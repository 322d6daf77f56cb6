//! A form is filled with what departments have: each value with who says so, nothing chosen where they
//! differ, and everything that crossed on record.

use std::{fs, path::Path};

use oncebus_proto::v1::{self as pb, FormSourceStatus as Status};
use oncebus_tests::{Fault, TestBus, Words, party, proof, purpose, reason, receipt, subject};
use serde_json::{Value, json};
use tonic::Code;

const DEVELOPER: &str = "91370800MA3ABCD15K";
const CONTRACTOR: &str = "911101066976941872";
const DEVELOPER_NAME: &str = "济宁示例置业有限公司";
const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../gateway/cli/catalog/jining");

fn credit(value: &str) -> pb::Subject {
    pb::Subject { scheme: "credit".to_owned(), value: value.to_owned() }
}

fn good() -> Words {
    Words {
        issued: "2026-02-01",
        valid_until: "2039-12-30",
        media_type: "application/json",
        ..Words::default()
    }
}

fn pdf() -> Words {
    Words { media_type: "application/pdf", ..good() }
}

/// Puts a document on the shelf of the department that has those of its type.
fn hold(
    bus: &TestBus,
    alias: &str,
    about: &pb::Subject,
    number: &str,
    content: impl Into<bytes::Bytes>,
    words: Words,
) {
    let row = bus.gateway().bus().catalog().material_type(alias).unwrap().clone();
    bus.adapter(row.department.as_str()).hold_about(
        about,
        row.code.as_str(),
        number,
        content,
        words,
    );
}

fn hold_record(bus: &TestBus, alias: &str, about: &pb::Subject, record: Value) {
    hold(bus, alias, about, &format!("{alias}-1"), record.to_string(), good());
}

/// Puts six records and a scan on the shelves, which agree.
fn hold_case(bus: &TestBus) {
    let (project, developer, contractor) = (subject(), credit(DEVELOPER), credit(CONTRACTOR));
    let code = project.value.clone();
    hold_record(bus, "M06", &project, json!({"project_code": code, "project_name": "示例产业园"}));
    let permit = json!({
        "project_name": " 示例产业园 ", "developer": DEVELOPER_NAME, "site": "示例路1号",
        "building_area": 45_000,
    });
    hold_record(bus, "M17", &project, permit);
    let licence = json!({"name": DEVELOPER_NAME, "credit_code": DEVELOPER, "address": "示例路9号"});
    hold_record(bus, "M01", &developer, licence);
    hold_record(bus, "M04", &contractor, json!({"name": "示例建设集团", "level": "一级"}));
    hold_record(bus, "M22", &project, json!({"winner": "示例建设集团", "bid_price": "8600万元"}));
    hold(bus, "M10", &project, "M10-1", "%PDF-1.7 a scan", pdf());
}

fn parties() -> Vec<pb::Party> {
    vec![party("developer", "credit", DEVELOPER), party("contractor", "credit", CONTRACTOR)]
}

fn request(form: &str) -> pb::PrefillFormRequest {
    pb::PrefillFormRequest {
        form: form.to_owned(),
        project: subject().value,
        parties: parties(),
        purpose: Some(purpose()),
        request_id: oncebus_tests::request_id(),
    }
}

async fn prefill(bus: &TestBus, department: &str, form: &str) -> pb::PrefillFormResponse {
    let mut material = bus.client(department).material;
    material.prefill_form(request(form)).await.unwrap().into_inner()
}

fn field<'a>(form: &'a pb::PrefillFormResponse, key: &str) -> &'a pb::PrefilledField {
    form.fields.iter().find(|field| field.key == key).unwrap()
}

fn values<'a>(form: &'a pb::PrefillFormResponse, key: &str) -> Vec<&'a str> {
    field(form, key).values.iter().map(|value| &*value.value).collect()
}

/// Which sources give a field no value, and why.
fn without(form: &pb::PrefillFormResponse, key: &str) -> Vec<(String, Status)> {
    let sources = field(form, key).without.iter();
    sources.map(|source| (source.material_type.clone(), source.status())).collect()
}

fn fetches(bus: &TestBus) -> usize {
    ["housing", "planning", "market"].iter().map(|dept| bus.adapter(dept).calls().fetch).sum()
}

#[tokio::test]
async fn each_value_comes_with_its_version_its_holder_and_its_age() {
    let bus = TestBus::start().await;
    hold_case(&bus);

    let form = prefill(&bus, "housing", "F01").await;

    assert_eq!((&*form.form, &*form.name_zh), ("F01", "建设工程施工许可申请表"));
    assert_eq!(values(&form, "project_code"), [subject().value]);
    assert_eq!(values(&form, "building_area"), ["45000"]);
    assert_eq!(values(&form, "developer_credit_code"), [DEVELOPER]);
    assert_eq!(values(&form, "contract_price"), ["8600万元"]);
    assert_eq!(values(&form, "planning_permit_number"), ["M17-1"]);
    assert_eq!(values(&form, "planning_permit_issued"), ["2026-02-01"]);
    let [site] = &field(&form, "site").values[..] else { panic!("{form:?}") };
    let [source] = &site.sources[..] else { panic!("{site:?}") };
    assert_eq!(site.value, "示例路1号");
    assert!(source.version.starts_with("materialTypes/engineering_planning_permit/versions/"));
    assert_eq!((&*source.number, &*source.holder, &*source.field), ("M17-1", "planning", "site"));
    assert_eq!((source.status(), source.validity()), (Status::Given, pb::Validity::Valid));
    assert_eq!((source.freshness(), source.age_ms), (pb::Freshness::Fresh, 0));
    assert!(source.fetched_at.is_some() && source.valid_until == "2039-12-30");
    assert!(form.fields.iter().all(|field| !field.conflict), "{form:?}");
    assert!(form.catalog_version.starts_with("sha256:"));
}

#[tokio::test]
async fn equal_values_are_one_value_with_all_its_sources() {
    let bus = TestBus::start().await;
    hold_case(&bus);

    let form = prefill(&bus, "housing", "F01").await;

    for (key, text, from) in [
        ("project_name", "示例产业园", ["M17-1", "M06-1"]),
        ("developer_name", DEVELOPER_NAME, ["M01-1", "M17-1"]),
        ("contractor_name", "示例建设集团", ["M04-1", "M22-1"]),
    ] {
        let [value] = &field(&form, key).values[..] else { panic!("{form:?}") };
        let numbers: Vec<_> = value.sources.iter().map(|source| &*source.number).collect();
        assert_eq!((&*value.value, &numbers[..]), (text, &from[..]));
    }
}

#[tokio::test]
async fn sources_that_differ_are_all_shown_and_none_is_chosen() {
    let bus = TestBus::start().await;
    hold_case(&bus);
    hold_record(&bus, "M06", &subject(), json!({"project_name": "示例产业园（一期）"}));
    let second = json!({"name": "示例建设集团"}).to_string();
    hold(&bus, "M04", &credit(CONTRACTOR), "M04-2", second, good());

    let form = prefill(&bus, "housing", "F01").await;

    let name = field(&form, "project_name");
    assert!(name.conflict);
    assert_eq!(values(&form, "project_name"), ["示例产业园", "示例产业园（一期）"]);
    let numbers: Vec<_> = name.values.iter().map(|value| &*value.sources[0].number).collect();
    assert_eq!(numbers, ["M17-1", "M06-1"]);
    assert!(field(&form, "contractor_qualification").conflict, "two documents of one type");
    assert_eq!(values(&form, "contractor_qualification"), ["M04-1", "M04-2"]);
    assert!(!field(&form, "contractor_name").conflict);
}

#[tokio::test]
async fn a_role_that_nobody_is_named_in_is_asked_for_and_the_rest_is_filled() {
    let bus = TestBus::start().await;
    hold_case(&bus);
    let asked = pb::PrefillFormRequest { parties: parties()[..1].to_vec(), ..request("F01") };

    let form = bus.client("housing").material.prefill_form(asked).await.unwrap().into_inner();

    let lacking = &field(&form, "contractor_qualification").without[0];
    assert_eq!((lacking.status(), &*lacking.party), (Status::RoleMissing, "contractor"));
    assert_eq!(lacking.party_zh, "施工单位");
    assert_eq!(values(&form, "contractor_name"), ["示例建设集团"], "as the award says");
    assert_eq!(values(&form, "developer_name"), [DEVELOPER_NAME]);
}

#[tokio::test]
async fn a_department_that_is_away_spoils_its_own_values_only() {
    let bus = TestBus::builder().first_byte_s(1).start().await;
    hold_case(&bus);
    bus.adapter("planning").hang();

    let form = prefill(&bus, "housing", "F01").await;
    bus.adapter("planning").answer();

    let source = &field(&form, "planning_permit_number").without[0];
    assert_eq!((source.status(), &*source.holder), (Status::Unknown, "planning"));
    let name = &field(&form, "developer_name").values[..];
    let [pb::FieldValue { sources, .. }] = name else { panic!("{form:?}") };
    assert_eq!((sources.len(), &*sources[0].holder), (1, "market"));
    assert_eq!(values(&form, "contractor_qualification"), ["M04-1"]);
}

#[tokio::test]
async fn a_content_that_is_not_what_its_department_said_gives_nothing() {
    let bus = TestBus::start().await;
    hold_case(&bus);
    bus.adapter("planning").break_by(Fault::OtherContent);

    let form = prefill(&bus, "housing", "F01").await;

    let permit = "engineering_planning_permit".to_owned();
    assert_eq!(without(&form, "building_area")[0], (permit, Status::Unknown));
    assert_eq!(values(&form, "developer_name"), [DEVELOPER_NAME]);
    let failed = bus.client("housing").outcomes("fetch").await;
    assert!(failed.iter().any(|record| record.reason == "DIGEST_MISMATCH"), "{failed:?}");
}

#[tokio::test]
async fn what_no_program_can_read_gives_its_number_and_no_item() {
    let bus = TestBus::start().await;
    hold_case(&bus);
    hold(&bus, "M17", &subject(), "M17-1", "no JSON at all", good());
    let large = format!("{{\"project_name\": \"x\", \"pad\": \"{}\"}}", "x".repeat(1 << 20));
    hold(&bus, "M06", &subject(), "M06-1", large, good());
    hold_record(&bus, "M22", &subject(), json!({"winner": ["示例建设集团"], "bid_price": null}));

    let form = prefill(&bus, "housing", "F01").await;

    let code = |alias: &str| match alias {
        "M06" => "project_filing_certificate".to_owned(),
        "M10" => "land_planning_permit".to_owned(),
        _ => "engineering_planning_permit".to_owned(),
    };
    let (scan, none) = (Status::NotStructured, Status::NotRead);
    assert_eq!(without(&form, "site"), [(code("M17"), scan), (code("M10"), scan)]);
    assert_eq!(without(&form, "project_name"), [(code("M17"), scan), (code("M06"), none)]);
    assert_eq!(values(&form, "planning_permit_number"), ["M17-1"]);
    assert_eq!(values(&form, "land_permit_number"), ["M10-1"]);
    let price = without(&form, "contract_price");
    assert_eq!([price[0].1, price[1].1], [Status::Missing, Status::Absent]);
    assert!(values(&form, "contract_price").is_empty());
    // Of M01, M04, M17 and M22: the scan and the large one stay where they are.
    assert_eq!(fetches(&bus), 4);
}

#[tokio::test]
async fn what_is_not_good_is_shown_without_a_value() {
    let bus = TestBus::start().await;
    hold_case(&bus);
    let over = Words { issued: "2020-01-01", valid_until: "2025-01-01", ..good() };
    let withdrawn = Words { status: "03", ..good() };
    let name = json!({"name": "an old name", "credit_code": DEVELOPER}).to_string();
    hold(&bus, "M04", &credit(CONTRACTOR), "M04-1", name.clone(), over);
    hold(&bus, "M01", &credit(DEVELOPER), "M01-1", name, withdrawn);

    let form = prefill(&bus, "housing", "F01").await;

    let source = &field(&form, "contractor_qualification").without[0];
    assert_eq!((source.status(), source.validity()), (Status::NotGood, pb::Validity::Expired));
    assert_eq!(source.number, "M04-1");
    let source = &field(&form, "developer_credit_code").without[0];
    assert_eq!((source.status(), source.validity()), (Status::NotGood, pb::Validity::NotInForce));
    assert_eq!(values(&form, "contractor_name"), ["示例建设集团"]);
    assert_eq!(values(&form, "developer_name"), [DEVELOPER_NAME]);
    assert!(!format!("{form:?}").contains("an old name"));
}

/// A catalogue with another form and, of one type, a secret item.
fn with_form(dir: &Path) {
    for file in fs::read_dir(SHIPPED).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), dir.join(file.file_name())).unwrap();
    }
    let types = dir.join("types.toml");
    let text = fs::read_to_string(&types).unwrap();
    let at = text.find("alias = \"M06\"").unwrap();
    let at = at + text[at..].find("fields = [").unwrap() + "fields = [".len();
    let secret = "\n    { name = \"account\", name_zh = \"账号\", sensitivity = \"secret\" },";
    fs::write(types, format!("{}{secret}{}", &text[..at], &text[at..])).unwrap();
    let forms = dir.join("forms.toml");
    let more = "\n[[form]]\ncode = \"F02\"\nname_zh = \"验收\"\nname_en = \"Acceptance\"\n";
    let source = |key: &str, source: &str| {
        format!(
            "[[form.field]]\nkey = \"{key}\"\nlabel_zh = \"{key}\"\nlabel_en = \"{key}\"\n\
             sources = [{{ {source} }}]\n"
        )
    };
    let more = [
        more,
        &source("hidden", "type = \"M27\", field = \"number\""),
        &source("filed", "type = \"M06\", field = \"project_name\""),
        &source("person", "type = \"M02\", field = \"name\", party = \"legal_representative\""),
        &source("agent", "type = \"M03\", field = \"agent_name\", party = \"developer\""),
    ];
    let text = fs::read_to_string(&forms).unwrap() + &more.concat();
    fs::write(forms, text).unwrap();
}

const DEPARTMENTS: [&str; 3] = ["housing", "planning", "market"];

#[tokio::test]
async fn without_permission_a_source_says_so_and_nothing_of_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    with_form(dir.path());
    let bus = TestBus::builder().catalog(dir.path().to_owned(), &DEPARTMENTS).start().await;
    hold_case(&bus);
    hold(&bus, "M27", &subject(), "M27-1", "%PDF", pdf());

    // Market may fetch the first 26 types only.
    let form = prefill(&bus, "market", "F02").await;
    let audit = bus.client("audit").material.prefill_form(request("F01")).await.unwrap_err();

    let hidden = &field(&form, "hidden").without[0];
    assert_eq!((hidden.status(), &*hidden.citation), (Status::NotShared, "ACCESS_DENIED"));
    assert_eq!((&*hidden.number, &*hidden.version), ("", ""));
    assert_eq!(values(&form, "filed"), ["示例产业园"]);
    assert_eq!((audit.code(), &*reason(&audit)), (Code::PermissionDenied, "ACCESS_DENIED"));
    proof(&receipt(&audit).unwrap()).verify(bus.verifier()).unwrap();
    let denied = bus.client("audit").outcomes("prefill").await;
    assert_eq!(denied.last().unwrap().outcome, "denied");
}

#[tokio::test]
async fn secret_items_and_what_is_only_verified_are_never_given() {
    let dir = tempfile::tempdir().unwrap();
    with_form(dir.path());
    let bus = TestBus::builder().catalog(dir.path().to_owned(), &DEPARTMENTS).start().await;
    let filed = json!({"project_name": "示例产业园", "account": "6222-SECRET"});
    hold_record(&bus, "M06", &subject(), filed);
    let person = pb::Subject { scheme: "citizen".to_owned(), value: "370800199001011237".into() };
    hold_record(&bus, "M02", &person, json!({"name": "zhang wei"}));
    let mut asked = request("F02");
    asked.parties.push(party("legal_representative", "citizen", &person.value));

    let form = bus.client("housing").material.prefill_form(asked).await.unwrap().into_inner();

    let said = format!("{form:?}");
    assert!(!said.contains("6222-SECRET") && !said.contains("zhang wei"), "{said}");
    let person = &field(&form, "person").without[0];
    assert_eq!((person.status(), &*person.citation), (Status::NotShared, "VERIFY_ONLY"));
    assert_eq!(values(&form, "filed"), ["示例产业园"]);
    assert_eq!(without(&form, "agent")[0].1, Status::Missing);
}

#[tokio::test]
async fn what_crossed_is_on_record_each_content_once_and_no_value_with_it() {
    let bus = TestBus::start().await;
    hold_case(&bus);
    let housing = bus.client("housing");

    let first = prefill(&bus, "housing", "F01").await;
    let again = prefill(&bus, "housing", "F01").await;

    let filled = housing.outcomes("prefill").await;
    assert_eq!(filled.len(), 2);
    for record in &filled {
        assert_eq!((&*record.outcome, record.bytes_authorised), ("served", 0));
        assert_eq!((&*record.version, &*record.material_type), ("", ""));
    }
    // M01, M04, M06, M17 and M22 have data items; each is fetched once, and then remembered.
    let fetched = housing.outcomes("fetch").await;
    assert_eq!((fetched.len(), fetches(&bus)), (10, 5));
    assert!(fetched.iter().all(|record| record.bytes_authorised > 0 && !record.version.is_empty()));
    for form in [&first, &again] {
        proof(form.receipt.as_ref().unwrap()).verify(bus.verifier()).unwrap();
        assert_eq!(form.material_receipts.len(), 5);
        for receipt in &form.material_receipts {
            proof(receipt).verify(bus.verifier()).unwrap();
            assert!(fetched.iter().any(|record| record.index == receipt.index));
            assert!(receipt.index < form.receipt.as_ref().unwrap().index, "first it crossed");
        }
    }
    let intents = housing.records().await;
    let intents = intents.iter().filter(|r| r.kind == "intent" && r.operation == "prefill");
    assert_eq!(intents.count(), 1, "one Intent covers all Lookups, and the second call needs none");
    for record in housing.records().await {
        let leaf = String::from_utf8_lossy(&record.leaf).into_owned();
        assert!(!leaf.contains("示例") && !leaf.contains(DEVELOPER), "{leaf}");
    }
}

#[tokio::test]
async fn a_form_that_is_not_in_the_catalogue_is_refused_by_name() {
    let bus = TestBus::start().await;
    let mut material = bus.client("housing").material;

    let refused = material.prefill_form(request("F99")).await.unwrap_err();

    assert_eq!((refused.code(), &*reason(&refused)), (Code::InvalidArgument, "INVALID_FIELD"));
    assert_eq!(refused.message(), "form is not in the catalogue, give one of F01");
}
