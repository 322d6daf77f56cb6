//! Contributions: nobody uploads what a department has, unless it is away or said to be wrong; and what
//! is brought then never takes the place of its record.

use std::time::Duration;

use jiff::SignedDuration;
use oncebus_core::Corrected;
use oncebus_proto::v1::{self as pb, CorrectionState, UploadException};
use oncebus_tests::{Client, Document, Fault, TestBus, purpose, reason, receipt, subject};
use tonic::{Code, Request, Status};

use crate::reload::reload;

const DISPUTED: UploadException = UploadException::RecordDisputed;
const DOWN: UploadException = UploadException::HolderDown;
const RECORDED: &str = "[policy]\nduplicate_collection = \"record\"\n";

/// Of a type that market holds at the origin, and that housing may publish.
fn licence(content: &'static str) -> Document {
    Document::new("M01", "L-1", content)
}

/// Of a type that is uploaded; housing is its source, and planning may publish it too.
fn survey(content: &'static str) -> Document {
    Document::new("geotech_survey_report", "S-1", content)
}

/// A bus whose adapters have a second for an answer.
async fn started() -> TestBus {
    TestBus::builder().first_byte_s(1).start().await
}

fn begin(document: &Document, exception: UploadException) -> pb::BeginPublishRequest {
    pb::BeginPublishRequest {
        exception: exception.into(),
        exception_ground: "the counter saw the original".to_owned(),
        ..document.begin()
    }
}

/// Publishes with an exception.
async fn bring(
    client: &Client,
    document: &Document,
    exception: UploadException,
) -> Result<pb::CommitPublishResponse, Status> {
    let mut transfer = client.transfer.clone();
    let begun = transfer.begin_publish(begin(document, exception)).await?.into_inner();
    client.put(document, &begun.upload, 0).await?;
    Ok(transfer.commit_publish(document.commit(&begun.upload)).await?.into_inner())
}

/// Checks that what was brought is a contribution, and returns its name.
fn contributed(answer: &pb::CommitPublishResponse) -> String {
    let info = answer.info.as_ref().unwrap();
    assert!(info.contribution && !info.current, "{info:?}");
    assert!(!answer.correction.is_empty(), "it opened no correction");
    assert_eq!(info.correction, answer.correction);
    assert_eq!(info.correction_state(), CorrectionState::Open);
    info.version.clone()
}

async fn state(client: &Client, version: &str) -> CorrectionState {
    client.get(version).await.unwrap().correction_state()
}

/// Finds current versions and contributions of a type about the tests' project.
async fn find(client: &Client, material_type: &str) -> pb::FindMaterialsResponse {
    let request = pb::FindMaterialsRequest {
        material_type: material_type.to_owned(),
        subject: Some(subject()),
        purpose: Some(purpose()),
        include_contributions: true,
        ..Default::default()
    };
    client.material.clone().find_materials(request).await.unwrap().into_inner()
}

fn names(infos: &[pb::MaterialInfo]) -> Vec<&str> {
    infos.iter().map(|info| info.version.as_str()).collect()
}

/// Has market answer again.
fn is_back(bus: &TestBus) {
    bus.adapter("market").mend();
    bus.adapter("market").answer();
}

#[tokio::test]
async fn what_a_department_holds_is_refused_with_its_reason_and_on_record() {
    let bus = started().await;
    let housing = bus.client("housing");

    let refused = housing.publish(&licence("a licence")).await.unwrap_err();

    assert_eq!(
        (refused.code(), reason(&refused)),
        (Code::FailedPrecondition, "NOT_UPLOADED".into())
    );
    assert!(refused.message().contains("fetch it instead"), "{}", refused.message());
    assert!(receipt(&refused).is_some());
    assert_eq!(bus.adapter_calls(), 0);
}

#[tokio::test]
async fn by_policy_a_duplicate_collection_is_a_contribution_on_record() {
    let bus = TestBus::builder().first_byte_s(1).tables(RECORDED).start().await;
    bus.adapter("market").hold("business_license", "L-1", "as market has it");
    let housing = bus.client("housing");

    let brought = housing.publish(&licence("as it was brought")).await.unwrap();

    let version = contributed(&brought);
    let fetched = bus.client("planning").fetch(licence("").fetch()).await.unwrap();
    assert_eq!(fetched.content, b"as market has it");
    assert!(fetched.info.current && fetched.info.version != version);
    let by_name = bus.client("planning").fetch_version(&version).await.unwrap();
    assert_eq!(by_name.content, b"as it was brought");
    assert!(by_name.info.contribution && !by_name.info.current);
    let record = housing.outcomes("publish").await.pop().unwrap();
    assert!(record.duplicate_collection);
    assert_eq!((record.exception.as_str(), &record.correction), ("", &brought.correction));
    assert_eq!(record.index, brought.receipt.unwrap().index);
}

#[tokio::test]
async fn the_policy_is_put_in_force_while_the_gateway_runs() {
    let bus = started().await;
    let housing = bus.client("housing");

    bus.edit_config(|config| config + RECORDED);
    reload(&bus.operator()).await.unwrap();
    let brought = housing.publish(&licence("a licence")).await.unwrap();
    bus.edit_config(|config| config.replace("\"record\"", "\"refuse\""));
    reload(&bus.operator()).await.unwrap();
    let refused = housing.publish(&licence("another licence")).await.unwrap_err();

    contributed(&brought);
    assert_eq!(reason(&refused), "NOT_UPLOADED");
}

#[tokio::test]
async fn nobody_is_taken_at_their_word_that_a_holder_is_down() {
    let bus = started().await;
    bus.adapter("market").hold("business_license", "L-1", "as market has it");
    let housing = bus.client("housing");

    let refused = bring(&housing, &licence("brought"), DOWN).await.unwrap_err();

    let told = (refused.code(), reason(&refused));
    assert_eq!(told, (Code::FailedPrecondition, "HOLDER_REACHABLE".to_owned()));
    assert_eq!(bus.adapter("market").calls().lookup, 1);
    let records = bus.client("audit").records().await;
    let [.., intent, outcome] = &records[..] else { panic!("{records:?}") };
    assert_eq!((intent.kind.as_str(), outcome.intent), ("intent", Some(intent.index)));
    assert_eq!((outcome.reason.as_str(), outcome.holder.as_str()), ("HOLDER_REACHABLE", "market"));
    assert_eq!(receipt(&refused).unwrap().index, outcome.index);
    assert!(find(&housing, "M01").await.contributions.is_empty());
}

#[tokio::test]
async fn a_caller_in_a_hurry_makes_no_holder_silent() {
    let bus = started().await;
    bus.adapter("market").take(Duration::from_millis(500));
    let mut transfer = bus.client("housing").transfer;
    let mut hurried = Request::new(begin(&licence("brought"), DOWN));
    hurried.set_timeout(Duration::from_millis(50));

    let early = transfer.begin_publish(hurried).await.unwrap_err();
    let late = transfer.begin_publish(begin(&licence("brought"), DOWN)).await.unwrap_err();

    assert_ne!(early.code(), Code::Ok);
    assert_eq!(reason(&late), "HOLDER_REACHABLE");
}

#[tokio::test]
async fn what_is_brought_while_its_holder_is_away_matches_when_it_is_back() {
    let bus = started().await;
    bus.adapter("market").break_by(Fault::Away);
    let housing = bus.client("housing");

    let brought = bring(&housing, &licence("the licence"), DOWN).await.unwrap();
    let version = contributed(&brought);
    let early = bus.gateway().correct().await.unwrap();
    bus.adapter("market").hold("business_license", "L-1", "the licence");
    is_back(&bus);
    let late = bus.gateway().correct().await.unwrap();

    assert_eq!(early, Corrected { left: 1, ..Corrected::default() });
    assert_eq!(late, Corrected { matched: 1, ..Corrected::default() });
    assert_eq!(state(&housing, &version).await, CorrectionState::Matched);
    let auditor = bus.client("audit");
    let record = auditor.outcomes("publish").await.pop().unwrap();
    assert_eq!(record.exception, "HOLDER_DOWN");
    let sealed = bus.unsealed(&record).unwrap();
    assert_eq!(sealed.note.as_deref(), Some("the counter saw the original"));
    let compared = auditor.outcomes("correct").await.pop().unwrap();
    assert_eq!((compared.compared.as_str(), compared.outcome.as_str()), ("matched", "served"));
    assert_eq!((compared.correction, compared.holder), (brought.correction, "market".to_owned()));
    let all = auditor.records().await;
    let intent = all.iter().find(|record| Some(record.index) == compared.intent).unwrap();
    assert_eq!((intent.kind.as_str(), intent.operation.as_str()), ("intent", "correct"));
    let again = bus.gateway().correct().await.unwrap();
    assert_eq!(again, Corrected::default(), "a closed correction is compared again");
}

#[tokio::test]
async fn what_its_holder_has_otherwise_differs_and_is_never_found_as_current() {
    let bus = started().await;
    bus.adapter("market").hang();
    let housing = bus.client("housing");

    let brought = bring(&housing, &licence("as it was brought"), DOWN).await.unwrap();
    let version = contributed(&brought);
    bus.adapter("market").hold("business_license", "L-1", "as market has it");
    is_back(&bus);
    let corrected = bus.gateway().correct().await.unwrap();

    assert_eq!(corrected, Corrected { differs: 1, ..Corrected::default() });
    assert_eq!(state(&housing, &version).await, CorrectionState::Differs);
    let found = find(&housing, "M01").await;
    assert_eq!(names(&found.contributions), [version.as_str()]);
    assert_eq!(found.materials.len(), 1);
    assert!(found.materials[0].current && !found.materials[0].contribution);
    let only_current = housing.find("M01").await.unwrap();
    assert_eq!(only_current.len(), 1, "a contribution is found although nobody asked for it");
    let fetched = bus.client("planning").fetch(licence("").fetch()).await.unwrap();
    assert_eq!(fetched.content, b"as market has it");
}

#[tokio::test]
async fn what_was_brought_is_its_holder_s_once_that_has_been_fetched() {
    let bus = started().await;
    bus.adapter("market").break_by(Fault::Away);
    let housing = bus.client("housing");
    let version = contributed(&bring(&housing, &licence("the licence"), DOWN).await.unwrap());
    bus.adapter("market").hold("business_license", "L-1", "the licence");
    is_back(&bus);

    let fetched = bus.client("planning").fetch(licence("").fetch()).await.unwrap();
    bus.gateway().sweep().await.unwrap();
    let again = bus.client("planning").fetch_version(&version).await.unwrap();

    assert_eq!(
        (fetched.info.version.as_str(), fetched.info.holder.as_str()),
        (&*version, "market")
    );
    assert_eq!(again.info.holder, "market");
    assert_eq!(bus.adapter("housing").sealed(), 0, "it is stored twice");
}

#[tokio::test]
async fn a_disputed_record_is_answered_by_a_contribution_and_not_replaced() {
    let bus = started().await;
    bus.adapter("market").hold("business_license", "L-1", "as market has it");
    let housing = bus.client("housing");
    let held = housing.fetch(licence("").fetch()).await.unwrap().info;
    let named = Document { expected: held.version.clone(), ..licence("as it should be") };

    let brought = bring(&housing, &named, DISPUTED).await.unwrap();

    let version = contributed(&brought);
    assert_eq!(housing.fetch(licence("").fetch()).await.unwrap().info.version, held.version);
    assert!(housing.get(&held.version).await.unwrap().current);
    assert_ne!(version, held.version);
    assert_eq!(housing.outcomes("publish").await.pop().unwrap().exception, "RECORD_DISPUTED");
}

#[tokio::test]
async fn an_exception_has_a_ground_and_a_type_that_it_fits() {
    let bus = started().await;
    let mut transfer = bus.client("housing").transfer;
    let groundless =
        pb::BeginPublishRequest { exception_ground: String::new(), ..begin(&licence("x"), DOWN) };
    let long = "x".repeat(257);
    let long = pb::BeginPublishRequest { exception_ground: long, ..begin(&licence("x"), DOWN) };
    let unnamed = begin(&licence("x"), UploadException::Unspecified);
    let uploaded = begin(&survey("x"), DISPUTED);
    let verified = begin(&Document::new("M02", "V-1", "x"), DISPUTED);

    let mut refusals = Vec::new();
    for request in [groundless, long, unnamed, uploaded, verified] {
        refusals.push(transfer.begin_publish(request).await.unwrap_err());
    }

    let reasons: Vec<_> = refusals.iter().map(reason).collect();
    assert_eq!(reasons[..4], ["INVALID_FIELD"; 4]);
    assert_ne!(reasons[4], "INVALID_FIELD", "housing may not publish it");
    for (refused, field) in refusals.iter().zip(["exception_ground", "exception_ground"]) {
        assert!(refused.message().contains(field), "{}", refused.message());
    }
    assert!(refusals[2].message().contains("exception"), "{}", refusals[2].message());
    assert!(refusals[3].message().contains("leave it out"), "{}", refusals[3].message());
}

#[tokio::test]
async fn others_than_the_source_department_only_contribute() {
    let bus = started().await;
    let (housing, planning) = (bus.client("housing"), bus.client("planning"));
    let own = housing.publish(&survey("of its source")).await.unwrap().info.unwrap();
    let named = Document { expected: own.version.clone(), ..survey("of another") };

    let unnamed = planning.publish(&survey("unnamed")).await.unwrap_err();
    let brought = planning.publish(&named).await.unwrap();

    assert_eq!(reason(&unnamed), "VERSION_CONFLICT");
    let version = contributed(&brought);
    assert_eq!(brought.info.unwrap().holder, "planning");
    let current = planning.fetch(survey("").fetch()).await.unwrap();
    assert_eq!(
        (current.content.as_slice(), &current.info.version),
        (&b"of its source"[..], &own.version)
    );
    let found = find(&planning, "geotech_survey_report").await;
    assert_eq!(names(&found.materials), [own.version.as_str()]);
    assert_eq!(names(&found.contributions), [version.as_str()]);
    let corrected = bus.gateway().correct().await.unwrap();
    assert_eq!(corrected, Corrected { differs: 1, ..Corrected::default() });
}

#[tokio::test]
async fn what_nobody_has_is_current_whoever_brings_it_until_its_source_replaces_it() {
    let bus = started().await;
    let (housing, planning) = (bus.client("housing"), bus.client("planning"));

    let first = planning.publish(&survey("of another")).await.unwrap();
    let info = first.info.unwrap();
    let replacing = Document { expected: info.version.clone(), ..survey("of its source") };
    let replaced = housing.publish(&replacing).await.unwrap();

    assert!(info.current && !info.contribution && first.correction.is_empty());
    let replaced_info = replaced.info.unwrap();
    assert!(replaced_info.current && replaced.correction.is_empty());
    assert_eq!(
        planning.get(&info.version).await.unwrap().correction_state(),
        CorrectionState::Unspecified
    );
}

#[tokio::test]
async fn a_restart_loses_no_contribution_and_no_open_correction() {
    let mut bus = started().await;
    bus.adapter("market").break_by(Fault::Away);
    let document = licence("the licence");
    let housing = bus.client("housing");
    let begun = housing.transfer.clone().begin_publish(begin(&document, DOWN)).await.unwrap();
    let upload = begun.into_inner().upload;
    housing.put(&document, &upload, 0).await.unwrap();

    bus.restart().await;
    let housing = bus.client("housing");
    let commit = document.commit(&upload);
    let brought =
        housing.transfer.clone().commit_publish(commit.clone()).await.unwrap().into_inner();
    let version = contributed(&brought);
    bus.restart().await;
    let housing = bus.client("housing");
    let repeated = housing.transfer.clone().commit_publish(commit).await.unwrap().into_inner();
    let open = state(&housing, &version).await;
    bus.adapter("market").mend();
    let corrected = bus.gateway().correct().await.unwrap();

    assert_eq!(repeated.correction, brought.correction);
    assert_eq!(open, CorrectionState::Open);
    assert_eq!(corrected, Corrected { differs: 1, ..Corrected::default() });
    let published = housing.outcomes("publish").await;
    assert_eq!(published.len(), 1, "a repeated commit has a second record");
}

#[tokio::test]
async fn a_revoked_contribution_is_withdrawn_and_compared_no_more() {
    let bus = started().await;
    let housing = bus.client("housing");
    let version = contributed(&bring(&housing, &licence("wrong"), DISPUTED).await.unwrap());

    housing.revoke(&version).await.unwrap();
    let corrected = bus.gateway().correct().await.unwrap();

    assert_eq!(corrected, Corrected::default());
    assert_eq!(state(&housing, &version).await, CorrectionState::Withdrawn);
}

#[tokio::test]
async fn what_was_brought_while_its_holder_is_away_is_not_asked_for_again() {
    let bus = started().await;
    for department in ["housing", "planning", "market"] {
        bus.adapter(department).break_by(Fault::Away);
    }
    bus.adapter("housing").mend();
    let housing = bus.client("housing");
    let credit = pb::Subject { scheme: "credit".into(), value: "91370800MA3ABCD15K".into() };
    let parties = [oncebus_tests::party("developer", "credit", &credit.value)];
    let of_licence = async || {
        let answer = housing.resolve("I07", &parties).await.unwrap();
        let mut all = answer.items.into_iter().flat_map(|item| item.requirements);
        all.find(|one| one.material_type == "business_license").unwrap()
    };
    of_licence().await;
    bus.clock.advance(SignedDuration::from_secs(31));
    let before = of_licence().await;
    let document = licence("the licence");
    let request = pb::BeginPublishRequest { subject: Some(credit), ..begin(&document, DOWN) };
    let mut transfer = housing.transfer.clone();
    let upload = transfer.begin_publish(request).await.unwrap().into_inner().upload;
    housing.put(&document, &upload, 0).await.unwrap();
    let commit = transfer.commit_publish(document.commit(&upload)).await.unwrap();
    let version = contributed(&commit.into_inner());

    let after = of_licence().await;

    assert!(before.may_ask && before.materials.is_empty());
    assert_eq!(after.status(), pb::RequirementStatus::Unknown, "a contribution counts as held");
    assert!(!after.may_ask, "the applicant is asked twice: {}", after.sentence_en);
    let [brought] = &after.materials[..] else { panic!("{:?}", after.materials) };
    assert!(brought.contribution);
    assert_eq!(brought.version, version);
}

#[tokio::test]
async fn an_upload_with_an_exception_needs_the_permission_to_publish() {
    let bus = started().await;

    let mut request = Request::new(begin(&licence("x"), DISPUTED));
    request.set_timeout(Duration::from_secs(5));
    let refused = bus.client("planning").transfer.begin_publish(request).await.unwrap_err();

    assert_eq!(reason(&refused), "ACCESS_DENIED");
}
