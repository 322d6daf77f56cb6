//! The whole bus: cached fetches over mutual TLS, with a disk under the trail and with memory.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use oncebus_tests::{Client, Document, TestBus};
use tokio::{runtime::Builder, task::JoinSet};

use super::report::{Report, Target};

/// Calls in flight, and the connections that they share.
const IN_FLIGHT: usize = 256;
const CONNECTIONS: usize = 4;
const WARM: Duration = Duration::from_secs(2);
const ROUND: Duration = Duration::from_secs(5);
/// Rounds of each kind, in turn, so that a slow moment of the machine hits both.
const ROUNDS: usize = 3;
/// A folder in memory: there a sync costs nothing.
const MEMORY: &str = "/dev/shm";

const LIMITS: &str = "[limits]\ncalls_per_second = 1000000\nburst = 1000000\n\
     calls_per_department = 1024\n";

/// What a bus did in some rounds.
#[derive(Debug, Default)]
struct Done {
    calls: u64,
    seconds: f64,
    /// Most records that the search index was behind.
    lag: u64,
}

pub(crate) fn measure(folder: &Path, report: &mut Report) {
    let memory = tempfile::tempdir_in(MEMORY).unwrap();
    let here = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (disk, memory) = here.block_on(async {
        let disk = bus(&folder.join("exchanges")).await;
        let memory = bus(&memory.path().join("trail")).await;
        let (mut on_disk, mut in_memory) = (Done::default(), Done::default());
        for _ in 0..ROUNDS {
            on_disk.round(&disk).await;
            in_memory.round(&memory).await;
        }
        (on_disk, in_memory)
    });
    let name = "exchanges/s, 256 in flight, against no sync";
    report.against(name, disk.rate(), "1/s", memory.rate(), Target::AtLeast(0.8));
    report.plain("search index behind then, at most", disk.lag as f64, "records");
}

async fn bus(trail: &Path) -> TestBus {
    let bus = TestBus::builder().trail_dir(trail.to_owned()).tables(LIMITS).apart().start().await;
    bus.client("housing").publish(&document()).await.unwrap();
    load(&bus, WARM).await;
    bus
}

fn document() -> Document {
    Document::new("construction_contract", "C-1", vec![7; 4_096])
}

// === impl Done ===

impl Done {
    async fn round(&mut self, bus: &TestBus) {
        let begun = Instant::now();
        self.calls += load(bus, ROUND).await;
        self.seconds += begun.elapsed().as_secs_f64();
        self.lag = self.lag.max(bus.gateway().index_lag());
    }

    fn rate(&self) -> f64 {
        self.calls as f64 / self.seconds
    }
}

/// Fetches for so long; returns how often.
async fn load(bus: &TestBus, time: Duration) -> u64 {
    let clients: Vec<Client> = (0..CONNECTIONS).map(|_| bus.client("planning")).collect();
    let (until, calls) = (Instant::now() + time, Arc::new(AtomicU64::new(0)));
    let mut callers = JoinSet::new();
    for number in 0..IN_FLIGHT {
        let (client, calls) = (clients[number % CONNECTIONS].clone(), Arc::clone(&calls));
        callers.spawn(async move {
            while Instant::now() < until {
                let fetched = client.fetch(document().fetch()).await.unwrap();
                assert_eq!(fetched.content.len(), 4_096);
                calls.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    callers.join_all().await;
    calls.load(Ordering::Relaxed)
}
