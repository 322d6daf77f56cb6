//! An adapter that lies, stalls and sends garbage: nothing wrong is released, each call is on record
//! with its reason, the gateway does not grow, and the next honest call is served.

mod table;

use std::{collections::HashMap, time::Duration};

use oncebus_proto::v1 as pb;
use oncebus_tests::{Behaviour, Client, Route, Tag, TrailRecord, request_id};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};
use tonic::{Request, Status};

use self::table::reasons;
use crate::{
    load::{Load, described, serial},
    oracle::compare,
    report::report,
    scaled,
    town::Town,
    turn,
};

/// The type that the hostile adapter's department holds.
const HELD: &str = "business_license";
/// Two chunks and a bit.
const SIZE: usize = 600_000;
/// Bytes of an honest document in between: the gateway may keep those in its cache.
const HONEST_SIZE: usize = 2_000;
/// What callers give a call that may not come back.
const SHORT: Duration = Duration::from_millis(600);
/// What they give all others.
const LONG: Duration = Duration::from_secs(5);
/// Longest wait for an honest call to be served behind a hostile one.
const RECOVERY: Duration = Duration::from_secs(5);
/// What the gateway keeps on purpose is soon full: whatever grows then is lost. And the caller, whose
/// department has other work to do beside, is not told to slow down.
const VARIABLES: [(&str, &str); 3] = [
    ("ONCEBUS_GATEWAY_CACHE__CONTENT_MIB", "4"),
    ("ONCEBUS_GATEWAY_LIMITS__CALLS_PER_SECOND", "100000"),
    ("ONCEBUS_GATEWAY_LIMITS__BURST", "100000"),
];
/// How much the gateway may grow.
const GROWTH_BYTES: u64 = 32 << 20;

/// What came of a call.
struct Answer {
    /// What its tag says.
    tag: Tag,
    /// Whatever bytes came before the end.
    released: Vec<u8>,
    /// How it ended.
    ended: Result<(), Status>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_adapter_gets_nothing_wrong_released_and_stops_nobody() {
    let _turn = turn().await;
    let mut town = Town::lay_out().await;
    for department in ["housing", "planning"] {
        town.start_adapter(department).await;
    }
    town.start_hostile("market", &[]).await;
    town.start_gateway_with(&VARIABLES).await;
    let caller = town.client("planning");
    let load = Load::start(&town, &["housing", "planning"]);
    let rate = load.flows().await;

    // The first round fills buffers that stay.
    let mut answers = round(&caller, Route::Fresh).await;
    let before = town.gateway.as_ref().unwrap().resident();
    for _ in 0..scaled(2, 5) {
        answers.extend(round(&caller, Route::Fresh).await);
    }
    let after = town.gateway.as_ref().unwrap().resident();
    let fresh = answers.len();
    // Versions that are registered are verified chunk by chunk; a new run has none of them cached.
    let registered: Vec<_> = contents(Route::Registered).collect();
    for tag in &registered {
        assert!(honest(&caller, tag).await, "{} is not registered", tag.text());
    }
    town.gateway.take().unwrap().kill().await;
    town.start_gateway_with(&VARIABLES).await;
    answers.extend(ask_all(&caller, registered).await);
    let ledger = load.stop().await;

    let records = town.records();
    let wrong: Vec<_> =
        answers.iter().filter_map(|answer| wrong(answer, &records).map(|w| (answer, w))).collect();
    let findings = compare(&ledger, &records, &town.trail_key());
    report(
        "hostile_adapter",
        json!({
            "calls_per_second_before": rate,
            "behaviours": Behaviour::HOSTILE.len(),
            "hostile_calls": answers.len(),
            "hostile_calls_fresh": fresh,
            "acknowledged": ledger.count(),
            "wrong": wrong.len(),
            "lost": findings.lost.len(),
            "without_intent": findings.without_intent.len(),
            "growth_bytes": after.saturating_sub(before),
        }),
    );
    let wrong: Vec<_> = wrong.iter().map(|(answer, why)| (answer.tag.text(), why)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(after < before + GROWTH_BYTES, "grew from {before} to {after} bytes");
    assert_eq!(findings, Default::default(), "{:?}", ledger.errors());
}

/// Meets every behaviour once.
async fn round(caller: &Client, route: Route) -> Vec<Answer> {
    let lookups = Behaviour::HOSTILE.into_iter().filter(|behaviour| behaviour.shows_in_lookup());
    let lookups = lookups.map(|behaviour| tag(route, behaviour));
    ask_all(caller, lookups.chain(contents(route)).collect()).await
}

/// Names one call for each behaviour that shows in Fetch.
fn contents(route: Route) -> impl Iterator<Item = Tag> {
    let all = Behaviour::HOSTILE.into_iter().filter(|behaviour| !behaviour.shows_in_lookup());
    all.map(move |behaviour| tag(route, behaviour))
}

fn tag(route: Route, behaviour: Behaviour) -> Tag {
    Tag { route, behaviour, serial: serial(), size: SIZE }
}

/// Makes one hostile call after another, each followed by an honest one that must be served. Those
/// that hold a caller up are made together, last.
async fn ask_all(caller: &Client, tags: Vec<Tag>) -> Vec<Answer> {
    let (slow, quick): (Vec<_>, Vec<_>) = tags.into_iter().partition(|t| t.behaviour.holds_up());
    let mut answers = Vec::new();
    for tag in quick {
        answers.push(ask(caller, tag.clone(), LONG).await);
        next_is_served(caller, &tag).await;
    }
    let slow_calls = slow.iter().map(|tag| ask(caller, tag.clone(), SHORT));
    answers.extend(futures_util::future::join_all(slow_calls).await);
    for tag in &slow {
        next_is_served(caller, tag).await;
    }
    answers
}

async fn next_is_served(caller: &Client, behind: &Tag) {
    let begun = Instant::now();
    while !honest(caller, &Tag::honest(serial(), HONEST_SIZE)).await {
        assert!(begun.elapsed() < RECOVERY, "no call is served behind {}", behind.text());
        sleep(Duration::from_millis(50)).await;
    }
}

/// Makes a call that the adapter answers honestly; answers whether it was served.
async fn honest(caller: &Client, tag: &Tag) -> bool {
    let answer = ask(caller, tag.clone(), LONG).await;
    match answer.ended {
        Ok(()) => {
            assert_eq!(answer.released, tag.content(), "wrong bytes were released");
            true
        }
        Err(_status) => false,
    }
}

/// Fetches what the tag says, and keeps every byte that comes.
async fn ask(caller: &Client, tag: Tag, time: Duration) -> Answer {
    let mut request = Request::new(pb::FetchMaterialRequest {
        material_type: HELD.to_owned(),
        subject: Some(tag.subject()),
        number: format!("N-{}", tag.serial),
        purpose: Some(tag.purpose()),
        request_id: request_id(),
        ..Default::default()
    });
    request.set_timeout(time);
    let mut released = Vec::new();
    let fetch = async {
        let mut stream = caller.transfer.clone().fetch_material(request).await?.into_inner();
        let mut whole = false;
        while let Some(message) = stream.message().await? {
            released.extend_from_slice(&message.data);
            whole = message.receipt.is_some();
        }
        assert!(whole, "an answer ended well without a receipt");
        Ok(())
    };
    let late = |_elapsed| Err(Status::deadline_exceeded("the gateway did not answer in time"));
    let ended = timeout(time + LONG, fetch).await.unwrap_or_else(late);
    Answer { tag, released, ended }
}

/// Returns what is wrong with an answer and its records.
fn wrong(answer: &Answer, records: &[TrailRecord]) -> Option<String> {
    let content = answer.tag.content();
    if !content.starts_with(&answer.released) {
        return Some(format!("{} wrong bytes were released", answer.released.len()));
    }
    if answer.ended.is_ok() && answer.released.len() != content.len() {
        return Some("a part was released as if it were the whole".to_owned());
    }
    let told = match &answer.ended {
        Ok(()) => "served".to_owned(),
        Err(status) => described(status),
    };
    let own: Vec<_> =
        records.iter().filter(|record| record.legal_basis == answer.tag.text()).collect();
    let by_kind = own.iter().fold(HashMap::<_, Vec<_>>::new(), |mut kinds, record| {
        kinds.entry(record.kind.as_str()).or_default().push(*record);
        kinds
    });
    // A registered version was fetched well once before.
    let wanted = if answer.tag.route == Route::Registered { 2 } else { 1 };
    let outcomes = by_kind.get("outcome").map_or(&[][..], Vec::as_slice);
    if outcomes.len() != wanted {
        return Some(format!("it has {} outcomes; the caller heard {told}", outcomes.len()));
    }
    let outcome = outcomes.last()?;
    let aborted = by_kind.get("aborted").and_then(|records| records.last());
    let reason = aborted.map_or(&outcome.reason, |aborted| &aborted.reason);
    let allowed = reasons(answer.tag.behaviour);
    let served = outcome.outcome == "served" && aborted.is_none();
    if served && answer.released.len() != content.len() {
        return Some(format!("it is on record as served; the caller heard {told}"));
    }
    let expected = if served {
        allowed.contains(&"served") || is_hit(&answer.tag, outcome)
    } else {
        allowed.contains(&reason.as_str())
    };
    (!expected).then(|| format!("on record: {outcome}; the caller heard {told}"))
}

/// Whether the adapter was not asked at all.
fn is_hit(tag: &Tag, outcome: &TrailRecord) -> bool {
    tag.route == Route::Registered && outcome.adapter_calls.fetch == 0
}
