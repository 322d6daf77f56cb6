//! Too much of one department: it is told at once when to come back, and the others notice nothing.

use std::time::Duration;

use futures_util::future::join_all;
use oncebus_tests::{Document, TestBus, reason};
use tokio::task::yield_now;
use tonic::Code;
use tonic_types::StatusExt as _;

/// What one department may send at one moment.
const BURST: usize = 400;

async fn bus_with_a_contract(tables: &str) -> (TestBus, Document) {
    let bus = TestBus::builder().tables(tables).start().await;
    let contract = Document::new("construction_contract", "C-1", "a contract");
    bus.client("housing").publish(&contract).await.unwrap();
    (bus, contract)
}

#[tokio::test]
async fn a_flood_is_told_when_to_come_back_and_the_others_are_served() {
    // Only the rate is in the way; the clock stands still.
    let (bus, contract) = bus_with_a_contract("[limits]\ncalls_per_department = 1000\n").await;
    let flooders: Vec<_> = (0..8).map(|_| bus.client("planning")).collect();
    let other = bus.client("market");

    let flood = join_all((0..BURST + 100).map(|at| flooders[at % 8].fetch(contract.fetch())));
    let others = join_all((0..50).map(|_| other.fetch(contract.fetch())));
    let (flood, others) = tokio::join!(flood, others);
    bus.gateway().record_refusals().await;
    bus.clock.advance(jiff::SignedDuration::from_secs(1));
    let later = flooders[0].fetch(contract.fetch()).await;

    assert!(others.iter().all(Result::is_ok), "{others:?}");
    let refused: Vec<_> = flood.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 100, "the burst is {BURST}");
    for status in &refused {
        assert_eq!((status.code(), &*reason(status)), (Code::ResourceExhausted, "OVERLOADED"));
        let delay = status.get_details_retry_info().unwrap().retry_delay.unwrap();
        assert!(delay <= Duration::from_secs(1), "{delay:?}");
    }
    assert!(later.is_ok(), "a second later: {later:?}");
    let records = bus.client("audit").records().await;
    let counted: Vec<_> = records.iter().filter(|record| record.reason == "OVERLOADED").collect();
    let [counted] = &counted[..] else { panic!("one record of the refusals: {counted:?}") };
    assert_eq!((counted.kind.as_str(), counted.count as usize), ("refused", refused.len()));
}

#[tokio::test]
async fn a_caller_who_hangs_up_still_counts_until_its_work_ends() {
    let (bus, contract) = bus_with_a_contract("[limits]\ncalls_per_department = 4\n").await;
    let held = |number| Document::new("business_license", number, "");
    for number in ["L-1", "L-2", "L-3", "L-4"] {
        bus.adapter("market").hold("business_license", number, number);
    }
    bus.adapter("market").hang();
    let client = bus.client("planning");
    let calls: Vec<_> = ["L-1", "L-2", "L-3", "L-4"]
        .map(|number| {
            let (client, document) = (client.clone(), held(number));
            tokio::spawn(async move { client.fetch(document.fetch()).await })
        })
        .into();
    bus.adapter("market").hanging(1).await;
    while bus.gateway().calls_in_flight() < 4 {
        yield_now().await;
    }

    calls.iter().for_each(tokio::task::JoinHandle::abort);
    let gone = client.fetch(held("L-1").fetch()).await.unwrap_err();
    let other = bus.client("housing").fetch(contract.fetch()).await;
    bus.adapter("market").answer();
    while bus.gateway().calls_in_flight() > 0 {
        yield_now().await;
    }
    let ended = client.fetch(held("L-1").fetch()).await;

    assert_eq!(reason(&gone), "OVERLOADED");
    assert!(gone.message().contains("4 calls under way"), "{gone:?}");
    assert!(other.is_ok(), "another department's call: {other:?}");
    assert!(ended.is_ok(), "the work has ended: {ended:?}");
}

#[tokio::test]
async fn bytes_on_their_way_are_bounded() {
    // A tenth of it is a department's: one large answer at a time.
    let (bus, contract) = bus_with_a_contract("[limits]\nmemory_mib = 40\n").await;
    let large = Document::new("construction_contract", "C-2", vec![7; 16 << 20]);
    let client = bus.client("planning");
    bus.client("housing").publish(&large).await.unwrap();

    let mut transfer = client.transfer.clone();
    let mut first = transfer.fetch_material(large.fetch()).await.unwrap().into_inner();
    first.message().await.unwrap().unwrap();
    let refused = client.fetch(large.fetch()).await.unwrap_err();
    let small = client.fetch(contract.fetch()).await;
    let other = bus.client("market").fetch(large.fetch()).await;
    while first.message().await.unwrap().is_some() {}
    while bus.gateway().calls_in_flight() > 0 {
        yield_now().await;
    }
    let later = client.fetch(large.fetch()).await;

    assert_eq!((refused.code(), &*reason(&refused)), (Code::ResourceExhausted, "OVERLOADED"));
    for served in [small, other, later] {
        assert!(served.is_ok(), "{:?}", served.map(|fetched| fetched.info));
    }
    let outcomes = bus.client("audit").outcomes("fetch").await;
    let overloaded = outcomes.iter().filter(|outcome| outcome.reason == "OVERLOADED");
    assert_eq!(overloaded.count(), 1);
}
