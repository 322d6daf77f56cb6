//! What the trail says as a whole: exports that verify offline, and how often materials were reused.

use oncebus_proto::v1 as pb;
use oncebus_tests::{Client, Document, TestBus, reason};
use oncebus_trail::{Receipt, SignedCheckpoint};

fn contract(number: &str) -> Document {
    Document::new("construction_contract", number, format!("contract {number}"))
}

/// Takes a whole export: its checkpoint, its records with their paths, and how far it looked.
async fn export(client: &Client, filter: pb::RecordFilter) -> (String, Vec<pb::ProvenRecord>, i64) {
    let request = pb::ExportRecordsRequest { filter: Some(filter) };
    let mut stream = client.audit.clone().export_records(request).await.unwrap().into_inner();
    let (mut checkpoint, mut records, mut indexed) = (String::new(), Vec::new(), 0);
    while let Some(message) = stream.message().await.unwrap() {
        checkpoint.push_str(&message.checkpoint);
        records.extend(message.records);
        indexed = message.indexed_size;
    }
    (checkpoint, records, indexed)
}

#[tokio::test]
async fn an_export_has_every_match_proven_under_one_checkpoint() {
    let bus = TestBus::start().await;
    let document = contract("C-1");
    bus.client("housing").publish(&document).await.unwrap();
    for _ in 0..70 {
        bus.client("planning").fetch(document.fetch()).await.unwrap();
    }
    let fetches = pb::RecordFilter {
        kind: "outcome".to_owned(),
        operation: "fetch".to_owned(),
        ..Default::default()
    };

    let (checkpoint, records, indexed) = export(&bus.client("audit"), fetches.clone()).await;
    let (_, of_market, _) = export(&bus.client("market"), fetches).await;

    let signed = SignedCheckpoint::open(&checkpoint, bus.verifier()).unwrap().checkpoint;
    let indices: Vec<_> = records.iter().map(|r| r.record.as_ref().unwrap().index).collect();
    assert_eq!(indices, (4..74).collect::<Vec<_>>());
    assert_eq!(indexed, 74);
    for pb::ProvenRecord { record, inclusion_path } in records {
        let record = record.unwrap();
        let receipt = Receipt {
            origin: signed.origin.clone(),
            index: record.index as u64,
            tree_size: signed.size,
            inclusion_path: inclusion_path.iter().map(|h| h.as_ref().try_into().unwrap()).collect(),
            checkpoint: checkpoint.clone(),
            leaf: record.leaf.to_vec(),
        };
        receipt.verify(bus.verifier()).unwrap();
    }
    assert!(of_market.is_empty(), "{of_market:?}");
}

#[tokio::test]
async fn an_export_of_nothing_still_says_how_far_it_looked_and_under_what() {
    let bus = TestBus::start().await;
    let none = pb::RecordFilter { kind: "erasure".to_owned(), ..Default::default() };

    let (checkpoint, records, indexed) = export(&bus.client("audit"), none).await;

    assert!(SignedCheckpoint::open(&checkpoint, bus.verifier()).is_ok());
    assert_eq!((records, indexed), (Vec::new(), 1));
}

#[tokio::test]
async fn the_reuse_report_counts_what_was_asked_for_reused_and_collected() {
    let bus = TestBus::start().await;
    let (first, second) = (contract("C-1"), contract("C-2"));
    bus.client("housing").publish(&first).await.unwrap();
    bus.client("housing").publish(&second).await.unwrap();
    bus.client("housing").publish(&first).await.unwrap();
    bus.client("planning").fetch(first.fetch()).await.unwrap();
    bus.client("market").fetch(first.fetch()).await.unwrap();
    bus.client("planning").fetch(contract("C-3").fetch()).await.unwrap_err();
    let report = async |by: &[&str]| {
        let group_by = by.iter().map(ToString::to_string).collect();
        let request = pb::GetReuseReportRequest { group_by, ..Default::default() };
        bus.client("audit").audit.get_reuse_report(request).await
    };

    let all = report(&[]).await.unwrap().into_inner();
    let departments = report(&["material_type", "department"]).await.unwrap().into_inner();
    let unknown = report(&["type"]).await.unwrap_err();

    let [row] = &all.rows[..] else { panic!("one row: {all:?}") };
    assert_eq!((row.asked, row.reused, row.collected), (5, 3, 2));
    assert_eq!(row.reused_percent, "60.00");
    let rows: Vec<_> = departments
        .rows
        .iter()
        .map(|row| (row.group.join(" "), row.asked, row.reused, row.collected))
        .collect();
    let of = |department| format!("construction_contract {department}");
    assert_eq!(
        rows,
        [(of("housing"), 3, 1, 2), (of("market"), 1, 1, 0), (of("planning"), 1, 1, 0)]
    );
    assert_eq!(reason(&unknown), "INVALID_FIELD");
}
