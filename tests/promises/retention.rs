//! What is erased or dropped is gone from every file, is on record first, and breaks no proof.

use std::{fs, path::Path};

use jiff::SignedDuration;
use oncebus_core::{Call, Caller, Digest, Ground, Operation, Role, Span, Spans, SystemId};
use oncebus_proto::v1 as pb;
use oncebus_tests::{Client, Document, TestBus, proof, reason, receipt, request_id, subject};
use tonic::{Code, Status};

fn contract() -> Document {
    Document::new("construction_contract", "C-1", "a contract")
}

fn parts(indices: &[i64], ground: &str) -> pb::EraseSealedRequest {
    pb::EraseSealedRequest {
        indices: indices.to_vec(),
        ground: ground.to_owned(),
        request_id: request_id(),
        ..Default::default()
    }
}

fn day(day: &str) -> pb::EraseSealedRequest {
    pb::EraseSealedRequest { day: day.to_owned(), ..parts(&[], "COURT_ORDER") }
}

async fn erase(
    client: &Client,
    request: pb::EraseSealedRequest,
) -> Result<pb::EraseSealedResponse, Status> {
    Ok(client.audit.clone().erase_sealed(request).await?.into_inner())
}

async fn retain(client: &Client, dry: bool) -> Result<pb::ApplyRetentionResponse, Status> {
    let request = pb::ApplyRetentionRequest { validate_only: dry };
    Ok(client.audit.clone().apply_retention(request).await?.into_inner())
}

async fn of_kind(bus: &TestBus, kind: &str) -> Vec<pb::Record> {
    let mut records = bus.client("audit").records().await;
    records.retain(|record| record.kind == kind);
    records
}

fn ranges(ranges: &[pb::IndexRange]) -> Vec<(i64, i64)> {
    ranges.iter().map(|range| (range.start, range.end)).collect()
}

async fn about_the_project(bus: &TestBus) -> usize {
    let request = pb::GetSubjectReportRequest { subject: Some(subject()), ..Default::default() };
    let mut audit = bus.client("audit").audit;
    audit.get_subject_report(request).await.unwrap().into_inner().records.len()
}

fn stored(bus: &TestBus, index: i64) -> Vec<u8> {
    let trail = bus.gateway().bus().journal().trail();
    trail.read_sealed(index as u64, 1).unwrap().pop().unwrap()
}

/// Waits until all is published, so that no frame is left.
async fn published(bus: &TestBus) {
    let trail = bus.gateway().bus().journal().trail();
    trail.prover(trail.size()).await.unwrap();
}

/// Whether any file below the folder has these bytes.
fn anywhere(folder: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return anywhere(&path, bytes);
        }
        let content = fs::read(&path).unwrap_or_default();
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}

/// Writes records that are about nothing.
async fn idle(bus: &TestBus, count: u32) {
    for _ in 0..count {
        bus.gateway().bus().journal().audit_read(Call::default(), 0).await.unwrap();
    }
}

async fn verify_all(bus: &TestBus, from: u64) {
    let trail = bus.gateway().bus().journal().trail();
    published(bus).await;
    for index in from..trail.size() {
        trail.receipt(index).await.unwrap().verify(bus.verifier()).unwrap();
    }
}

#[tokio::test]
async fn an_erased_part_is_in_no_file_found_by_nothing_and_every_proof_stays() {
    let bus = TestBus::start().await;
    let published_first = bus.client("housing").publish(&contract()).await.unwrap();
    let fetched = bus.client("planning").fetch(contract().fetch()).await.unwrap();
    let index = fetched.receipt.index;
    let part = stored(&bus, index);
    published(&bus).await;
    assert!(anywhere(bus.trail_dir(), &part) && about_the_project(&bus).await == 2);

    let erased = erase(&bus.security(), parts(&[index], "DATA_SUBJECT_REQUEST")).await.unwrap();

    published(&bus).await;
    assert_eq!((erased.erased, stored(&bus, index).len()), (1, 0));
    assert!(!anywhere(bus.trail_dir(), &part), "the part is still in a file");
    assert!(!anywhere(bus.trail_dir(), &part[part.len() - 24..]), "its end is still in a file");
    assert_eq!(about_the_project(&bus).await, 1);
    proof(&fetched.receipt).verify(bus.verifier()).unwrap();
    proof(&published_first.receipt.unwrap()).verify(bus.verifier()).unwrap();
    verify_all(&bus, 0).await;
    let [before, after] = &of_kind(&bus, "erasure").await[..] else { panic!("two records") };
    assert_eq!(ranges(&before.ranges), [(index, index + 1)]);
    assert_eq!((before.outcome.as_str(), before.ground.as_str()), ("", "DATA_SUBJECT_REQUEST"));
    assert_eq!(
        (after.outcome.as_str(), after.count, after.intent),
        ("served", 1, Some(before.index))
    );
    assert_eq!(after.index, erased.receipt.unwrap().index);
}

#[tokio::test]
async fn an_erased_part_stays_away_when_the_index_is_made_anew() {
    let mut bus = TestBus::start().await;
    let fetched = {
        bus.client("housing").publish(&contract()).await.unwrap();
        bus.client("planning").fetch(contract().fetch()).await.unwrap()
    };
    erase(&bus.security(), parts(&[fetched.receipt.index], "COURT_ORDER")).await.unwrap();

    for suffix in ["", "-wal", "-shm"] {
        let _absent = fs::remove_file(bus.data_dir().join(format!("index.sqlite{suffix}")));
    }
    bus.restart().await;

    assert_eq!(about_the_project(&bus).await, 1);
}

#[tokio::test]
async fn a_destroyed_day_is_gone_with_its_keys_and_the_days_after_it_stay() {
    let bus = TestBus::start().await;
    bus.client("housing").publish(&contract()).await.unwrap();
    let old = bus.client("planning").fetch(contract().fetch()).await.unwrap().receipt.index;
    bus.clock.advance(SignedDuration::from_hours(24));
    let new = bus.client("planning").fetch(contract().fetch()).await.unwrap().receipt.index;
    let (part, kept) = (stored(&bus, old), stored(&bus, new));
    let keys = || fs::read_dir(bus.trail_dir().join("keys")).unwrap().count();
    assert_eq!(keys(), 2);

    let today = erase(&bus.security(), day("2026-03-03")).await.unwrap_err();
    let erased = erase(&bus.security(), day("2026-03-02")).await.unwrap();

    published(&bus).await;
    assert_eq!((reason(&today).as_str(), erased.erased, keys()), ("INVALID_FIELD", 1, 1));
    assert!(!anywhere(bus.trail_dir(), &part) && anywhere(bus.trail_dir(), &kept));
    assert_eq!(about_the_project(&bus).await, 1);
    let before = of_kind(&bus, "erasure").await.remove(0);
    assert_eq!(before.key, "data:2026-03-02");
    verify_all(&bus, 0).await;
}

#[tokio::test]
async fn only_security_erases_and_a_repeat_erases_nothing_more() {
    let bus = TestBus::start().await;
    let index = bus.client("housing").publish(&contract()).await.unwrap().receipt.unwrap().index;
    for client in [bus.client("audit"), bus.operator(), bus.client("housing")] {
        let status = erase(&client, parts(&[index], "COURT_ORDER")).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::PermissionDenied, "ACCESS_DENIED")
        );
        assert!(receipt(&status).is_some());
    }
    let request = parts(&[index], "COURT_ORDER");

    let first = erase(&bus.security(), request.clone()).await.unwrap();
    let again = erase(&bus.security(), request.clone()).await.unwrap();
    let other = pb::EraseSealedRequest { indices: vec![index - 1], ..request };
    let other = erase(&bus.security(), other).await.unwrap_err();

    assert_eq!((again.erased, again.receipt.unwrap().index), (1, first.receipt.unwrap().index));
    assert_eq!(reason(&other), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(of_kind(&bus, "erasure").await.len(), 2);
}

#[tokio::test]
async fn an_erasure_that_died_after_its_record_is_finished_at_the_next_start() {
    let mut bus = TestBus::start().await;
    let index = bus.client("housing").publish(&contract()).await.unwrap().receipt.unwrap().index;
    let part = stored(&bus, index);
    let caller = Caller {
        department: "audit".parse().unwrap(),
        system: SystemId::verified("spiffe://oncebus.test/dept/audit/system/security".to_owned()),
        certificate: [7; 32],
        role: Role::Security,
        trace_id: None,
    };
    let request = parts(&[index], "COURT_ORDER");
    let id: oncebus_core::RequestId = request.request_id.parse().unwrap();
    let call = Call {
        operation: Some(Operation::EraseSealed),
        request: Some(Digest::of(id.0.as_bytes())),
        ..Call::by(&caller)
    };
    let span = Span { start: index as u64, end: index as u64 + 1 };
    let spans = Spans::new(vec![span]).unwrap();
    let journal = bus.gateway().bus().journal();
    let first =
        journal.erasure(call, Some(spans), None, Ground::CourtOrder, Some(1)).await.unwrap();

    bus.restart().await;

    published(&bus).await;
    assert!(stored(&bus, index).is_empty() && !anywhere(bus.trail_dir(), &part));
    let after = of_kind(&bus, "erasure").await.pop().unwrap();
    assert_eq!((after.outcome.as_str(), after.intent), ("recovered", Some(first.index as i64)));
    let again = erase(&bus.security(), request).await.unwrap();
    assert_eq!(again.receipt.unwrap().index, after.index);
    bus.restart().await;
    assert_eq!(of_kind(&bus, "erasure").await.len(), 2);
}

#[tokio::test]
async fn a_legal_hold_keeps_sealed_parts_from_all_but_a_court() {
    let hold = "\n[[retention.hold]]\nfrom = \"2026-03-02\"\nuntil = \"2026-03-02\"\nreference = \"H-1\"\n";
    let bus = TestBus::builder().tables(hold).start().await;
    let held = bus.client("housing").publish(&contract()).await.unwrap().receipt.unwrap().index;
    bus.clock.advance(SignedDuration::from_hours(15));
    let free = bus.client("planning").fetch(contract().fetch()).await.unwrap().receipt.index;
    let security = bus.security();

    let refused = erase(&security, parts(&[held, free], "DATA_SUBJECT_REQUEST")).await.unwrap_err();
    let by_day = pb::EraseSealedRequest { ground: "RETENTION".to_owned(), ..day("2026-03-02") };
    let by_day = erase(&security, by_day).await.unwrap_err();
    let kept = stored(&bus, held);
    let outside = erase(&security, parts(&[free], "DATA_SUBJECT_REQUEST")).await;
    let court = erase(&security, parts(&[held], "COURT_ORDER")).await;

    for status in [refused, by_day] {
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::FailedPrecondition, "LEGAL_HOLD")
        );
        assert!(receipt(&status).is_some());
    }
    assert!(!kept.is_empty());
    assert_eq!((outside.unwrap().erased, court.unwrap().erased), (1, 1));
}

#[tokio::test]
async fn an_unsealing_leaves_out_what_was_erased_and_what_was_destroyed() {
    let bus = TestBus::start().await;
    bus.client("housing").publish(&contract()).await.unwrap();
    let gone = bus.client("planning").fetch(contract().fetch()).await.unwrap().receipt.index;
    let left = bus.client("planning").fetch(contract().fetch()).await.unwrap().receipt.index;
    let mut audit = bus.client("audit").audit;
    let request = pb::RequestUnsealRequest {
        indices: vec![gone, left],
        ground: "INSPECTION".to_owned(),
        reference: "R".to_owned(),
        request_id: request_id(),
    };
    let unseal = audit.request_unseal(request).await.unwrap().into_inner().unseal.unwrap().name;
    let approval = pb::ApproveUnsealRequest { unseal: unseal.clone(), lasts_s: 86_400 };
    bus.security().audit.approve_unseal(approval).await.unwrap();
    erase(&bus.security(), parts(&[gone], "COURT_ORDER")).await.unwrap();
    let read = pb::ReadSealedRequest { unseal };

    let one = audit.read_sealed(read.clone()).await.unwrap().into_inner();
    bus.clock.advance(SignedDuration::from_hours(23));
    erase(&bus.security(), day("2026-03-02")).await.unwrap();
    let none = audit.read_sealed(read).await.unwrap().into_inner();

    let indices: Vec<_> = one.parts.iter().map(|part| part.index).collect();
    assert_eq!((indices, one.keys.len()), (vec![left], 1));
    assert_eq!((none.parts.len(), none.keys.len()), (0, 0));
}

#[tokio::test]
async fn what_is_older_than_the_policy_goes_in_whole_bundles_and_proofs_stay() {
    let mut bus = TestBus::start().await;
    let first = bus.client("housing").publish(&contract()).await.unwrap().receipt.unwrap();
    idle(&bus, 600).await;
    published(&bus).await;
    let early = retain(&bus.operator(), false).await.unwrap();
    bus.clock.advance(SignedDuration::from_hours(24 * 1_095 + 1));
    idle(&bus, 10).await;

    let planned = retain(&bus.operator(), true).await.unwrap();
    let files = bus.trail_dir().join("tile/entries");
    let before = fs::read_dir(&files).unwrap().count();
    let done = retain(&bus.operator(), false).await.unwrap();

    assert_eq!((ranges(&early.dropped), early.receipt.is_some()), (vec![], true));
    assert_eq!((ranges(&planned.dropped), planned.receipt), (vec![(0, 512)], None));
    assert_eq!(ranges(&done.dropped), [(0, 512)]);
    assert_eq!(fs::read_dir(&files).unwrap().count(), before - 2);
    let receipt = done.receipt.unwrap();
    let record = of_kind(&bus, "retention").await.remove(0);
    assert_eq!((record.index, ranges(&record.ranges)), (receipt.index, vec![(0, 512)]));
    proof(&first).verify(bus.verifier()).unwrap();
    verify_all(&bus, 512).await;

    for suffix in ["", "-wal", "-shm"] {
        let _absent = fs::remove_file(bus.data_dir().join(format!("index.sqlite{suffix}")));
    }
    bus.restart().await;
    let records = bus.client("audit").records().await;
    assert_eq!(records.first().unwrap().index, 512);
    assert_eq!(ranges(&retain(&bus.operator(), true).await.unwrap().dropped), []);
}

#[tokio::test]
async fn a_hold_keeps_whole_bundles_around_what_it_names() {
    let hold = "\n[[retention.hold]]\nfrom = \"2026-03-03\"\nuntil = \"2026-03-03\"\nreference = \"H-1\"\n";
    let bus = TestBus::builder().tables(hold).start().await;
    idle(&bus, 300).await;
    bus.clock.advance(SignedDuration::from_hours(24));
    idle(&bus, 10).await;
    bus.clock.advance(SignedDuration::from_hours(24));
    idle(&bus, 600).await;
    published(&bus).await;
    bus.clock.advance(SignedDuration::from_hours(24 * 1_100));

    let done = retain(&bus.operator(), false).await.unwrap();
    let published_policy = fs::read_to_string(bus.trail_dir().join("retention.json")).unwrap();
    bus.edit_config(|config| config.replace(hold, "\n[retention]\nkeep_days = 1200\n"));
    crate::reload::reload(&bus.operator()).await.unwrap();
    let longer = retain(&bus.operator(), true).await.unwrap();
    bus.edit_config(|config| config.replace("keep_days = 1200", "keep_days = 1095"));
    crate::reload::reload(&bus.operator()).await.unwrap();
    let without = retain(&bus.operator(), false).await.unwrap();

    assert_eq!(ranges(&done.held), [(256, 512)]);
    assert_eq!(ranges(&done.dropped), [(0, 256), (512, 768)]);
    assert_eq!(ranges(&longer.dropped), []);
    assert_eq!(ranges(&without.dropped), [(256, 512)]);
    let policy: serde_json::Value = serde_json::from_str(&published_policy).unwrap();
    assert_eq!(policy["holds"][0]["from"], "2026-03-03");
    assert!(!published_policy.contains("H-1"), "the reference is not for everybody");
    let now = fs::read_to_string(bus.trail_dir().join("retention.json")).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&now).unwrap()["keep_days"], 1_095);
}

#[tokio::test]
async fn only_an_operator_drops_and_a_plan_is_only_a_reading() {
    let bus = TestBus::start().await;
    for (client, dry) in [(bus.client("audit"), false), (bus.security(), true)] {
        let status = retain(&client, dry).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::PermissionDenied, "ACCESS_DENIED")
        );
        assert!(receipt(&status).is_some());
    }

    retain(&bus.operator(), true).await.unwrap();

    let last = bus.client("audit").records().await.pop().unwrap();
    let read = (last.kind.as_str(), last.operation.as_str());
    assert_eq!(read, ("audit_read", "apply_retention"));
}
