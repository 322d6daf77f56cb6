//! The trail tells what happened: to the department's two sides, and to the auditor all of it.

use oncebus_proto::v1 as pb;
use oncebus_tests::{Document, TestBus, reason};
use sqlx::Connection as _;
use tonic::Code;

fn contract() -> Document {
    Document::new("construction_contract", "C-1", "a contract")
}

#[tokio::test]
async fn an_intent_comes_before_the_adapter_is_asked_and_an_outcome_closes_it() {
    let bus = TestBus::start().await;
    bus.client("housing").publish(&contract()).await.unwrap();
    let fetched = bus.client("planning").fetch(contract().fetch()).await.unwrap();

    let records = but_keys(bus.client("audit").records().await);

    let said: Vec<_> = records.iter().map(|r| (r.kind.as_str(), r.operation.as_str())).collect();
    let expected = [
        ("start", ""),
        ("intent", "publish"),
        ("outcome", "publish"),
        ("intent", "fetch"),
        ("outcome", "fetch"),
    ];
    assert_eq!(said, expected);
    let [_, begun, published, intent, served] = &records[..] else { panic!("five records") };
    assert_eq!(published.intent, Some(begun.index));
    let staged_and_sealed = pb::AdapterCalls { stage: 1, seal: 1, ..Default::default() };
    assert_eq!(published.adapter_calls, Some(staged_and_sealed));
    assert_eq!(served.intent, Some(intent.index));
    assert_eq!(served.adapter_calls.unwrap(), pb::AdapterCalls { fetch: 1, ..Default::default() });
    assert_eq!(served.index, fetched.receipt.index);
    assert_eq!((served.department.as_str(), served.holder.as_str()), ("planning", "housing"));
    assert_eq!((served.item.as_str(), served.cause.as_str()), ("I14", "APPROVAL"));
    assert_eq!((served.cache.as_str(), served.rule.as_str()), ("miss", "permission.fetch"));
    assert_eq!(served.version, fetched.info.version);
}

#[tokio::test]
async fn a_receipt_verifies_offline_against_the_exact_leaf() {
    let bus = TestBus::start().await;
    bus.client("housing").publish(&contract()).await.unwrap();
    let given = bus.client("planning").fetch(contract().fetch()).await.unwrap().receipt;
    let record = bus.client("audit").records().await.remove(given.index as usize);
    let receipt = oncebus_tests::proof(&given);
    let mut changed = receipt.clone();
    changed.leaf[10] ^= 1;

    let right = receipt.verify(bus.verifier());
    let wrong = changed.verify(bus.verifier());

    assert!(right.is_ok(), "{right:?}");
    assert_eq!(receipt.leaf, record.leaf);
    assert!(wrong.is_err(), "a changed record verifies");
    assert!(given.checkpoint.starts_with("oncebus.test/gateway/g1\n"), "{}", given.checkpoint);
}

#[tokio::test]
async fn a_department_sees_its_two_sides_and_an_auditor_all() {
    let bus = TestBus::start().await;
    bus.client("housing").publish(&contract()).await.unwrap();
    bus.client("planning").fetch(contract().fetch()).await.unwrap();

    let housing = bus.client("housing").outcomes("fetch").await;
    let planning = bus.client("planning").outcomes("publish").await;
    let market = bus.client("market").records().await;
    let index = bus.client("audit").outcomes("fetch").await[0].index;
    let request = pb::GetRecordRequest { index, ..Default::default() };
    let hidden = bus.client("market").audit.get_record(request.clone()).await.unwrap_err();
    let beyond = pb::GetRecordRequest { index: 1 << 40, ..Default::default() };
    let absent = bus.client("market").audit.get_record(beyond).await.unwrap_err();
    let shown = bus.client("planning").audit.get_record(request).await.unwrap().into_inner();

    assert_eq!(housing.len(), 1, "the holder does not see who was served");
    assert!(planning.is_empty(), "somebody else's publication is seen");
    assert!(market.is_empty(), "{market:?}");
    assert_eq!((hidden.code(), hidden.message()), (Code::NotFound, absent.message()));
    assert_eq!(reason(&hidden), "RECORD_NOT_FOUND");
    assert_eq!(shown.record.unwrap().index, index);
}

#[tokio::test]
async fn reading_the_trail_is_on_the_trail() {
    let bus = TestBus::start().await;

    let first = bus.client("audit").records().await;
    let second = bus.client("audit").records().await;

    let read = &second[first.len()];
    assert_eq!((read.kind.as_str(), read.count), ("audit_read", first.len() as i64));
    assert_eq!(read.system, "spiffe://oncebus.test/dept/audit/system/test");
}

#[tokio::test]
async fn filters_must_all_hold_and_pages_meet_without_gap() {
    let bus = TestBus::start().await;
    bus.client("housing").publish(&contract()).await.unwrap();
    for _ in 0..5 {
        bus.client("planning").fetch(contract().fetch()).await.unwrap();
    }
    let filter = pb::RecordFilter {
        department: "planning".to_owned(),
        kind: "outcome".to_owned(),
        material_type: "M23".to_owned(),
        ..Default::default()
    };
    let filter = |page_size, page_token| pb::SearchRecordsRequest {
        filter: Some(filter.clone()),
        page_size,
        page_token,
    };
    let mut audit = bus.client("audit").audit;

    let first = audit.search_records(filter(2, String::new())).await.unwrap().into_inner();
    let second = audit.search_records(filter(9, first.next_page_token)).await.unwrap().into_inner();

    let found: Vec<_> = first.records.iter().chain(&second.records).map(|r| r.index).collect();
    let newest = found[0];
    assert_eq!(found, [0, 1, 2, 3, 4].map(|older| newest - older));
    assert!(second.next_page_token.is_empty());
}

#[tokio::test]
async fn no_record_holds_a_subject_a_case_or_an_officer_and_a_personal_one_no_digest() {
    let bus = TestBus::start().await;
    let personal = Document::new("agent_authorization", "A-1", "power of attorney");
    bus.client("housing").publish(&personal).await.unwrap();
    let fetched = bus.client("planning").fetch(personal.fetch()).await.unwrap();

    let records = bus.client("audit").records().await;
    let leaves: String =
        records.iter().map(|record| String::from_utf8_lossy(&record.leaf).into_owned()).collect();

    let secrets = ["2501-370800-04-01-000016", "CASE-4711", "officer-0815", "A-1", "attorney"];
    for secret in secrets {
        assert!(!leaves.contains(secret), "{secret} is on the trail");
    }
    let digest = fetched.info.version_digest.unwrap().value;
    assert!(!leaves.contains(&hex::encode(&digest)), "a personal type's digest is on the trail");
    assert!(!leaves.contains("/versions/"), "a personal type's version is on the trail");
    let disk = everything_below(bus.trail_dir());
    assert!(!String::from_utf8_lossy(&disk).contains("CASE-4711"));
}

#[tokio::test]
async fn what_a_run_left_open_is_settled_by_the_next() {
    let mut bus = TestBus::start().await;
    bus.client("housing").publish(&contract()).await.unwrap();
    bus.restart().await;
    bus.restart().await;

    let records = but_keys(bus.client("audit").records().await);

    let kinds: Vec<_> = records.iter().map(|record| record.kind.as_str()).collect();
    assert_eq!(kinds, ["start", "intent", "outcome", "stop", "start", "stop", "start"]);
    let boots: std::collections::HashSet<_> = records.iter().map(|record| &record.boot).collect();
    assert_eq!(boots.len(), 3);
}

#[tokio::test]
async fn an_outcome_that_is_durable_but_was_not_noted_is_noted_and_not_written_again() {
    let mut bus = TestBus::start().await;
    let housing = bus.client("housing");
    let begun = housing.transfer.clone().begin_publish(contract().begin()).await.unwrap();
    let upload = begun.into_inner().upload;
    housing.put(&contract(), &upload, 0).await.unwrap();
    let commit = contract().commit(&upload);
    let committed = housing.transfer.clone().commit_publish(commit.clone()).await.unwrap();
    let registry = format!("sqlite://{}", bus.data_dir().join("registry.sqlite").display());
    let mut registry = sqlx::SqliteConnection::connect(&registry).await.unwrap();
    let forgotten = sqlx::query("UPDATE uploads SET receipt = NULL").execute(&mut registry).await;
    assert_eq!(forgotten.unwrap().rows_affected(), 1);
    registry.close().await.unwrap();

    bus.restart().await;
    let mut transfer = bus.client("housing").transfer;
    let again = transfer.commit_publish(commit).await.unwrap().into_inner().receipt.unwrap();

    let outcomes = bus.client("audit").outcomes("publish").await;
    let [outcome] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!(outcome.outcome, "served");
    assert_eq!(again.index, committed.into_inner().receipt.unwrap().index);
    assert_eq!(oncebus_tests::proof(&again).verify(bus.verifier()), Ok(()));
}

/// Leaves out which keys the first run began to use.
fn but_keys(mut records: Vec<pb::Record>) -> Vec<pb::Record> {
    records.retain(|record| record.kind != "key");
    records
}

fn everything_below(dir: &std::path::Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes.extend(everything_below(&path));
        } else {
            bytes.extend(std::fs::read(path).unwrap());
        }
    }
    bytes
}
