//! An adapter that looks into the trail's file at every call: the Intent is there before the call is.

use std::sync::Arc;

use futures_util::StreamExt as _;
use oncebus_proto::v1 as pb;
use oncebus_tests::{Behaviour, Client, Document, Route, Tag, request_id};
use serde_json::{Value, json};

use crate::{
    ledger::Ledger,
    load::{Caller, LEAST_RATE, serial},
    process::text,
    report::report,
    scaled,
    town::Town,
    turn,
};

/// Exchanges at the same time.
const AT_ONCE: usize = 32;
/// One exchange in so many is one that the adapter fails.
const FAILS: usize = 8;
/// Bytes of an honest document.
const SIZE: usize = 2_000;
/// Enough for two chunks, so that contents can be cut in the middle.
const HOSTILE_SIZE: usize = 270_000;
/// What is mixed in. A reset or cut connection could outlive its exchange, and is not.
const FAILURES: [Behaviour; 6] = [
    Behaviour::LookupOtherSubject,
    Behaviour::LookupShortDigest,
    Behaviour::OtherBytes,
    Behaviour::OneShort,
    Behaviour::CutByError,
    Behaviour::DataThenNotFound,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_reaches_an_adapter_before_its_intent_is_in_the_trails_file() {
    let _turn = turn().await;
    let mut town = Town::lay_out().await;
    let found = town.path("recorded.json");
    let (trail, report_file) = (town.trail_dir(), found.clone());
    let flags = ["--trail", trail.to_str().unwrap(), "--report", report_file.to_str().unwrap()];
    town.start_hostile("market", &flags).await;
    town.start_gateway().await;
    let wanted = scaled(1_000, 10_000);

    // An exchange is two calls of the adapter; some fail at the first.
    let ledger = Arc::new(Ledger::new());
    let market = Caller {
        department: "market",
        material_type: "agent_authorization",
        client: town.client("market"),
        ledger: Arc::clone(&ledger),
    };
    let planning = town.client("planning");
    let exchanges = (0..wanted * 11 / 20).map(|at| exchange(&market, &planning, at));
    let begun = std::time::Instant::now();
    futures_util::stream::iter(exchanges).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    let rate = ledger.count() as f64 / begun.elapsed().as_secs_f64();
    town.gateway.take().unwrap().stop().await;
    town.adapters.remove("market").unwrap().stop().await;

    let found: Value = serde_json::from_str(&text(&found)).unwrap();
    let calls: u64 = ["Lookup", "Fetch", "Stage", "Seal"]
        .iter()
        .map(|method| found["calls"][method].as_u64().unwrap_or_default())
        .inspect(|calls| assert!(*calls > 0, "a method was never called: {found}"))
        .sum();
    report(
        "recording_adapter",
        json!({
            "calls_per_second_before": rate,
            "adapter_calls": found["calls"],
            "acknowledged": ledger.count(),
            "without_intent": found["exceptions"],
        }),
    );
    assert!(calls as usize >= wanted, "only {found}");
    assert_eq!(found["exceptions"], 0, "{found}");
    assert!(rate >= LEAST_RATE, "only {rate:.0} calls/s");
}

/// Makes one exchange: a fetch of what the adapter holds, right or wrong, or a publication.
async fn exchange(market: &Caller, planning: &Client, at: usize) {
    if at.is_multiple_of(FAILS) {
        let behaviour = FAILURES[at / FAILS % FAILURES.len()];
        let tag = Tag { route: Route::Fresh, behaviour, serial: serial(), size: HOSTILE_SIZE };
        assert!(!fetch(market, planning, &tag).await, "{} was served", tag.text());
    } else if at.is_multiple_of(3) {
        let tag = Tag::honest(serial(), SIZE);
        let document = Document::new(market.material_type, &tag.text(), tag.content());
        assert!(market.publish(&tag, &document).await, "{:?}", market.ledger.errors());
    } else {
        let tag = Tag::honest(serial(), SIZE);
        assert!(fetch(market, planning, &tag).await, "{:?}", market.ledger.errors());
    }
}

/// Fetches what the tag says; answers whether it was served.
async fn fetch(market: &Caller, planning: &Client, tag: &Tag) -> bool {
    let since = tokio::time::Instant::now();
    let request = pb::FetchMaterialRequest {
        material_type: "business_license".to_owned(),
        subject: Some(tag.subject()),
        purpose: Some(tag.purpose()),
        request_id: request_id(),
        ..Default::default()
    };
    match planning.fetch(request).await {
        Ok(fetched) => {
            assert_eq!(fetched.content, tag.content(), "wrong bytes were released");
            market.ledger.acknowledged("planning", since);
            true
        }
        Err(_status) => false,
    }
}
