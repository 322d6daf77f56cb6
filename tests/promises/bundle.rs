//! Bundles: each material of a list is a fetch of its own, and what one comes to ends no other.

use std::{collections::HashMap, time::Duration};

use oncebus_proto::v1 as pb;
use oncebus_tests::{
    Client, Document, Fault, TestBus, proof, purpose, reason, request_id, subject,
};
use tokio::task::yield_now;
use tonic::Status;

use crate::{
    checklist::{ALL, hold_all, parties},
    reload::reload,
};

const MIB: usize = 1024 * 1024;

/// What one entry came to.
#[derive(Debug, Default)]
struct Entry {
    reference: String,
    info: Option<pb::MaterialInfo>,
    content: Vec<u8>,
    receipt: Option<pb::Receipt>,
    reason: String,
}

/// What a bundle came to.
#[derive(Debug)]
struct Bundle {
    entries: Vec<Entry>,
    summary: pb::BundleSummary,
}

fn current(material_type: &str, number: &str) -> pb::BundleEntry {
    pb::BundleEntry {
        material_type: material_type.to_owned(),
        subject: Some(subject()),
        number: number.to_owned(),
        reference: format!("{material_type} {number}"),
        ..Default::default()
    }
}

fn named(version: &str) -> pb::BundleEntry {
    pb::BundleEntry { version: version.to_owned(), ..Default::default() }
}

fn request(entries: Vec<pb::BundleEntry>) -> pb::FetchBundleRequest {
    pb::FetchBundleRequest {
        entries,
        purpose: Some(purpose()),
        request_id: request_id(),
        checklist: None,
    }
}

async fn fetch(client: &Client, entries: Vec<pb::BundleEntry>) -> Result<Bundle, Status> {
    let mut all: Vec<_> = entries.iter().map(|_| Entry::default()).collect();
    let mut stream = client.transfer.clone().fetch_bundle(request(entries)).await?.into_inner();
    let mut summary = None;
    while let Some(message) = stream.message().await? {
        assert!(summary.is_none(), "a message came behind the summary");
        summary = message.summary;
        if summary.is_some() {
            continue;
        }
        let entry = &mut all[message.entry as usize];
        assert!(entry.receipt.is_none(), "a message came behind the receipt");
        entry.reference += &message.reference;
        entry.info = entry.info.take().or(message.info);
        entry.content.extend_from_slice(&message.data);
        entry.receipt = message.receipt;
        entry.reason = message.error.map(|error| error.reason).unwrap_or_default();
    }
    Ok(Bundle { entries: all, summary: summary.expect("an answer has a summary") })
}

fn counts(summary: &pb::BundleSummary) -> [i32; 3] {
    [summary.served, summary.refused, summary.failed]
}

/// A bus on which housing has published a contract of 3 MiB, and market holds a licence.
async fn bus() -> (TestBus, String) {
    let bus = TestBus::start().await;
    bus.adapter("market").hold("business_license", "L-1", "licence of a company");
    let contract = Document::new("construction_contract", "C-1", vec![5; 3 * MIB + 1]);
    let published = bus.client("housing").publish(&contract).await.unwrap();
    (bus, published.info.unwrap().version)
}

#[tokio::test]
async fn what_one_entry_comes_to_does_not_end_the_others() {
    let (bus, version) = bus().await;
    let client = bus.client("market");

    let bundle = fetch(
        &client,
        vec![
            current("M28", ""),
            current("M01", "L-1"),
            current("M01", "L-9"),
            current("M02", ""),
            named(&version),
        ],
    )
    .await
    .unwrap();

    let [denied, licence, unknown, matched, contract] = &bundle.entries[..] else { panic!() };
    let reasons = [denied, unknown, matched].map(|entry| entry.reason.as_str());
    assert_eq!(reasons, ["ACCESS_DENIED", "MATERIAL_NOT_FOUND", "VERIFY_ONLY"]);
    assert_eq!(licence.content, b"licence of a company");
    assert_eq!(contract.content, vec![5; 3 * MIB + 1]);
    assert_eq!(licence.reference, "M01 L-1");
    assert_eq!(contract.info.as_ref().unwrap().version, version);
    assert_eq!(counts(&bundle.summary), [2, 1, 2]);
}

#[tokio::test]
async fn every_entry_has_an_outcome_of_its_own_that_names_the_bundle() {
    let (bus, version) = bus().await;

    let entries = vec![current("M01", "L-1"), named(&version), current("M01", "L-9")];
    let bundle = fetch(&bus.client("planning"), entries).await.unwrap();
    let other = fetch(&bus.client("planning"), vec![named(&version)]).await.unwrap();
    let alone = pb::FetchMaterialRequest {
        version,
        purpose: Some(purpose()),
        request_id: request_id(),
        ..Default::default()
    };
    bus.client("planning").fetch(alone).await.unwrap();

    let outcomes = bus.client("audit").outcomes("fetch").await;
    let by_index: HashMap<_, _> = outcomes.iter().map(|record| (record.index, record)).collect();
    for entry in &bundle.entries {
        let receipt = entry.receipt.as_ref().unwrap();
        proof(receipt).verify(bus.verifier()).unwrap();
        assert_eq!(by_index[&receipt.index].bundle, bundle.summary.bundle);
    }
    let of_bundles = [&bundle, &other]
        .map(|one| outcomes.iter().filter(|record| record.bundle == one.summary.bundle).count());
    assert_eq!(of_bundles, [3, 1]);
    assert_eq!(outcomes.last().unwrap().bundle, "", "a fetch alone is part of none");
    let version = bundle.summary.bundle.as_bytes()[14];
    assert_eq!(version, b'7', "the id is a UUIDv7");
}

#[tokio::test]
async fn all_refused_is_an_answer_with_a_receipt_for_each() {
    let (bus, _) = bus().await;

    let entries = vec![current("M01", ""), current("M02", ""), current("M01", "")];
    let bundle = fetch(&bus.client("audit"), entries).await.unwrap();

    assert_eq!(counts(&bundle.summary), [0, 3, 0]);
    for entry in &bundle.entries {
        assert_eq!(entry.reason, "ACCESS_DENIED");
        assert!(entry.receipt.is_some() && entry.info.is_none() && entry.content.is_empty());
    }
    assert_eq!(bus.adapter("market").calls().all(), 0);
}

#[tokio::test]
async fn a_material_that_stands_twice_comes_twice_and_is_asked_for_once() {
    let (bus, _) = bus().await;

    let entries = vec![current("M01", "L-1"), current("M01", "L-1")];
    let bundle = fetch(&bus.client("planning"), entries).await.unwrap();

    assert_eq!(counts(&bundle.summary), [2, 0, 0]);
    assert_eq!(bundle.entries[0].content, bundle.entries[1].content);
    let caches = bundle.entries.iter().map(|entry| entry.info.as_ref().unwrap().cache());
    assert_eq!(caches.collect::<Vec<_>>(), [pb::CacheResult::Miss, pb::CacheResult::Hit]);
    assert_eq!(bus.adapter("market").calls().fetch, 1);
}

#[tokio::test]
async fn an_adapter_that_is_down_costs_its_own_entries_alone() {
    let (bus, version) = bus().await;
    bus.adapter("market").break_by(Fault::Away);

    let entries = vec![current("M01", "L-1"), named(&version), current("M01", "L-1")];
    let bundle = fetch(&bus.client("planning"), entries).await.unwrap();

    assert_eq!(counts(&bundle.summary), [1, 0, 2]);
    let reasons: Vec<_> = bundle.entries.iter().map(|entry| entry.reason.as_str()).collect();
    assert_eq!(reasons, ["ADAPTER_UNAVAILABLE", "", "ADAPTER_UNAVAILABLE"]);
    assert_eq!(bundle.entries[1].content.len(), 3 * MIB + 1);
}

#[tokio::test]
async fn content_that_is_damaged_in_the_middle_ends_its_entry_with_an_error() {
    let (bus, version) = bus().await;
    bus.adapter("housing").break_by(Fault::LastByte);

    let entries = vec![named(&version), current("M01", "L-1")];
    let bundle = fetch(&bus.client("planning"), entries).await.unwrap();

    assert_eq!(counts(&bundle.summary), [1, 0, 1]);
    assert_eq!(bundle.entries[0].reason, "DIGEST_MISMATCH");
    assert!(bundle.entries[0].receipt.is_none(), "what is not whole has no receipt");
    assert!(bundle.entries[0].content.len() < 3 * MIB + 1);
    assert_eq!(bundle.entries[1].content, b"licence of a company");
}

#[tokio::test]
async fn a_caller_who_hangs_up_half_way_ends_the_bundle_in_order() {
    let (bus, version) = bus().await;
    let client = bus.client("planning");
    // Three parts of the contract come, the others hang.
    bus.adapter("housing").hang_after(3);

    let entries = vec![named(&version), current("M01", "L-1")];
    let mut stream =
        client.transfer.clone().fetch_bundle(request(entries)).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap();
    drop(stream);
    while bus.gateway().calls_in_flight() > 0 {
        yield_now().await;
    }
    bus.adapter("housing").answer();
    let records = bus.client("audit").records().await;

    assert!(first.info.is_some() && first.receipt.is_none());
    let of_bundle: Vec<_> = records
        .iter()
        .filter(|record| !record.bundle.is_empty())
        .map(|record| (record.kind.as_str(), record.material_type.as_str()))
        .collect();
    let contract = "construction_contract";
    assert_eq!(of_bundle, [("intent", contract), ("outcome", contract), ("aborted", contract)]);
    assert_eq!(bus.adapter("market").calls().all(), 0, "the next entry was begun");
}

#[tokio::test]
async fn a_permission_withdrawn_between_two_entries_counts_for_the_second() {
    let (bus, version) = bus().await;
    bus.adapter("market").hang();
    let client = bus.client("planning");
    let entries = vec![current("M01", "L-1"), named(&version)];
    let bundle = tokio::spawn(async move { fetch(&client, entries).await });
    bus.adapter("market").hanging(1).await;

    bus.edit_config(|config| config.replace("\"M23\", ", ""));
    reload(&bus.operator()).await.unwrap();
    bus.adapter("market").answer();
    let bundle = bundle.await.unwrap().unwrap();

    assert_eq!(bundle.entries[0].content, b"licence of a company");
    assert_eq!(bundle.entries[1].reason, "ACCESS_DENIED");
    assert_eq!(counts(&bundle.summary), [1, 1, 0]);
}

#[tokio::test]
async fn a_bundle_is_one_call_of_its_department_and_no_more_in_memory_than_one_material() {
    // A tenth of it is a department's: one large answer at a time.
    let bus = TestBus::builder()
        .tables("[limits]\nmemory_mib = 40\ncalls_per_department = 1\nburst = 10\n")
        .start()
        .await;
    let large = Document::new("construction_contract", "C-1", vec![7; 4 * MIB]);
    let published = bus.client("housing").publish(&large).await.unwrap();
    let version = published.info.unwrap().version;

    let entries = (0..20).map(|_| named(&version)).collect();
    let bundle = fetch(&bus.client("planning"), entries).await.unwrap();

    assert_eq!(counts(&bundle.summary), [20, 0, 0], "{:?}", bundle.entries[1].reason);
}

#[tokio::test]
async fn the_callers_deadline_bounds_all_entries() {
    let (bus, version) = bus().await;
    bus.adapter("market").hang();
    let mut deadline = tonic::Request::new(request(vec![current("M01", "L-1"), named(&version)]));
    deadline.set_timeout(Duration::from_millis(300));

    let mut transfer = bus.client("planning").transfer;
    let ended = async {
        let mut stream = transfer.fetch_bundle(deadline).await?.into_inner();
        while stream.message().await?.is_some_and(|message| message.summary.is_none()) {}
        Ok::<_, Status>(())
    };
    let ended = ended.await;
    while bus.gateway().calls_in_flight() > 0 {
        yield_now().await;
    }

    // Whichever was first: the entry's own end, or the call's.
    if let Err(status) = ended {
        assert_eq!(status.code(), tonic::Code::DeadlineExceeded, "{status:?}");
    }
    let outcomes = bus.client("audit").outcomes("fetch").await;
    assert_eq!((outcomes[0].outcome.as_str(), outcomes[0].reason.as_str()), ("failed", "DEADLINE"));
}

#[tokio::test]
async fn a_list_that_is_malformed_is_refused_naming_entry_and_field() {
    let (bus, _) = bus().await;
    let client = bus.client("planning");
    let long = pb::BundleEntry { reference: "r".repeat(65), ..current("M01", "") };
    let both =
        pb::BundleEntry { version: "materialTypes/x/versions/y".into(), ..current("M01", "") };
    let cases = [
        ("entries", vec![]),
        ("entries", vec![current("M01", ""); 101]),
        ("entries[1].reference", vec![current("M01", ""), long]),
        ("entries[0].material_type", vec![both]),
        (
            "entries[2].material_type",
            vec![current("M01", ""), current("M01", ""), current("M99", "")],
        ),
        ("entries[0].version", vec![pb::BundleEntry::default()]),
    ];

    for (field, entries) in cases {
        let refused = fetch(&client, entries).await.unwrap_err();

        assert_eq!(reason(&refused), "INVALID_FIELD");
        assert!(refused.message().starts_with(&format!("{field} ")), "{refused:?}");
    }
    assert!(bus.client("audit").outcomes("fetch").await.is_empty());
}

#[tokio::test]
async fn everything_that_a_package_requires_and_somebody_holds_comes_in_one_call() {
    let bus = TestBus::start().await;
    hold_all(&bus, &ALL);
    let asked = pb::ResolveRequirementsRequest {
        parties: parties(),
        purpose: None,
        ..oncebus_tests::checklist("P04")
    };
    let request = pb::FetchBundleRequest { checklist: Some(asked), ..request(Vec::new()) };

    let stream = bus.client("housing").transfer.fetch_bundle(request).await.unwrap();
    let mut stream = stream.into_inner();
    let first = stream.message().await.unwrap().unwrap().checklist.unwrap();
    let (mut types, mut summary) = (Vec::new(), None);
    while let Some(message) = stream.message().await.unwrap() {
        types.extend(message.info.map(|info| info.material_type));
        summary = message.summary.or(summary);
    }

    // Twelve are held, and M02 is only ever verified.
    assert_eq!((first.counts.unwrap().held, types.len()), (12, 11));
    let summary = summary.unwrap();
    assert_eq!((summary.served, summary.refused, summary.failed), (11, 0, 0));
    let records = bus.client("housing").outcomes("fetch").await;
    assert!(records.iter().all(|record| record.bundle == summary.bundle));
    assert_eq!((records.len(), bus.client("housing").outcomes("resolve").await.len()), (11, 1));
}
