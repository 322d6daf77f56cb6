//! One adapter hangs under ten times the load that it can take then: callers of the others do not
//! notice.

use std::{sync::Arc, time::Duration};

use nix::sys::signal::Signal;
use oncebus_tests::{Document, Tag};
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at, sleep},
};

use crate::{
    ledger::Ledger,
    load::{Caller, LEAST_RATE, PUBLISHERS, serial},
    oracle::compare,
    report::report,
    scaled,
    town::Town,
    turn,
};

/// Whose adapter hangs.
const HUNG: &str = "market";
/// Its callers. Each calls every four seconds, all together 160 times a second: while it hangs, the 64
/// calls that it may have in flight make room for 13 a second.
const FLOOD: usize = 640;
const FLOOD_BEAT: Duration = Duration::from_secs(4);
/// Calls of one connection at a time: a gateway takes 100.
const OF_ONE_CONNECTION: usize = 80;
/// Callers of each other department; each makes four calls at each beat.
const CALLERS: usize = 4;
/// Time between two rounds of one caller.
const BEAT: Duration = Duration::from_millis(200);
/// Parts of a look.
const PARTS: u32 = 3;
/// Bytes of a document.
const SIZE: usize = 2_000;
/// Below this a percentile of a few hundred calls says more of the machine than of the gateway.
const NOISE: Duration = Duration::from_millis(25);
/// Longest wait for the hung adapter's callers to be served again.
const RECOVERY: Duration = Duration::from_secs(5);

/// What callers of the other adapters saw.
#[derive(Debug)]
struct Seen {
    calls_per_second: f64,
    p99: Duration,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_hung_adapter_under_a_flood_leaves_the_others_callers_alone() {
    let _turn = turn().await;
    let town = Town::start().await;
    let time = Duration::from_secs(scaled(6, 20) as u64);
    let others = Arc::new(Ledger::new());
    let mut callers = JoinSet::new();
    for (department, material_type) in PUBLISHERS.into_iter().filter(|(of, _)| *of != HUNG) {
        for _ in 0..CALLERS {
            let first = BEAT * callers.len() as u32 / (2 * CALLERS) as u32;
            let caller = caller(&town, department, material_type, &others);
            callers.spawn(steadily(caller, Instant::now() + first));
        }
    }
    let (hung, material_type) = PUBLISHERS.into_iter().find(|(of, _)| *of == HUNG).unwrap();
    let flooding = Arc::new(Ledger::new());
    let document = published(&caller(&town, hung, material_type, &flooding)).await;
    let mut flood = JoinSet::new();
    for _ in 0..FLOOD / OF_ONE_CONNECTION {
        let caller = caller(&town, hung, material_type, &flooding);
        for _ in 0..OF_ONE_CONNECTION {
            let first = Instant::now() + FLOOD_BEAT * flood.len() as u32 / FLOOD as u32;
            flood.spawn(again_and_again(caller.clone(), document.clone(), first));
        }
    }
    flooding.more(FLOOD / 2, RECOVERY).await;
    let before = seen(&others, time).await;
    assert!(before.calls_per_second >= LEAST_RATE, "{before:?}: {:?}", others.errors());

    let adapter = &town.adapters[HUNG];
    adapter.signal(Signal::SIGSTOP);
    let during = seen(&others, time).await;
    assert!(!flooding.errors().is_empty(), "the fault does not bite: no call of the flood failed");
    adapter.signal(Signal::SIGCONT);
    let back = Instant::now();
    flooding.more(1, RECOVERY).await;
    let recovery = back.elapsed();
    flood.shutdown().await;
    callers.shutdown().await;

    let findings = compare(&others, &town.records(), &town.trail_key());
    report(
        "hung_adapter",
        json!({
            "calls_per_second_before": before.calls_per_second,
            "calls_per_second_during": during.calls_per_second,
            "p99_ms_before": before.p99.as_secs_f64() * 1e3,
            "p99_ms_during": during.p99.as_secs_f64() * 1e3,
            "flood_errors": flooding.errors(),
            "acknowledged": others.count(),
            "lost": findings.lost.len(),
            "error_seconds": others.error_seconds(),
            "recovery_ms": recovery.as_millis() as u64,
        }),
    );
    assert!(findings.lost.is_empty(), "{:?}", findings.lost);
    assert!(during.calls_per_second >= 0.9 * before.calls_per_second, "{before:?} {during:?}");
    assert!(during.p99 <= 2 * before.p99.max(NOISE), "{before:?} {during:?}");
}

fn caller(
    town: &Town,
    department: &'static str,
    material_type: &'static str,
    ledger: &Arc<Ledger>,
) -> Caller {
    let (client, ledger) = (town.client(department), Arc::clone(ledger));
    Caller { department, material_type, client, ledger }
}

/// Publishes a new document, and returns it.
async fn published(caller: &Caller) -> Document {
    let tag = Tag::honest(serial(), SIZE);
    let document = Document::new(caller.material_type, &tag.text(), tag.content());
    caller.publish(&tag, &document).await;
    document
}

/// Makes the same calls at each beat, as much as the gateway lets it.
async fn steadily(caller: Caller, first: Instant) {
    let mut beats = interval_at(first, BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        let document = published(&caller).await;
        caller.fetch(&document).await;
    }
}

/// Fetches at each beat, whatever comes of it.
async fn again_and_again(caller: Caller, document: Document, first: Instant) {
    let mut beats = interval_at(first, FLOOD_BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        caller.fetch(&document).await;
    }
}

/// Looks on for so long: the rate over all of it, and the middle one of the percentiles of its parts,
/// so that a moment in which the machine is busy otherwise does not count.
async fn seen(ledger: &Ledger, time: Duration) -> Seen {
    let (begun, mut calls, mut percentiles) = (Instant::now(), 0, Vec::new());
    for _ in 0..PARTS {
        let part = Instant::now();
        sleep(time / PARTS).await;
        let mut took: Vec<_> = ledger.calls(part).iter().map(|call| call.took).collect();
        took.sort_unstable();
        calls += took.len();
        percentiles.push(took.get(took.len() * 99 / 100).copied().unwrap_or_default());
    }
    percentiles.sort_unstable();
    let calls_per_second = calls as f64 / begun.elapsed().as_secs_f64();
    Seen { calls_per_second, p99: percentiles[percentiles.len() / 2] }
}
