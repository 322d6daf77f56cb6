//! The trail alone: records offered at a steady rate, and as fast as they go.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use oncebus_trail::{Entry, SigningKey, Trail, TrailConfig, VerifierKey};
use tokio::{
    runtime::Runtime,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use super::{
    disk,
    report::{Report, Target, percentile_ms},
};

/// Records offered a second, and for how long.
const OFFERED: usize = 10_000;
const SECONDS: usize = 10;
/// Offered together, so often.
const TICK: Duration = Duration::from_millis(2);
/// Callers that each wait for their receipt before they write again.
const CALLERS: usize = 256;

/// A log in files.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) dir: PathBuf,
    pub(crate) key: VerifierKey,
    pub(crate) records: u64,
}

pub(crate) fn measure(folder: &Path, report: &mut Report) {
    let mut bare = disk::syncs(folder);
    let mut waits = runtime().block_on(offered(&folder.join("offered")));
    let written = waits.len() as f64 / SECONDS as f64;
    let target = Target::AtLeast(0.95 * OFFERED as f64);
    report.aimed("records/s written, 10,000/s offered", written, "1/s", target);
    report.plain("wait for a receipt then, p50", percentile_ms(&mut waits, 50), "ms");
    let p99 = percentile_ms(&mut waits, 99);
    let added = p99 - percentile_ms(&mut bare, 50);
    report.aimed("wait added to a bare sync's p50, p99", added, "ms", Target::AtMost(25.0));
}

async fn offered(dir: &Path) -> Vec<Duration> {
    let trail = open(dir);
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let each = OFFERED * TICK.as_millis() as usize / 1_000;
    let mut appends = JoinSet::new();
    for tick in 0..SECONDS * OFFERED / each {
        ticks.tick().await;
        for number in 0..each {
            let trail = trail.clone();
            appends.spawn(async move {
                let begun = Instant::now();
                let receipt = trail.append(entry((tick * each + number) as u64)).await;
                receipt.ok().map(|_receipt| begun.elapsed())
            });
        }
    }
    let waits = appends.join_all().await.into_iter().flatten().collect();
    trail.close().await.unwrap();
    waits
}

/// Writes a log of so many records as fast as it goes.
pub(crate) fn log(dir: &Path, records: u64) -> Log {
    let begun = Instant::now();
    let key = runtime().block_on(async {
        let trail = open(dir);
        let next = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (trail, next) = (trail.clone(), Arc::clone(&next));
            callers.spawn(async move {
                loop {
                    let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if records <= number {
                        return;
                    }
                    trail.append(entry(number)).await.unwrap();
                }
            });
        }
        callers.join_all().await;
        trail.close().await.unwrap();
        trail.verifier().clone()
    });
    println!("{records} records by {CALLERS} callers in {:?}", begun.elapsed());
    Log { dir: dir.to_owned(), key, records }
}

pub(crate) fn open(dir: &Path) -> Trail {
    let origin = "oncebus.test/gateway/bench".parse().unwrap();
    let key = SigningKey::from_seed(&origin, &[7; 32]).unwrap();
    let config = TrailConfig { write_deadline: Duration::from_secs(60), ..TrailConfig::new(dir, key) };
    Trail::open(config).unwrap().0
}

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Returns a record like the ones of a hit, of some thousand subjects and ten departments.
fn entry(number: u64) -> Entry {
    let department = number % 10;
    let leaf = format!(
        r#"{{"v":1,"id":"01990000-0000-7000-8000-{number:012x}","kind":"outcome","time":{time},"operation":"fetch","outcome":"served","department":"d{department}","system":"spiffe://oncebus.test/dept/d{department}/system/case","certificate":"{zeros}","officer":"{officer:032x}","holder":"market","adapter":"files/0.0.1","material_type":"business_license","version":"materialTypes/business_license/versions/{zeros}","digest":"sha256:{zeros}","size_bytes":4096,"media_type":"application/pdf","already_held":false,"bytes_authorised":4096,"cache":"hit","item":"I{item:02}","cause":"APPROVAL","legal_basis":"《建筑法》第八条","authorization":"STATUTORY_DUTY","rule":"permission.fetch","latency_ms":1,"boot":"01990000-0000-7000-8000-000000000000"}}"#,
        time = 1_760_000_000_000 + number * 40,
        officer = number % 50,
        item = number % 65,
        zeros = "0".repeat(64),
    );
    let mut sealed = vec![0; 250];
    sealed[0] = 1;
    sealed[53] = 1;
    // The token of one of 5,000 subjects.
    sealed[54..62].copy_from_slice(&(number % 5_000).to_be_bytes());
    Entry { leaf: leaf.into_bytes(), sealed }
}
