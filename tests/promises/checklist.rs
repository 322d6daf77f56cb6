//! The one-call checklist: what is held is never asked for again, and no department's silence spoils
//! what the others say.

use std::{fs, path::Path, time::Duration};

use jiff::SignedDuration;
use oncebus_proto::v1::{self as pb, RequirementStatus as Status};
use oncebus_tests::{Document, TestBus, Words, checklist, party, reason, subject};
use tokio::time::Instant;
use tonic::Code;

const DEVELOPER: &str = "91370800MA3ABCD15K";
const CONTRACTOR: &str = "911101066976941872";
const PDF: &str = "application/pdf";
const DESIGNER: &str = "91350100M000100Y43";

pub(crate) fn parties() -> Vec<pb::Party> {
    vec![
        party("developer", "credit", DEVELOPER),
        party("contractor", "credit", CONTRACTOR),
        party("designer", "credit", DESIGNER),
        party("legal_representative", "citizen", "370800199001011237"),
        party("agent", "citizen", "370811198805062341"),
    ]
}

fn credit(value: &str) -> pb::Subject {
    pb::Subject { scheme: "credit".to_owned(), value: value.to_owned() }
}

fn of<'a>(answer: &'a pb::ResolveRequirementsResponse, code: &str) -> &'a pb::RequirementAnswer {
    let all = answer.items.iter().flat_map(|item| &item.requirements);
    all.into_iter().find(|one| one.material_type == code).unwrap()
}

/// What is said of a document that is good until 2039.
fn good(pdf: bool) -> Words {
    let media_type = if pdf { PDF } else { "application/json" };
    Words { issued: "2026-02-01", valid_until: "2039-12-30", media_type, ..Words::default() }
}

/// Puts everything that departments hold of the case on their shelves, good until 2039.
pub(crate) fn hold_all(bus: &TestBus, departments: &[&str]) {
    let catalog = bus.gateway().bus().catalog().clone();
    for row in catalog.types() {
        let department = row.department.as_str();
        if row.supply == oncebus_core::Supply::Uploaded || !departments.contains(&department) {
            continue;
        }
        let words = good(row.media_types.iter().any(|listed| listed.as_str() == PDF));
        let about = match row.subject.as_str() {
            "credit" => vec![credit(DEVELOPER), credit(CONTRACTOR), credit(DESIGNER)],
            "citizen" => vec![parties()[3].subject.clone().unwrap()],
            _ => vec![subject()],
        };
        for about in about {
            let number = format!("{}-{}", row.alias, about.value);
            let content = format!("{number} as its department has it");
            bus.adapter(department).hold_about(&about, row.code.as_str(), &number, content, words);
        }
    }
}

/// The departments of the shipped catalogue that hold something.
pub(crate) const ALL: [&str; 3] = ["housing", "planning", "market"];

#[tokio::test]
async fn a_package_says_of_every_piece_whether_it_is_held_and_is_one_record() {
    let bus = TestBus::start().await;
    hold_all(&bus, &ALL);
    let housing = bus.client("housing");

    let answer = housing.resolve("P04", &parties()).await.unwrap();

    let counts = answer.counts.unwrap();
    assert_eq!((counts.asked, counts.distinct), (38, 16));
    // Held is all but what is uploaded (M03, M20, M23) and the one that depends on a fact (M21).
    assert_eq!((counts.held, counts.to_collect), (12, 3));
    assert_eq!(counts.satisfied, 26);
    assert!(answer.catalog_version.starts_with("sha256:"));
    let records = housing.outcomes("resolve").await;
    let [record] = &records[..] else { panic!("{records:?}") };
    assert_eq!((record.package.as_str(), record.counts), ("P04", Some(counts)));
    assert_eq!((record.version.as_str(), record.bytes_authorised), ("", 0));
    let intents = housing.records().await.iter().filter(|r| r.kind == "intent").count();
    assert_eq!(intents, 1, "one Intent covers all Lookups");
}

#[tokio::test]
async fn each_party_is_asked_about_its_own_material() {
    let bus = TestBus::start().await;
    hold_all(&bus, &ALL);

    let answer = bus.client("planning").resolve("I14", &parties()).await.unwrap();

    let licence = of(&answer, "business_license");
    assert_eq!(licence.party, "developer");
    assert_eq!(licence.materials[0].number, format!("M01-{DEVELOPER}"));
    let qualification = of(&answer, "enterprise_qualification");
    assert_eq!(qualification.party, "contractor");
    assert_eq!(qualification.materials[0].number, format!("M04-{CONTRACTOR}"));
}

#[tokio::test]
async fn a_missing_role_and_an_unknown_fact_are_asked_for() {
    let bus = TestBus::start().await;
    hold_all(&bus, &ALL);
    let without: Vec<_> = parties().into_iter().filter(|p| p.role != "contractor").collect();

    let answer = bus.client("planning").resolve("I14", &without).await.unwrap();

    let qualification = of(&answer, "enterprise_qualification");
    assert_eq!(qualification.status(), Status::Ambiguous);
    assert_eq!(qualification.question.as_ref().unwrap().role, "contractor");
    assert!(qualification.sentence_zh.contains("施工单位") && !qualification.may_ask);
    let fire = of(&answer, "fire_design_opinion");
    assert_eq!((fire.status(), fire.may_ask), (Status::Ambiguous, false));
    assert_eq!(fire.question.as_ref().unwrap().fact, "special_fire");
}

#[tokio::test]
async fn a_false_condition_drops_the_requirement_and_a_true_one_asks_for_it() {
    let bus = TestBus::start().await;
    hold_all(&bus, &ALL);
    let planning = bus.client("planning");
    let with = |value: &str| pb::ResolveRequirementsRequest {
        parties: parties(),
        facts: [("special_fire".to_owned(), value.to_owned())].into(),
        ..checklist("I14")
    };

    let [no, yes] = ["false", "true"].map(|value| {
        let (mut material, request) = (planning.material.clone(), with(value));
        async move { material.resolve_requirements(request).await.unwrap().into_inner() }
    });
    let (no, yes) = (no.await, yes.await);

    assert_eq!((no.counts.unwrap().asked, yes.counts.unwrap().asked), (14, 15));
    assert_eq!(of(&yes, "fire_design_opinion").status(), Status::Satisfied);
}

#[tokio::test]
async fn what_is_published_is_never_asked_for_again_and_what_has_ended_is() {
    let bus = TestBus::start().await;
    hold_all(&bus, &ALL);
    let housing = bus.client("housing");
    let before = housing.resolve("I14", &parties()).await.unwrap();
    let expired = Words { issued: "2020-01-01", valid_until: "2025-01-01", ..good(false) };
    let number = format!("M05-{CONTRACTOR}");
    let contractor = credit(CONTRACTOR);
    bus.adapter("housing").hold_about(
        &contractor,
        "safety_production_license",
        &number,
        "old",
        expired,
    );
    bus.clock.advance(SignedDuration::from_hours(1));

    housing.publish(&Document::new("construction_contract", "HT-1", "signed")).await.unwrap();
    let after = housing.resolve("I14", &parties()).await.unwrap();

    let contract = of(&before, "construction_contract");
    assert_eq!((contract.status(), contract.may_ask), (Status::Missing, true));
    let contract = of(&after, "construction_contract");
    // It names no last day, and silence is not for ever.
    assert_eq!((contract.status(), contract.may_ask), (Status::Expiring, false));
    assert_eq!(contract.materials[0].validity(), pb::Validity::Undated);
    assert!(contract.materials[0].version.starts_with("materialTypes/construction_contract/"));
    let licence = of(&after, "safety_production_license");
    assert_eq!((licence.status(), licence.may_ask), (Status::Missing, true));
    assert_eq!(licence.materials[0].validity(), pb::Validity::Expired);
}

#[tokio::test]
async fn a_department_that_is_away_makes_unknown_of_its_own_pieces_only() {
    let bus = TestBus::builder().first_byte_s(1).start().await;
    hold_all(&bus, &ALL);
    bus.adapter("planning").hang();
    let housing = bus.client("housing");

    let begun = Instant::now();
    let first = housing.resolve("I14", &parties()).await.unwrap();
    let took = begun.elapsed();
    bus.clock.advance(SignedDuration::from_secs(29));
    let second = housing.resolve("I14", &parties()).await.unwrap();
    bus.clock.advance(SignedDuration::from_secs(1));
    let third = housing.resolve("I14", &parties()).await.unwrap();
    bus.adapter("planning").answer();

    assert!(took < Duration::from_secs(5), "{took:?}");
    for one in first.items.iter().flat_map(|item| &item.requirements) {
        let unknown = one.status() == Status::Unknown;
        assert_eq!(one.unreachable == "planning", unknown, "{one:?}");
    }
    let title = |answer| of(answer, "land_title").clone();
    assert_eq!((title(&first).status(), title(&first).may_ask), (Status::Unknown, false));
    assert!(!title(&second).may_ask && title(&third).may_ask);
    assert_eq!(of(&first, "business_license").status(), Status::Satisfied);
}

/// A catalogue of five departments with adapters.
fn five(dir: &Path) {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../gateway/cli/catalog/jining");
    for file in fs::read_dir(shipped).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), dir.join(file.file_name())).unwrap();
    }
    let path = dir.join("departments.toml");
    let mut text = fs::read_to_string(&path).unwrap();
    for (source, department, code) in [
        ("发展改革委", "reform", "11370800MB00000518"),
        ("不动产登记中心", "titles", "11370800MB00000606"),
    ] {
        let at = text.find(&format!("name = \"{source}\"")).unwrap();
        let line = at + text[at..].find("department = ").unwrap();
        let end = line + text[line..].find('\n').unwrap();
        text.replace_range(line..end, &format!("department = \"{department}\""));
        text.insert_str(
            0,
            &format!(
                "[[department]]\ncode = \"{department}\"\nname_zh = \"{source}\"\n\
                 name_en = \"{department}\"\ncredit_code = \"{code}\"\n\n"
            ),
        );
    }
    fs::write(path, text).unwrap();
}

const FIVE: [&str; 5] = ["housing", "planning", "market", "reform", "titles"];

#[tokio::test]
async fn five_slow_adapters_are_asked_at_the_same_time() {
    let dir = tempfile::tempdir().unwrap();
    five(dir.path());
    let bus = TestBus::builder().catalog(dir.path().to_owned(), &FIVE).start().await;
    hold_all(&bus, &FIVE);
    FIVE.iter().for_each(|code| bus.adapter(code).take(Duration::from_millis(300)));

    let begun = Instant::now();
    let answer = bus.client("housing").resolve("P04", &parties()).await.unwrap();
    let took = begun.elapsed();

    assert!((300..600).contains(&took.as_millis()), "{took:?}");
    assert_eq!(answer.counts.unwrap().held, 12);
    assert!(FIVE.iter().all(|department| bus.adapter(department).calls().lookup > 0));
}

#[tokio::test]
async fn one_hung_adapter_of_five_leaves_an_answer_within_the_callers_deadline() {
    let dir = tempfile::tempdir().unwrap();
    five(dir.path());
    let bus = TestBus::builder().catalog(dir.path().to_owned(), &FIVE).start().await;
    hold_all(&bus, &FIVE);
    bus.adapter("titles").hang();
    let mut request = tonic::Request::new(pb::ResolveRequirementsRequest {
        parties: parties(),
        ..checklist("P04")
    });
    request.set_timeout(Duration::from_secs(1));

    let answer = bus.client("housing").material.resolve_requirements(request).await;

    let answer = answer.unwrap().into_inner();
    bus.adapter("titles").answer();
    let unknown = answer.items.iter().flat_map(|item| &item.requirements);
    let unknown: Vec<_> = unknown.filter(|one| one.status() == Status::Unknown).collect();
    assert!(!unknown.is_empty() && unknown.iter().all(|one| one.unreachable == "titles"));
}

#[tokio::test]
async fn several_good_ones_are_asked_about_and_a_choice_settles_it() {
    let bus = TestBus::start().await;
    hold_all(&bus, &ALL);
    let housing = bus.client("housing");
    let words = good(false);
    let contractor = credit(CONTRACTOR);
    bus.adapter("housing").hold_about(
        &contractor,
        "enterprise_qualification",
        "SECOND",
        "x",
        words,
    );
    let chosen = pb::ResolveRequirementsRequest {
        parties: parties(),
        choices: vec![pb::MaterialChoice {
            material_type: "M04".to_owned(),
            party: "contractor".to_owned(),
            number: "SECOND".to_owned(),
        }],
        ..checklist("I14")
    };

    let answer = housing.resolve("I14", &parties()).await.unwrap();
    let settled = housing.material.clone().resolve_requirements(chosen).await.unwrap().into_inner();

    let asked = of(&answer, "enterprise_qualification");
    assert_eq!((asked.status(), asked.may_ask), (Status::Ambiguous, false));
    assert_eq!(asked.question.as_ref().unwrap().numbers.len(), 2);
    let settled = of(&settled, "enterprise_qualification");
    assert_eq!((settled.status(), &*settled.materials[0].number), (Status::Satisfied, "SECOND"));
}

#[tokio::test]
async fn a_type_that_the_caller_may_not_see_is_not_shared_and_nothing_is_said_of_it() {
    let bus = TestBus::start().await;
    hold_all(&bus, &ALL);

    // Market may see the first 26 types only.
    let answer = bus.client("market").resolve("I22", &parties()).await.unwrap();
    let audit = bus.client("audit").resolve("I22", &parties()).await.unwrap_err();

    let hidden = of(&answer, "planning_verification");
    assert_eq!((hidden.status(), hidden.may_ask), (Status::NotShared, true));
    assert_eq!((&*hidden.citation, hidden.materials.len()), ("ACCESS_DENIED", 0));
    assert_eq!((audit.code(), &*reason(&audit)), (Code::PermissionDenied, "ACCESS_DENIED"));
}

#[tokio::test]
async fn a_faulty_request_names_field_fault_and_cure() {
    let bus = TestBus::start().await;
    let base = || pb::ResolveRequirementsRequest { parties: parties(), ..checklist("I14") };
    let fact = |key: &str, value: &str| [(key.to_owned(), value.to_owned())].into();
    let long = "A".repeat(300);
    let cases = [
        ("item", pb::ResolveRequirementsRequest { item: "I99".to_owned(), ..base() }),
        ("item", pb::ResolveRequirementsRequest { item: long.clone(), ..base() }),
        ("item", pb::ResolveRequirementsRequest { item: String::new(), ..base() }),
        ("items", pb::ResolveRequirementsRequest { items: vec!["I14".to_owned()], ..base() }),
        ("package", pb::ResolveRequirementsRequest { package: "P04".to_owned(), ..base() }),
        ("project", pb::ResolveRequirementsRequest { project: "nonsense".to_owned(), ..base() }),
        ("project", pb::ResolveRequirementsRequest { project: long.clone(), ..base() }),
        ("facts", pb::ResolveRequirementsRequest { facts: fact("weather", "good"), ..base() }),
        (
            "facts.special_fire",
            pb::ResolveRequirementsRequest { facts: fact("special_fire", "maybe"), ..base() },
        ),
        (
            "parties.developer.subject.value",
            pb::ResolveRequirementsRequest {
                parties: vec![party("developer", "credit", "91370800MA3ABCD15L")],
                ..base()
            },
        ),
        (
            "parties.developer",
            pb::ResolveRequirementsRequest {
                parties: vec![party("developer", "citizen", "370800199001011237")],
                ..base()
            },
        ),
        (
            "parties.developer",
            pb::ResolveRequirementsRequest {
                parties: vec![parties()[0].clone(), parties()[0].clone()],
                ..base()
            },
        ),
        (
            "parties.role",
            pb::ResolveRequirementsRequest {
                parties: vec![party("owner", "credit", DEVELOPER)],
                ..base()
            },
        ),
    ];
    for (field, request) in cases {
        let refused = bus.client("housing").material.resolve_requirements(request).await;

        let refused = refused.unwrap_err();
        assert_eq!((refused.code(), &*reason(&refused)), (Code::InvalidArgument, "INVALID_FIELD"));
        let told = refused.message();
        assert!(told.starts_with(&format!("{field} ")) && told.contains(", "), "{field}: {told}");
        assert!(!told.contains(&long), "{told}");
    }
}

#[tokio::test]
async fn one_code_lists_everything_of_a_project_and_its_parties_by_stage() {
    let bus = TestBus::start().await;
    hold_all(&bus, &ALL);
    let housing = bus.client("housing");
    housing.publish(&Document::new("construction_contract", "HT-1", "signed")).await.unwrap();
    let request = |page_size, page_token| pb::ListMaterialsRequest {
        project: subject().value,
        parties: parties(),
        purpose: Some(oncebus_tests::purpose()),
        page_size,
        page_token,
        ..Default::default()
    };

    let list = |request| {
        let mut material = housing.material.clone();
        async move { material.list_materials(request).await.unwrap().into_inner() }
    };
    let all = list(request(0, String::new())).await;
    let first = list(request(10, String::new())).await;
    let rest = list(request(1_000, first.next_page_token.clone())).await;

    // 19 of the 22 types that departments hold are the project's; M01, M04, M05 are of three enterprises.
    assert_eq!(all.entries.len(), 19 + 3 * 3 + 1);
    let stages: Vec<_> = all.entries.iter().map(|entry| entry.stage.as_str()).collect();
    let order = ["", "land", "planning", "construction", "completion"];
    assert!(stages.is_sorted_by_key(|stage| order.iter().position(|known| known == stage)));
    assert!(
        all.entries.iter().all(|e| e.info.as_ref().unwrap().material_type != "legal_rep_identity")
    );
    assert_eq!(first.entries.len() + rest.entries.len(), all.entries.len());
    assert_eq!(housing.outcomes("list").await.len(), 3);
}

#[tokio::test]
async fn a_type_has_one_source_in_each_region_and_that_one_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    five(dir.path());
    let path = dir.path().join("departments.toml");
    let row =
        "\n[[source]]\nname = \"自然资源和规划局\"\nregion = \"370811\"\ndepartment = \"titles\"\n";
    let text = fs::read_to_string(&path).unwrap() + row;
    fs::write(path, text).unwrap();
    let bus = TestBus::builder().catalog(dir.path().to_owned(), &FIVE).start().await;
    let project = |code: &str| pb::Subject { value: code.to_owned(), ..subject() };
    let [city, district] = ["2501-370800-04-01-000016", "2506-370811-04-01-123450"].map(project);
    let permit = "engineering_planning_permit";
    bus.adapter("planning").hold_about(&city, permit, "C-1", "of the city", good(false));
    bus.adapter("titles").hold_about(&district, permit, "D-1", "of the district", good(false));
    let find = async |about: &pb::Subject| {
        let request = pb::FindMaterialsRequest {
            material_type: permit.to_owned(),
            subject: Some(about.clone()),
            purpose: Some(oncebus_tests::purpose()),
            ..Default::default()
        };
        let found = bus.client("housing").material.find_materials(request).await.unwrap();
        found.into_inner().materials[0].holder.clone()
    };

    let holders = [find(&city).await, find(&district).await];

    assert_eq!(holders, ["planning", "titles"]);
    assert_eq!(bus.adapter("planning").calls().lookup, 1);
}
