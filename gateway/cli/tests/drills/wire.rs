//! The wire between gateway and adapter is slow, stalls and is cut: nothing wrong is released, and
//! calls are served again at once.

use std::{net::SocketAddr, time::Duration};

use oncebus_tests::Proxy;
use tokio::time::Instant;

use crate::{
    load::Load,
    oracle::{compare, fetch_again},
    report::report,
    scaled,
    town::{DEPARTMENTS, Town},
    turn,
};

/// What a wire over the city's network may add, each way.
const LATENCY: Duration = Duration::from_millis(50);
/// How long nothing passes.
const STALL: Duration = Duration::from_secs(3);
/// Longest wait for calls to be served again.
const RECOVERY: Duration = Duration::from_secs(5);
/// Longest wait for calls while a fault lasts.
const PATIENCE: Duration = Duration::from_secs(10);
/// Whose wire it is: its documents are personal, so each fetch asks its adapter.
const BEHIND: &str = "market";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_cut_and_stalled_wire_lets_nothing_wrong_through_and_recovers() {
    let _turn = turn().await;
    let mut town = Town::lay_out().await;
    for department in DEPARTMENTS {
        town.start_adapter(department).await;
    }
    let behind: SocketAddr =
        town.adapter_endpoint(BEHIND).strip_prefix("https://").unwrap().parse().unwrap();
    let wire = Proxy::start("127.0.0.1:0", behind).await.unwrap();
    town.reach(BEHIND, &format!("https://{}", wire.address()));
    town.start_gateway().await;
    let load = Load::start(&town, &DEPARTMENTS);
    let rate = load.flows().await;

    let mut recoveries = Vec::new();
    for _ in 0..scaled(1, 5) {
        wire.delay(LATENCY);
        load.ledger.more_of(BEHIND, 20, PATIENCE).await;
        for _ in 0..5 {
            wire.cut();
            let cut = Instant::now();
            load.ledger.more_of(BEHIND, 4, PATIENCE).await;
            recoveries.push(cut.elapsed());
        }
        wire.delay(Duration::ZERO);
        wire.stall();
        let others = load.ledger.rate_but(BEHIND, STALL).await;
        assert!(others > 0.0, "one stalled wire stops everybody");
        wire.go_on();
        let back = Instant::now();
        load.ledger.more_of(BEHIND, 4, PATIENCE).await;
        recoveries.push(back.elapsed());
    }
    let ledger = load.stop().await;
    let mut findings = compare(&ledger, &town.records(), &town.trail_key());
    findings.lost.extend(fetch_again(&town, &ledger).await);

    report("wire", findings.figures(rate, &ledger, &recoveries));
    assert_eq!(findings, Default::default(), "{:?}", ledger.errors());
    let late = recoveries.iter().filter(|recovery| **recovery >= RECOVERY);
    assert_eq!(late.count(), 0, "{recoveries:?}");
}
