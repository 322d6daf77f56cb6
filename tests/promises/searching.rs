//! Whoever reads the trail finds exactly what was asked for and may be seen, with proofs, and each
//! reading is on the trail.

use oncebus_proto::v1 as pb;
use oncebus_tests::{Client, Document, TestBus, proof, reason};
use oncebus_trail::{Consistency, SignedCheckpoint};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

fn contract() -> Document {
    Document::new("construction_contract", "C-1", "a contract")
}

/// A bus where housing published, planning fetched twice, and audit was denied.
async fn busy() -> TestBus {
    let bus = TestBus::start().await;
    bus.client("housing").publish(&contract()).await.unwrap();
    bus.client("planning").fetch(contract().fetch()).await.unwrap();
    bus.client("planning").fetch(contract().fetch()).await.unwrap();
    bus.client("audit").fetch(contract().fetch()).await.unwrap_err();
    bus
}

async fn search(client: &Client, filter: pb::RecordFilter) -> Result<Vec<i64>, Status> {
    let request = pb::SearchRecordsRequest { filter: Some(filter), ..Default::default() };
    let answer = client.audit.clone().search_records(request).await?.into_inner();
    Ok(answer.records.iter().map(|record| record.index).collect())
}

#[tokio::test]
async fn each_filter_finds_its_records_and_no_others() {
    let bus = busy().await;
    let records = bus.client("audit").records().await;
    let [_, _, published, _, missed, hit, denied] = &records[..] else { panic!("{records:?}") };
    let any = pb::RecordFilter::default;
    let text = str::to_owned;

    for (filter, expected) in [
        (pb::RecordFilter { department: text("housing"), ..any() }, vec![2, 1]),
        (pb::RecordFilter { system: denied.system.clone(), ..any() }, vec![7, 6]),
        (
            pb::RecordFilter { holder: text("housing"), kind: text("outcome"), ..any() },
            vec![5, 4, 2],
        ),
        (
            pb::RecordFilter { material_type: text("M23"), outcome: text("served"), ..any() },
            vec![5, 4, 2],
        ),
        (pb::RecordFilter { item: text("I14"), operation: text("publish"), ..any() }, vec![2, 1]),
        (pb::RecordFilter { kind: text("start"), ..any() }, vec![0]),
        (pb::RecordFilter { reason: text("ACCESS_DENIED"), ..any() }, vec![denied.index]),
        (pb::RecordFilter { version: published.version.clone(), ..any() }, vec![5, 4, 3, 2]),
        (pb::RecordFilter { digest: published.digest.clone(), ..any() }, vec![5, 4, 3, 2]),
        (pb::RecordFilter { id: hit.id.clone(), ..any() }, vec![hit.index]),
        (pb::RecordFilter { cache: text("miss"), ..any() }, vec![missed.index]),
        (
            pb::RecordFilter { cache: text("hit"), department: text("planning"), ..any() },
            vec![hit.index],
        ),
        (pb::RecordFilter { trace_id: "0a".repeat(16), ..any() }, vec![]),
        (pb::RecordFilter { min_latency_ms: 3_600_000, ..any() }, vec![]),
        (
            pb::RecordFilter {
                start_time: hit.time,
                end_time: hit.time.map(later),
                kind: text("stop"),
                ..any()
            },
            vec![],
        ),
        (pb::RecordFilter { end_time: published.time, ..any() }, vec![]),
    ] {
        let shown = format!("{filter:?}");
        let mut found = search(&bus.client("audit"), filter).await.unwrap();
        // Readings of this test itself come behind.
        found.retain(|index| *index <= 7);
        assert_eq!(found, expected, "{shown}");
    }
}

fn later(time: prost_types::Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: time.seconds + 60, ..time }
}

#[tokio::test]
async fn a_filter_that_can_match_nothing_is_refused_by_name() {
    let bus = TestBus::start().await;
    let any = pb::RecordFilter::default;
    let text = str::to_owned;
    let subject = |scheme: &str| Some(pb::Subject { scheme: text(scheme), value: text("A") });
    let time = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });

    for (filter, field) in [
        (pb::RecordFilter { department: text("No Such"), ..any() }, "department"),
        (pb::RecordFilter { system: text("planning/a"), ..any() }, "system"),
        (pb::RecordFilter { holder: text("No Such"), ..any() }, "holder"),
        (pb::RecordFilter { material_type: text("M99"), ..any() }, "material_type"),
        (pb::RecordFilter { item: text("I\n"), ..any() }, "item"),
        (pb::RecordFilter { kind: text("outcomes"), ..any() }, "kind"),
        (pb::RecordFilter { operation: text("delete"), ..any() }, "operation"),
        (pb::RecordFilter { outcome: text("SERVED"), ..any() }, "outcome"),
        (pb::RecordFilter { reason: text("denied"), ..any() }, "reason"),
        (pb::RecordFilter { version: text("v1"), ..any() }, "version"),
        (pb::RecordFilter { id: text("7"), ..any() }, "id"),
        (pb::RecordFilter { trace_id: text("7"), ..any() }, "trace_id"),
        (pb::RecordFilter { digest: text("md5:7"), ..any() }, "digest"),
        (pb::RecordFilter { subject: subject("passport"), ..any() }, "subject.scheme"),
        (pb::RecordFilter { case_number: text("C-1"), ..any() }, "case_number"),
        (pb::RecordFilter { cache: text("warm"), ..any() }, "cache"),
        (pb::RecordFilter { min_latency_ms: -1, ..any() }, "min_latency_ms"),
        (pb::RecordFilter { start_time: time(9), end_time: time(9), ..any() }, "end_time"),
        (pb::RecordFilter { start_time: time(i64::MAX), ..any() }, "start_time"),
    ] {
        let refused = search(&bus.client("audit"), filter).await.unwrap_err();

        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::InvalidArgument, "INVALID_FIELD")
        );
        let info = refused.get_details_error_info().unwrap();
        assert_eq!(info.metadata["field"], field);
    }
}

#[tokio::test]
async fn a_page_token_is_good_for_its_caller_and_filter_alone() {
    let bus = busy().await;
    let request = |kind: &str, page_token| pb::SearchRecordsRequest {
        filter: Some(pb::RecordFilter { kind: kind.to_owned(), ..Default::default() }),
        page_size: 1,
        page_token,
    };
    let mut audit = bus.client("audit").audit;
    let first = audit.search_records(request("outcome", String::new())).await.unwrap().into_inner();
    let token = first.next_page_token;

    let other_filter = audit.search_records(request("intent", token.clone())).await.unwrap_err();
    let mut planning = bus.client("planning").audit;
    let other_caller =
        planning.search_records(request("outcome", token.clone())).await.unwrap_err();
    let second = audit.search_records(request("outcome", token)).await.unwrap().into_inner();

    for refused in [other_filter, other_caller] {
        assert!(refused.message().starts_with("page_token "), "{refused:?}");
    }
    assert_eq!(second.records[0].index, 5);
    assert!(first.indexed_size <= first.tree_size, "more is found than there is");
    assert_eq!(first.tree_size, 7);
}

#[tokio::test]
async fn an_operator_sees_what_was_done_to_the_gateway_and_no_call_of_others() {
    let bus = busy().await;
    bus.client("audit").records().await;

    let records = bus.operator().records().await;

    let mut kinds: Vec<_> = records.iter().map(|record| record.kind.as_str()).collect();
    kinds.retain(|kind| *kind != "outcome");
    assert_eq!(kinds, ["start", "audit_read"]);
    assert!(records.iter().all(|record| record.department != "planning"), "{records:?}");
}

#[tokio::test]
async fn each_reading_is_one_record_with_its_method() {
    let bus = busy().await;
    let mut audit = bus.client("audit").audit;
    let before = bus.client("audit").records().await.len();

    audit.get_record(pb::GetRecordRequest { index: 4, ..Default::default() }).await.unwrap();
    audit.get_record(pb::GetRecordRequest { index: 999, ..Default::default() }).await.unwrap_err();
    audit.tail_records(pb::TailRecordsRequest::default()).await.unwrap();
    audit.export_records(pb::ExportRecordsRequest::default()).await.unwrap();
    audit.get_receipt(pb::GetReceiptRequest { index: 4, ..Default::default() }).await.unwrap();
    let known = pb::GetConsistencyProofRequest { old_size: 1, ..Default::default() };
    audit.get_consistency_proof(known).await.unwrap();
    let subject = Some(oncebus_tests::subject());
    let report = pb::GetSubjectReportRequest { subject, ..Default::default() };
    audit.get_subject_report(report).await.unwrap();
    audit.get_reuse_report(pb::GetReuseReportRequest::default()).await.unwrap();

    let records = bus.client("audit").records().await;
    let said: Vec<_> =
        records[before..].iter().map(|r| (r.kind.as_str(), r.operation.as_str())).collect();
    let methods = [
        "search_records",
        "get_record",
        "get_record",
        "tail_records",
        "export_records",
        "get_receipt",
        "get_consistency_proof",
        "get_subject_report",
        "get_reuse_report",
    ];
    assert_eq!(said, methods.map(|method| ("audit_read", method)));
    let counts: Vec<_> = records[before + 1..before + 3].iter().map(|r| r.count).collect();
    assert_eq!(counts, [1, 0], "a reading that found nothing is a reading");
}

#[tokio::test]
async fn a_receipt_is_had_again_by_whoever_may_see_its_record() {
    let bus = busy().await;
    let of = |index| pb::GetReceiptRequest { index, ..Default::default() };

    let given = bus.client("planning").audit.get_receipt(of(4)).await.unwrap().into_inner();
    let hidden = bus.client("market").audit.get_receipt(of(4)).await.unwrap_err();
    let beyond = bus.client("planning").audit.get_receipt(of(999)).await.unwrap_err();
    let foreign = pb::GetReceiptRequest { origin: "other.test/log".to_owned(), index: 4 };
    let foreign = bus.client("planning").audit.get_receipt(foreign).await.unwrap_err();

    let receipt = proof(&given.receipt.unwrap());
    receipt.verify(bus.verifier()).unwrap();
    assert_eq!(receipt.index, 4);
    for refused in [hidden, beyond, foreign] {
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::NotFound, "RECORD_NOT_FOUND")
        );
    }
}

#[tokio::test]
async fn anybody_on_the_bus_can_check_that_the_trail_only_grew() {
    let bus = busy().await;
    let mut market = bus.client("market").audit;
    let old = bus.client("planning").fetch(contract().fetch()).await.unwrap().receipt;
    bus.client("planning").fetch(contract().fetch()).await.unwrap();

    let old_size = old.tree_size;
    let request = pb::GetConsistencyProofRequest { old_size, ..Default::default() };
    let proof = market.get_consistency_proof(request).await.unwrap().into_inner();
    let beyond = pb::GetConsistencyProofRequest { old_size: 1 << 40, ..Default::default() };
    let beyond = market.get_consistency_proof(beyond).await.unwrap_err();

    let old = SignedCheckpoint::open(&old.checkpoint, bus.verifier()).unwrap().checkpoint;
    let proof = Consistency {
        old_size: proof.old_size as u64,
        new_size: proof.new_size as u64,
        path: proof.path.iter().map(|hash| hash.as_ref().try_into().unwrap()).collect(),
        checkpoint: proof.checkpoint,
    };
    let new = proof.verify(&old, bus.verifier()).unwrap();
    assert!(old.size <= new.size);
    assert_eq!((beyond.code(), reason(&beyond).as_str()), (Code::OutOfRange, "BEYOND_TRAIL"));
}
