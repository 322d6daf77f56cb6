//! The cache and the flight: the holder is asked once, and every caller is decided and recorded.

use futures_util::future::join_all;
use oncebus_proto::v1 as pb;
use oncebus_tests::{
    Client, Document, Fault, Fetched, TestBus, purpose, reason, request_id, subject,
};
use tokio::task::{JoinHandle, yield_now};
use tonic::Status;

use crate::reload::reload;

const MIB: usize = 1024 * 1024;
const CALLERS: usize = 64;
/// Pointer age of the type that may be stale, in seconds; the licence's is a minute.
const POINTER_AGE_S: i64 = 3_600;

fn by_name(version: &str) -> pb::FetchMaterialRequest {
    pb::FetchMaterialRequest {
        version: version.to_owned(),
        purpose: Some(purpose()),
        request_id: request_id(),
        ..Default::default()
    }
}

fn cache(fetched: &Fetched) -> pb::CacheResult {
    fetched.info.cache()
}

type Call = JoinHandle<Result<Fetched, Status>>;

/// Begins a fetch of the current version for each of the callers.
fn begin(bus: &TestBus, document: &Document, callers: usize) -> Vec<Call> {
    let clients = ["planning", "market"].map(|department| bus.client(department));
    (0..callers)
        .map(|at| {
            let (client, request) = (clients[at % 2].clone(), document.fetch());
            tokio::spawn(async move { client.fetch(request).await })
        })
        .collect()
}

/// Waits until so many calls are let in and have come as far as they can.
async fn all_in(bus: &TestBus, calls: usize) {
    while bus.gateway().calls_in_flight() < calls {
        yield_now().await;
    }
    for _ in 0..100 {
        yield_now().await;
    }
}

async fn served(calls: Vec<Call>) -> Vec<Fetched> {
    let answers = join_all(calls).await;
    answers.into_iter().map(|answer| answer.unwrap().unwrap()).collect()
}

/// Returns the intents and the outcomes of fetches on the trail.
async fn of_fetches(auditor: &Client) -> (Vec<pb::Record>, Vec<pb::Record>) {
    let mut records = auditor.records().await;
    records.retain(|record| record.operation == "fetch");
    let (intents, rest) = records.into_iter().partition(|record| record.kind == "intent");
    (intents, rest)
}

#[tokio::test]
async fn callers_of_one_content_make_one_fetch_one_intent_and_an_outcome_each() {
    let bus = TestBus::start().await;
    let document = Document::new("construction_contract", "C-1", vec![7; MIB]);
    bus.client("housing").publish(&document).await.unwrap();
    bus.adapter("housing").hang();

    let calls = begin(&bus, &document, CALLERS);
    all_in(&bus, CALLERS).await;
    bus.adapter("housing").answer();
    let answers = served(calls).await;

    assert!(answers.iter().all(|answer| answer.content == document.content));
    assert_eq!(bus.adapter("housing").calls().fetch, 1);
    let joined = answers.iter().filter(|a| cache(a) == pb::CacheResult::Joined).count();
    assert_eq!(joined, CALLERS - 1);
    let (intents, outcomes) = of_fetches(&bus.client("audit")).await;
    let [intent] = &intents[..] else { panic!("one intent: {intents:?}") };
    assert_eq!(outcomes.len(), CALLERS);
    assert!(outcomes.iter().all(|outcome| outcome.intent == Some(intent.index)));
    assert_eq!(outcomes.iter().filter(|outcome| outcome.cache == "joined").count(), CALLERS - 1);
}

#[tokio::test]
async fn callers_of_an_unknown_document_make_one_lookup_one_fetch_and_one_intent() {
    let bus = TestBus::start().await;
    bus.adapter("market").hold("business_license", "L-1", vec![7; MIB]);
    let document = Document::new("business_license", "L-1", vec![7; MIB]);
    bus.adapter("market").hang();

    let calls = begin(&bus, &document, CALLERS);
    all_in(&bus, CALLERS).await;
    bus.adapter("market").hanging(1).await;
    bus.adapter("market").answer();
    let answers = served(calls).await;

    assert!(answers.iter().all(|answer| answer.content == document.content));
    let asked = bus.adapter("market").calls();
    assert_eq!((asked.lookup, asked.fetch), (1, 1));
    let (intents, outcomes) = of_fetches(&bus.client("audit")).await;
    let [intent] = &intents[..] else { panic!("one intent: {intents:?}") };
    assert_eq!(outcomes.len(), CALLERS);
    assert!(outcomes.iter().all(|outcome| outcome.intent == Some(intent.index)));
}

#[tokio::test]
async fn when_the_first_caller_hangs_up_the_others_are_served_by_the_same_fetch() {
    let bus = TestBus::start().await;
    let document = Document::new("construction_contract", "C-1", vec![7; MIB]);
    bus.client("housing").publish(&document).await.unwrap();
    bus.adapter("housing").hang();
    let first = begin(&bus, &document, 1).pop().unwrap();
    bus.adapter("housing").hanging(1).await;
    let others = begin(&bus, &document, CALLERS - 1);
    all_in(&bus, CALLERS).await;

    first.abort();
    while bus.gateway().calls_in_flight() == CALLERS {
        yield_now().await;
    }
    bus.adapter("housing").answer();
    let answers = served(others).await;

    assert!(answers.iter().all(|answer| answer.content == document.content));
    assert_eq!(bus.adapter("housing").calls().fetch, 1);
    let (intents, outcomes) = of_fetches(&bus.client("audit")).await;
    assert_eq!((intents.len(), outcomes.len()), (1, CALLERS));
    let gone: Vec<_> = outcomes.iter().filter(|outcome| outcome.reason == "CANCELLED").collect();
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert_eq!(gone[0].cache, "");
}

#[tokio::test]
async fn a_hit_is_decided_and_recorded_like_a_miss() {
    let bus = TestBus::start().await;
    let document = Document::new("construction_contract", "C-1", vec![7; MIB + 1]);
    bus.client("housing").publish(&document).await.unwrap();
    let client = bus.client("planning");

    let miss = client.fetch(document.fetch()).await.unwrap();
    let hit = client.fetch(document.fetch()).await.unwrap();
    let named = client.fetch(by_name(&miss.info.version)).await.unwrap();
    let denied = bus.client("audit").fetch(document.fetch()).await.unwrap_err();

    let caches = [&miss, &hit, &named].map(cache);
    assert_eq!(caches, [pb::CacheResult::Miss, pb::CacheResult::Hit, pb::CacheResult::Hit]);
    assert_eq!((&hit.content, &named.content), (&miss.content, &miss.content));
    assert_eq!(reason(&denied), "ACCESS_DENIED");
    assert_eq!(bus.adapter("housing").calls().fetch, 1);
    let outcomes = bus.client("audit").outcomes("fetch").await;
    let told: Vec<_> = outcomes
        .iter()
        .map(|o| {
            (o.outcome.as_str(), o.cache.as_str(), o.bytes_authorised as usize, o.rule.as_str())
        })
        .collect();
    let bytes = MIB + 1;
    assert_eq!(
        told,
        [
            ("served", "miss", bytes, "permission.fetch"),
            ("served", "hit", bytes, "permission.fetch"),
            ("served", "hit", bytes, "permission.fetch"),
            ("denied", "", 0, ""),
        ]
    );
    assert_eq!(outcomes[1].intent, None, "a hit asked nobody");
}

#[tokio::test]
async fn a_personal_content_is_asked_for_each_time() {
    let bus = TestBus::start().await;
    let personal = Document::new("agent_authorization", "A-1", vec![7; MIB]);
    bus.client("housing").publish(&personal).await.unwrap();
    bus.adapter("housing").hang();

    let together = begin(&bus, &personal, 4);
    bus.adapter("housing").hanging(4).await;
    bus.adapter("housing").answer();
    let together = served(together).await;
    let later = bus.client("planning").fetch(personal.fetch()).await.unwrap();

    assert!(together.iter().all(|answer| cache(answer) == pb::CacheResult::Miss));
    assert_eq!(cache(&later), pb::CacheResult::Miss);
    assert_eq!(bus.adapter("housing").calls().fetch, 5);
}

#[tokio::test]
async fn after_a_commit_nobody_gets_the_old_version_by_type_and_subject() {
    let bus = TestBus::start().await;
    let client = bus.client("planning");
    let mut document = Document::new("construction_contract", "C-1", "version 0");
    let mut versions = Vec::new();

    for round in 1..=20 {
        let published = bus.client("housing").publish(&document).await.unwrap();
        let fetched = client.fetch(document.fetch()).await.unwrap();

        assert_eq!(fetched.content, document.content);
        document.expected = published.info.unwrap().version;
        document.content = format!("version {round}").into();
        versions.push(fetched.info.version);
    }
    let old = client.fetch(by_name(&versions[0])).await.unwrap();

    assert_eq!((old.content.as_slice(), old.info.current), (&b"version 0"[..], false));
    assert_eq!(cache(&old), pb::CacheResult::Hit);
}

#[tokio::test]
async fn what_is_remembered_is_told_with_its_age() {
    let bus = TestBus::start().await;
    bus.adapter("market").hold("business_license", "L-1", "a licence");
    let mut material = bus.client("planning").material;
    let request = || pb::FindMaterialsRequest {
        material_type: "business_license".to_owned(),
        subject: Some(subject()),
        purpose: Some(purpose()),
        ..Default::default()
    };

    let first = material.find_materials(request()).await.unwrap().into_inner();
    bus.clock.advance(jiff::SignedDuration::from_secs(7));
    let remembered = material.find_materials(request()).await.unwrap().into_inner();
    let fetched = bus.client("planning").fetch(Document::new("M01", "L-1", "").fetch()).await;
    bus.clock.advance(jiff::SignedDuration::from_secs(11));
    let hit = bus.client("housing").fetch(Document::new("M01", "L-1", "").fetch()).await.unwrap();

    let ages = [&first, &remembered].map(|found| found.materials[0].age_ms);
    assert_eq!(ages, [0, 7_000]);
    assert_eq!((fetched.unwrap().info.age_ms, hit.info.age_ms), (0, 11_000));
    assert_eq!(bus.adapter("market").calls().lookup, 1);
}

#[tokio::test]
async fn what_its_holder_cannot_confirm_is_served_stale_only_where_its_type_allows() {
    let bus = TestBus::start().await;
    let stale = Document::new("land_grant_contract", "S-1", "");
    let strict = Document::new("business_license", "L-1", "");
    for (document, holder) in [(&stale, "planning"), (&strict, "market")] {
        bus.adapter(holder).hold(&document.material_type, &document.number, "content");
        bus.client("housing").fetch(document.fetch()).await.unwrap();
    }
    for holder in ["planning", "market"] {
        bus.adapter(holder).break_by(Fault::Away);
    }

    bus.clock.advance(jiff::SignedDuration::from_secs(61));
    let refused = bus.client("planning").fetch(strict.fetch()).await.unwrap_err();
    bus.clock.advance(jiff::SignedDuration::from_secs(POINTER_AGE_S - 60));
    let served = bus.client("market").fetch(stale.fetch()).await.unwrap();
    bus.clock.advance(jiff::SignedDuration::from_secs(600));
    let too_old = bus.client("market").fetch(stale.fetch()).await.unwrap_err();

    assert_eq!(served.content, b"content");
    assert_eq!(served.info.freshness(), pb::Freshness::Stale);
    assert_eq!(served.info.age_ms, (POINTER_AGE_S + 1) * 1_000);
    assert_eq!(reason(&refused), "ADAPTER_UNAVAILABLE");
    assert_eq!(reason(&too_old), "ADAPTER_UNAVAILABLE");
}

/// Begins a fetch and reads its first message only; the rest waits in the connection.
async fn first_message(
    client: &Client,
    document: &Document,
) -> (pb::FetchMaterialResponse, tonic::Streaming<pb::FetchMaterialResponse>) {
    let mut transfer = client.transfer.clone();
    let mut stream = transfer.fetch_material(document.fetch()).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap();
    (first, stream)
}

/// Reads a stream to its end.
async fn rest(
    mut stream: tonic::Streaming<pb::FetchMaterialResponse>,
) -> Result<(Vec<u8>, Option<pb::Receipt>), Status> {
    let (mut content, mut receipt) = (Vec::new(), None);
    while let Some(message) = stream.message().await? {
        content.extend_from_slice(&message.data);
        receipt = message.receipt;
    }
    Ok((content, receipt))
}

/// Tells whether the stream was reset: its caller did not even listen for the reason.
fn was_cut(status: &Status) -> bool {
    format!("{status:?}").contains("CANCEL")
}

/// Bytes that no other document has.
fn large(seed: u8, mib: usize) -> Vec<u8> {
    (0..mib * MIB).map(|at| (at / 1_021) as u8 ^ seed).collect()
}

#[tokio::test]
async fn what_is_evicted_while_it_is_sent_is_asked_for_again_under_an_intent_that_follows() {
    let bus = TestBus::builder().tables("[cache]\ncontent_mib = 9\n").start().await;
    let document = Document::new("construction_contract", "C-1", large(1, 8));
    bus.client("housing").publish(&document).await.unwrap();
    bus.client("planning").fetch(document.fetch()).await.unwrap();
    let (first, stream) = first_message(&bus.client("planning"), &document).await;

    // Others are wanted more often meanwhile.
    for seed in 2..5 {
        let other = Document::new("construction_contract", &format!("C-{seed}"), large(seed, 8));
        bus.client("housing").publish(&other).await.unwrap();
        for _ in 0..4 {
            bus.client("market").fetch(other.fetch()).await.unwrap();
        }
    }
    let (content, receipt) = rest(stream).await.unwrap();

    assert_eq!(first.info.as_ref().unwrap().cache(), pb::CacheResult::Hit);
    assert_eq!([&first.data[..], &content].concat(), document.content);
    let mut records = bus.client("audit").records().await;
    records.retain(|record| record.operation == "fetch" && record.department == "planning");
    let told: Vec<_> = records
        .iter()
        .map(|r| (r.index, &r.kind[..], &r.cache[..], r.follows, r.bytes_authorised))
        .collect();
    let [_, miss, hit, intent, again] = &records[..] else { panic!("{told:?}") };
    assert_eq!([&miss.cache, &hit.cache, &again.cache], ["miss", "hit", "miss"]);
    assert_eq!((intent.follows, again.follows), (Some(hit.index), Some(hit.index)));
    assert_eq!(again.intent, Some(intent.index));
    assert!(0 < again.bytes_authorised && again.bytes_authorised < hit.bytes_authorised);
    assert_eq!(receipt.unwrap().index, again.index);
}

#[tokio::test]
async fn a_caller_who_takes_nothing_is_cut_and_slows_nobody() {
    let tables = "[limits]\nresponse_progress_s = 1\n";
    let bus = TestBus::builder().tables(tables).start().await;
    let document = Document::new("construction_contract", "C-1", large(1, 16));
    bus.client("housing").publish(&document).await.unwrap();
    let (_first, stuck) = first_message(&bus.client("planning"), &document).await;

    let other = bus.client("market").fetch(document.fetch()).await.unwrap();
    while bus.gateway().calls_in_flight() > 0 {
        yield_now().await;
    }
    let cut = rest(stuck).await.unwrap_err();

    assert_eq!(other.content, document.content);
    assert!(was_cut(&cut) || reason(&cut) == "SLOW_READER", "{cut:?}");
    let records = bus.client("audit").records().await;
    let aborted: Vec<_> = records.iter().filter(|record| record.kind == "aborted").collect();
    let [aborted] = &aborted[..] else { panic!("one aborted: {aborted:?}") };
    assert_eq!(aborted.reason, "SLOW_READER");
    assert!(aborted.bytes_authorised < 16 * MIB as i64);
}

#[tokio::test]
async fn a_withdrawn_permission_ends_running_streams_at_once_read_or_not() {
    let bus = TestBus::start().await;
    let document = Document::new("construction_contract", "C-1", large(1, 32));
    bus.client("housing").publish(&document).await.unwrap();
    let (_first, idle) = first_message(&bus.client("planning"), &document).await;
    let reader = bus.client("planning");
    let (_first, mut read) = first_message(&reader, &document).await;
    read.message().await.unwrap();

    bus.edit_config(|text| {
        text.replace(
            "[[permission]]\ndepartment = \"planning\"",
            "[[permission]]\ndepartment = \"audit\"",
        )
    });
    let begun = std::time::Instant::now();
    reload(&bus.operator()).await.unwrap();
    let after = bus.client("planning").fetch(document.fetch()).await.unwrap_err();
    let (idle, read) = (rest(idle).await.unwrap_err(), rest(read).await.unwrap_err());
    while bus.gateway().calls_in_flight() > 0 {
        yield_now().await;
    }

    assert!(begun.elapsed() < std::time::Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(reason(&after), "ACCESS_DENIED");
    for cut in [&idle, &read] {
        assert!(was_cut(cut) || reason(cut) == "ACCESS_DENIED", "{cut:?}");
    }
    let records = bus.client("audit").records().await;
    let aborted = records.iter().filter(|r| r.kind == "aborted" && r.reason == "ACCESS_DENIED");
    assert_eq!(aborted.count(), 2);
}
