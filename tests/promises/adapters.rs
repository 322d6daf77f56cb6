//! What an adapter that is slow, hung, away or back means to the calls that need it, and to the others.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use futures_util::{
    StreamExt as _,
    future::join_all,
    stream::{self, FuturesUnordered},
};
use oncebus_proto::v1 as pb;
use oncebus_tests::{Client, Document, TestBus, purpose, reason, subject};
use tonic::{Code, Request, Status};

/// The market's, found there by Lookup.
const LICENCE: &str = "business_license";
/// Planning's, found there by Lookup.
const PERMIT: &str = "land_planning_permit";

/// Enough for one department's flood to reach the adapter.
const MANY_CALLS: &str = "[limits]\ncalls_per_second = 100000\nburst = 100000\n";

/// A subject that nobody asked about before: lookups about one are shared.
fn another_subject() -> pb::Subject {
    static NEXT: AtomicU32 = AtomicU32::new(100_000);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    pb::Subject { value: format!("2501-370800-04-01-{number}"), ..subject() }
}

async fn find(client: &Client, material_type: &str) -> Result<usize, Status> {
    find_within(client, material_type, Duration::from_secs(60)).await
}

async fn find_within(
    client: &Client,
    material_type: &str,
    time: Duration,
) -> Result<usize, Status> {
    let mut request = Request::new(pb::FindMaterialsRequest {
        material_type: material_type.to_owned(),
        subject: Some(another_subject()),
        purpose: Some(purpose()),
        ..Default::default()
    });
    request.set_timeout(time);
    let found = client.material.clone().find_materials(request).await?;
    Ok(found.into_inner().materials.len())
}

/// Moves the timers of this process on; whoever waits for less than that is late now.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_hung_adapter_is_soon_not_asked_and_is_used_again_once_it_answers() {
    let bus = TestBus::start().await;
    let (market, client) = (bus.adapter("market"), bus.client("housing"));
    market.hold(LICENCE, "L-1", "licence");
    market.hang();
    let (late, ()) = tokio::join!(join_all((0..7).map(|_| find(&client, LICENCE))), async {
        market.hanging(7).await;
        pass(Duration::from_millis(5_001)).await;
    });
    let asked = market.calls().lookup;

    let refused = find(&client, LICENCE).await.unwrap_err();
    let other = find(&client, PERMIT).await;
    assert!(late.iter().all(|late| reason(late.as_ref().unwrap_err()) == "DEADLINE"), "{late:?}");
    assert_eq!((refused.code(), &*reason(&refused)), (Code::Unavailable, "ADAPTER_UNAVAILABLE"));
    assert_eq!(market.calls().lookup, asked, "a hung adapter was asked");
    assert!(other.is_ok(), "another adapter's call failed: {other:?}");

    pass(Duration::from_secs(1)).await;
    let (probe, beside) = tokio::join!(find(&client, LICENCE), async {
        market.hanging(1).await;
        let beside = find(&client, LICENCE).await;
        market.answer();
        beside
    });
    let after = join_all((0..20).map(|_| find(&client, LICENCE))).await;

    assert_eq!(reason(&beside.unwrap_err()), "ADAPTER_UNAVAILABLE", "two probes went at once");
    assert_eq!(probe.unwrap(), 1);
    assert!(after.iter().all(Result::is_ok), "{after:?}");
    assert_eq!(market.calls().lookup, asked + 21);
}

#[tokio::test]
async fn an_adapter_that_comes_back_while_a_probe_hangs_is_used_within_five_seconds() {
    let bus = TestBus::builder().first_byte_s(60).start().await;
    let (market, client) = (bus.adapter("market"), bus.client("housing"));
    market.hold(LICENCE, "L-1", "licence");
    market.away_with(7);
    for _ in 0..7 {
        find(&client, LICENCE).await.unwrap_err();
    }
    market.hang();
    pass(Duration::from_secs(1)).await;
    let hung = tokio::spawn({
        let client = client.clone();
        async move { find(&client, LICENCE).await }
    });
    market.hanging(1).await;

    // The first probe hangs still; the second goes all the same.
    pass(Duration::from_secs(2)).await;
    let (second, ()) = tokio::join!(find(&client, LICENCE), async {
        market.hanging(2).await;
        market.answer();
    });

    assert_eq!(second.unwrap(), 1);
    assert_eq!(find(&client, LICENCE).await.unwrap(), 1);
    hung.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_one_adapter_cannot_take_is_told_at_once_and_the_others_serve_on() {
    let bus = TestBus::start().await;
    bus.adapter("market").hold(LICENCE, "L-1", "licence");
    bus.adapter("planning").hold(PERMIT, "P-1", "permit");
    bus.adapter("market").hang();
    let clients: Vec<_> = (0..4).map(|_| bus.client("housing")).collect();
    let mut flood: FuturesUnordered<_> =
        (0..200).map(|call| find(&clients[call % 4], LICENCE)).collect();

    let mut refused = Vec::new();
    let (flooded, others) = tokio::join!(flood.by_ref().take(136).collect::<Vec<_>>(), async {
        bus.adapter("market").hanging(64).await;
        join_all((0..50).map(|call| find(&clients[call % 4], PERMIT))).await
    });
    for call in flooded {
        refused.push(call.unwrap_err());
    }
    bus.adapter("market").answer();
    let served: Vec<_> = flood.collect().await;

    assert!(others.iter().all(Result::is_ok), "{others:?}");
    for status in &refused {
        let (code, reason) = (status.code(), reason(status));
        assert_eq!((code, &*reason), (Code::ResourceExhausted, "OVERLOADED"), "{status:?}");
        assert!(status.message().contains("market"), "{status:?}");
    }
    assert_eq!(served.len(), 64);
    assert!(served.iter().all(Result::is_ok), "{served:?}");
    assert_eq!(bus.adapter("market").calls().lookup, 64);
}

#[tokio::test]
async fn a_core_has_two_connections_to_an_adapter() {
    let bus = TestBus::start().await;
    let client = bus.client("housing");

    let found = join_all((0..10).map(|_| find(&client, LICENCE))).await;

    assert!(found.iter().all(Result::is_ok), "{found:?}");
    assert_eq!(bus.adapter("market").connections(), 2);
}

#[tokio::test]
async fn connections_are_replaced_after_500_cancelled_calls_and_lose_none_in_flight() {
    let bus = TestBus::builder().first_byte_s(60).tables(MANY_CALLS).start().await;
    let (market, client) = (bus.adapter("market"), bus.client("housing"));
    market.hold(LICENCE, "L-1", "licence");
    market.hang();
    let in_flight: Vec<_> = (0..2)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { find(&client, LICENCE).await })
        })
        .collect();
    market.hanging(2).await;

    let short = Duration::from_millis(80);
    let mut cancelled = 0;
    while market.connections() < 4 && cancelled < 3_000 {
        let calls = (0..32).map(|_| find_within(&client, LICENCE, short));
        let late = stream::iter(calls).buffer_unordered(32).collect::<Vec<_>>().await;
        assert!(late.iter().all(Result::is_err), "{late:?}");
        cancelled += 32;
    }
    market.answer();

    assert!(market.connections() >= 4, "{cancelled} cancels replaced nothing");
    assert!(cancelled >= 900, "{cancelled} cancels were enough");
    for call in in_flight {
        assert_eq!(call.await.unwrap().unwrap(), 1);
    }
}

#[tokio::test]
async fn a_read_that_found_nobody_is_made_once_more_within_a_tenth_of_all() {
    let bus = TestBus::start().await;
    let (market, client) = (bus.adapter("market"), bus.client("housing"));
    market.hold(LICENCE, "L-1", "licence");
    for _ in 0..10 {
        find(&client, LICENCE).await.unwrap();
    }

    market.away_with(1);
    let again = find(&client, LICENCE).await;
    market.away_with(1);
    let spent = find(&client, LICENCE).await.unwrap_err();

    assert_eq!(again.unwrap(), 1);
    assert_eq!(reason(&spent), "ADAPTER_UNAVAILABLE", "the budget was not 10 %");
    assert_eq!(market.calls().lookup, 13);
}

#[tokio::test]
async fn a_content_that_stops_on_its_way_is_cut_after_five_seconds() {
    let bus = TestBus::start().await;
    let document = Document::new("construction_contract", "C-1", vec![7; 2 * 1024 * 1024]);
    bus.client("housing").publish(&document).await.unwrap();
    let housing = bus.adapter("housing");
    let client = bus.client("planning");
    let mut answer = client.transfer.clone();
    housing.hang_after(2);

    let mut pieces = answer.fetch_material(document.fetch()).await.unwrap().into_inner();
    let mut came = 0;
    let cut = loop {
        let message = tokio::time::timeout(Duration::from_secs(20), pieces.message());
        let next = tokio::join!(message, async {
            if came == 2 {
                housing.hanging(1).await;
                pass(Duration::from_millis(5_001)).await;
            }
        });
        match next.0.expect("it was not cut") {
            Ok(Some(_)) => came += 1,
            other => break other.unwrap_err(),
        }
    };
    housing.answer();

    assert_eq!((reason(&cut).as_str(), came), ("DEADLINE", 2));
    assert!(client.fetch(document.fetch()).await.is_ok(), "the next call was not served");
}
