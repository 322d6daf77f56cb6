//! Who acted for which case is on the trail, for the auditor's key alone.

use std::{fs, time::Duration};

use oncebus_core::Subject;
use oncebus_proto::v1 as pb;
use oncebus_tests::{Client, Document, TestBus, purpose, reason, subject};
use sha2::{Digest as _, Sha256};
use tonic::{Code, Request};

fn contract() -> Document {
    Document::new("construction_contract", "C-1", "a contract")
}

fn personal() -> Document {
    Document::new("agent_authorization", "A-1", "power of attorney")
}

fn project() -> Option<Subject> {
    let pb::Subject { scheme, value } = subject();
    Some(Subject::new(&scheme, &value).unwrap())
}

async fn of_kind(bus: &TestBus, kind: &str) -> Vec<pb::Record> {
    let mut records = bus.client("audit").records().await;
    records.retain(|record| record.kind == kind);
    records
}

#[tokio::test]
async fn every_record_of_a_call_says_case_officer_and_subject_to_the_auditor() {
    let bus = TestBus::start().await;
    bus.client("housing").publish(&contract()).await.unwrap();
    bus.client("planning").fetch(contract().fetch()).await.unwrap();

    let records = bus.client("audit").records().await;

    let calls: Vec<_> = records.iter().filter(|record| !record.operation.is_empty()).collect();
    assert_eq!(calls.len(), 4, "an intent and an outcome of each call");
    for record in calls {
        let sealed = bus.unsealed(record).unwrap();
        assert_eq!(sealed.case.as_deref(), Some("CASE-4711"), "{record:?}");
        assert_eq!(sealed.officer.as_deref(), Some("officer-0815"), "{record:?}");
        assert_eq!(sealed.subject, project(), "{record:?}");
        assert_eq!((sealed.version, sealed.digest), (None, None), "they stand in the leaf");
    }
}

#[tokio::test]
async fn what_a_personal_version_is_stands_in_the_sealed_part_and_salted_in_the_leaf() {
    let bus = TestBus::start().await;
    bus.client("housing").publish(&personal()).await.unwrap();
    let fetched = bus.client("planning").fetch(personal().fetch()).await.unwrap();

    let served = bus.client("audit").outcomes("fetch").await.pop().unwrap();
    let sealed = bus.unsealed(&served).unwrap();
    let trail = bus.gateway().bus().journal().trail();
    let stored = trail.read_sealed(served.index as u64, 1).unwrap().pop().unwrap();

    let digest = sealed.digest.unwrap();
    assert_eq!(sealed.version.as_ref(), Some(&fetched.info.version));
    assert_eq!(digest.as_bytes()[..], fetched.info.version_digest.unwrap().value[..]);
    let salt = oncebus_gateway::SealedForm::read(&stored).unwrap().salt;
    let salted = Sha256::new().chain_update(salt).chain_update(digest.as_bytes()).finalize();
    assert_eq!(served.digest_salted, hex::encode(salted));
}

#[tokio::test]
async fn one_officer_has_one_pseudonym_and_two_have_two() {
    let bus = TestBus::start().await;
    bus.client("housing").publish(&contract()).await.unwrap();
    let planning = bus.client("planning");
    for officer in ["1001", "1001", "1002"] {
        let mut fetch = contract().fetch();
        fetch.purpose.as_mut().unwrap().officer = officer.to_owned();
        planning.fetch(fetch).await.unwrap();
    }

    let served = bus.client("audit").outcomes("fetch").await;

    let [one, again, other] = &served[..] else { panic!("three outcomes") };
    assert_eq!((one.officer.len(), &one.officer), (32, &again.officer));
    assert_ne!(one.officer, other.officer);
}

#[tokio::test]
async fn an_outcome_says_what_was_asked_how_long_it_took_and_since_when_a_hit_was_here() {
    let bus = TestBus::start().await;
    bus.client("housing").publish(&contract()).await.unwrap();
    let mut planning = bus.client("planning");
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let mut traced = Request::new(contract().fetch());
    let parent = format!("00-{trace}-00f067aa0ba902b7-01").parse().unwrap();
    traced.metadata_mut().insert("traceparent", parent);
    let mut stream = planning.transfer.fetch_material(traced).await.unwrap().into_inner();
    while stream.message().await.unwrap().is_some() {}
    bus.clock.advance(jiff::SignedDuration::from_secs(60));
    planning.fetch(contract().fetch()).await.unwrap();

    let served = bus.client("audit").outcomes("fetch").await;

    let [miss, hit] = &served[..] else { panic!("two outcomes") };
    assert_eq!((miss.trace_id.as_str(), hit.trace_id.as_str()), (trace, ""));
    assert_eq!((miss.adapter.as_str(), hit.adapter.as_str()), ("test/0", ""));
    assert_eq!((miss.media_type.as_str(), miss.region.as_str()), ("application/pdf", "370800"));
    assert_eq!((miss.cached_since, hit.cached_since), (None, miss.time));
    assert_eq!((miss.policy.len(), &miss.policy), (64, &hit.policy));
    assert!(miss.latency_ms < 60_000, "{miss:?}");
}

#[tokio::test]
async fn a_call_that_was_made_again_says_so() {
    let bus = TestBus::start().await;
    bus.adapter("market").hold("business_license", "L-1", "a licence");
    let licence = Document::new("business_license", "L-1", "");
    for number in 0..20 {
        let other = Document::new("business_license", &format!("N-{number}"), "");
        let _nothing_there = bus.client("planning").fetch(other.fetch()).await;
    }
    bus.clock.advance(jiff::SignedDuration::from_hours(2));
    bus.adapter("market").away_with(1);

    bus.client("planning").fetch(licence.fetch()).await.unwrap();

    let served = bus.client("audit").outcomes("fetch").await.pop().unwrap();
    assert_eq!((served.retries, served.adapter_calls.unwrap().lookup), (1, 1));
}

#[tokio::test]
async fn a_change_of_the_permissions_shows_in_the_records_and_the_configuration_is_named() {
    let bus = TestBus::start().await;
    let market = bus.client("market");
    market.fetch(contract().fetch()).await.unwrap_err();
    bus.edit_config(|config| {
        config.replace(
            "department = \"market\"\nfetch = [",
            "department = \"market\"\nfetch = [\"M27\", ",
        )
    });
    let mut admin = pb::admin_service_client::AdminServiceClient::new(bus.operator().channel);
    let request_id = oncebus_tests::request_id();
    admin.reload_config(pb::ReloadConfigRequest { request_id }).await.unwrap();
    market.fetch(contract().fetch()).await.unwrap_err();

    let outcomes = bus.client("audit").outcomes("fetch").await;
    let start = of_kind(&bus, "start").await.remove(0);
    let config = of_kind(&bus, "config").await.remove(0);

    assert_ne!(outcomes[0].policy, outcomes[1].policy);
    assert_eq!(start.gateway, "spiffe://oncebus.test/gateway/g1");
    assert_eq!((start.config.len(), config.config.len()), (64, 64));
    assert_ne!(start.config, config.config);
}

#[tokio::test]
async fn each_key_is_on_the_trail_once_and_a_new_one_when_it_comes() {
    let mut bus = TestBus::start().await;
    bus.restart().await;
    let keys = |records: Vec<pb::Record>| records.into_iter().map(|r| r.key).collect::<Vec<_>>();
    let first = keys(of_kind(&bus, "key").await);

    bus.rotate_subject_key().await;
    let second = keys(of_kind(&bus, "key").await);

    let names: Vec<_> = first.iter().map(|key| key.split_once(':').unwrap().0).collect();
    assert_eq!(names, ["trail", "subject", "page", "seal"]);
    assert_eq!(second[..4], first[..]);
    assert_eq!(second[4..], ["subject:2"]);
}

#[tokio::test]
async fn a_running_gateway_keeps_its_subject_key() {
    let bus = TestBus::start().await;
    let config = bus.config();

    let refused = oncebus_gateway::rotate_subject_key(&config).unwrap_err();

    assert!(refused.to_string().contains("stop it first"), "{refused}");
    let keys = fs::read_to_string(bus.data_dir().join("keys/subjects.json")).unwrap();
    assert_eq!(keys.matches("\"id\"").count(), 1);
}

#[tokio::test]
async fn after_a_rotation_everything_is_found_and_what_is_published_is_no_second_line() {
    let mut bus = TestBus::start().await;
    let before = bus.client("housing").publish(&contract()).await.unwrap().info.unwrap();

    bus.rotate_subject_key().await;
    let fetched = bus.client("planning").fetch(contract().fetch()).await.unwrap();
    let again = bus.client("housing").publish(&contract()).await.unwrap();
    let rows_left = async {
        while bus.gateway().subjects_of_older_keys().await.unwrap() > 0 {
            tokio::task::yield_now().await;
        }
    };
    let hidden_anew = tokio::time::timeout(Duration::from_secs(10), rows_left).await;
    let later = bus.client("planning").fetch(contract().fetch()).await.unwrap();

    assert!(hidden_anew.is_ok(), "rows keep the old key");
    assert_eq!(fetched.info.version, before.version);
    assert_eq!((again.already_held, again.info.unwrap().version), (true, before.version.clone()));
    assert_eq!(later.info.version, before.version);
}

async fn set_back(bus: &TestBus, by: Duration) -> (Client, pb::Record) {
    bus.client("housing").publish(&contract()).await.unwrap();
    bus.client("planning").fetch(contract().fetch()).await.unwrap();
    let last = bus.client("audit").records().await.pop().unwrap();
    bus.clock.advance(-jiff::SignedDuration::try_from(by).unwrap());
    (bus.client("planning"), last)
}

async fn times_never_go_back(bus: &TestBus) {
    let records = bus.client("audit").records().await;
    let times: Vec<_> = records.iter().map(|r| r.time.map(|t| (t.seconds, t.nanos))).collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[tokio::test]
async fn a_clock_that_was_set_back_by_ten_seconds_is_on_the_trail_and_calls_go_on() {
    let bus = TestBus::start().await;
    let (planning, last) = set_back(&bus, Duration::from_secs(10)).await;

    let fetched = planning.fetch(contract().fetch()).await;

    let steps = of_kind(&bus, "clock").await;
    let served = bus.client("audit").outcomes("fetch").await.pop().unwrap();
    assert!(fetched.is_ok(), "{fetched:?}");
    assert_eq!(steps.iter().map(|step| step.count).collect::<Vec<_>>(), [10_000]);
    assert!(steps[0].index < served.index, "the step is on the trail after the call");
    assert_eq!(served.time, last.time);
    times_never_go_back(&bus).await;
}

#[tokio::test]
async fn ten_minutes_behind_nothing_current_is_told_until_the_clock_is_right() {
    let bus = TestBus::start().await;
    let (planning, _) = set_back(&bus, Duration::from_secs(600)).await;
    let version = bus.client("audit").outcomes("fetch").await.pop().unwrap().version;
    let named = pb::FetchMaterialRequest {
        version,
        purpose: Some(purpose()),
        request_id: oncebus_tests::request_id(),
        ..Default::default()
    };

    let refused = planning.fetch(contract().fetch()).await.unwrap_err();
    let by_name = planning.fetch(named).await;
    bus.clock.advance(jiff::SignedDuration::from_secs(301));
    let cured = planning.fetch(contract().fetch()).await;

    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Unavailable, "CLOCK_BEHIND"));
    assert!(oncebus_tests::receipt(&refused).is_some(), "the refusal is not on the trail");
    assert!(by_name.is_ok(), "a version by its name has no time limit: {by_name:?}");
    assert!(cured.is_ok(), "{cured:?}");
    times_never_go_back(&bus).await;
}
