//! Contents far larger than the cache, for many callers at once, one of whom hardly reads.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use oncebus_proto::v1 as pb;
use oncebus_tests::{Client, Document};
use serde_json::json;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tonic::Streaming;

use crate::{process::resident, report::report, town::Town, turn};

const MIB: usize = 1024 * 1024;
/// How much the gateway may grow.
const GROWTH_BYTES: u64 = 96 << 20;
/// Callers at once.
const CALLERS: usize = 8;
/// The progress limit, and what a look at the trail may take.
const CUT_WITHIN: Duration = Duration::from_secs(13);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_with_a_small_cache_stays_small_and_cuts_who_does_not_read() {
    let _turn = turn().await;
    let mut town = Town::lay_out().await;
    town.start_adapter("housing").await;
    town.start_gateway_with(&[("ONCEBUS_GATEWAY_CACHE__CONTENT_MIB", "16")]).await;
    let document = Document::new("construction_contract", "C-64", content());
    let before = town.gateway.as_ref().unwrap().resident();
    let watched = Watched::start(town.gateway.as_ref().unwrap().pid());

    town.client("housing").publish(&document).await.unwrap();
    let document = Arc::new(document);
    let alone = fetch_by_all(&town, &document).await;
    let stuck = stuck(&town.client("planning"), &document).await;
    let stuck_since = Instant::now();
    let beside = fetch_by_all(&town, &document).await;
    let cut = loop {
        let records = town.records();
        if let Some(record) = records.into_iter().find(|record| record.kind == "aborted") {
            break record;
        }
        assert!(stuck_since.elapsed() < CUT_WITHIN, "who does not read is not cut");
        sleep(Duration::from_millis(50)).await;
    };
    let cut_after = stuck_since.elapsed();
    let grown = watched.most().await.saturating_sub(before);
    drop(stuck);

    report(
        "small_cache",
        json!({
            "grown_bytes": grown,
            "alone_ms": alone.as_millis() as u64,
            "beside_a_stuck_reader_ms": beside.as_millis() as u64,
            "cut_after_ms": cut_after.as_millis() as u64,
        }),
    );
    assert!(grown < GROWTH_BYTES, "the gateway grew by {} MiB", grown >> 20);
    assert_eq!(cut.reason, "SLOW_READER");
    assert!(Duration::from_secs(9) < cut_after, "cut after {cut_after:?} already");
    // As fast as before, give or take what else this machine does.
    assert!(beside < 2 * alone + Duration::from_secs(1), "{alone:?} alone, {beside:?} beside");
}

/// 64 MiB that do not compress and do not repeat.
fn content() -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..64 * MIB / 8).flat_map(|_| next()).collect()
}

/// Has all callers fetch it at once, and says how long that took.
async fn fetch_by_all(town: &Town, document: &Arc<Document>) -> Duration {
    let begun = Instant::now();
    let calls = (0..CALLERS).map(|at| {
        let client = town.client(["planning", "market"][at % 2]);
        let document = Arc::clone(document);
        tokio::spawn(async move {
            let fetched = client.fetch(document.fetch()).await.unwrap();
            assert!(fetched.content == document.content, "other bytes came");
        })
    });
    for call in join_all(calls).await {
        call.unwrap();
    }
    begun.elapsed()
}

/// Begins a fetch, and reads nothing behind its first message.
async fn stuck(client: &Client, document: &Document) -> Streaming<pb::FetchMaterialResponse> {
    let mut transfer = client.transfer.clone();
    let mut stream = transfer.fetch_material(document.fetch()).await.unwrap().into_inner();
    stream.message().await.unwrap().unwrap();
    stream
}

/// Watches how much memory a process has.
struct Watched {
    stop: watch::Sender<bool>,
    most: tokio::task::JoinHandle<u64>,
}

impl Watched {
    fn start(pid: u32) -> Self {
        let (stop, stopped) = watch::channel(false);
        let most = tokio::spawn(async move {
            let mut most = 0;
            while !*stopped.borrow() {
                most = most.max(resident(pid));
                sleep(Duration::from_millis(5)).await;
            }
            most
        });
        Self { stop, most }
    }

    async fn most(self) -> u64 {
        self.stop.send_replace(true);
        self.most.await.unwrap()
    }
}
