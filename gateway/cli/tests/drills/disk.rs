//! The disk under the trail fills under load, and has room again.

use std::{
    fs::File,
    io::{ErrorKind, Write as _},
    path::Path,
    time::Duration,
};

use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
};
use tokio::time::{Instant, sleep};

use crate::{
    load::Load,
    oracle::{compare, fetch_again},
    report::report,
    scaled,
    town::{DEPARTMENTS, Town},
    turn,
};

/// How long the disk stays full.
const FULL: Duration = Duration::from_secs(1);
/// Longest time until calls are served again.
const RECOVERY: Duration = Duration::from_secs(5);
/// Longest wait for calls.
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn a_full_disk_under_the_trail_loses_nothing_that_was_acknowledged() {
    // Mounts are a thread's own in a new namespace; the processes that it starts inherit it.
    let thread = std::thread::spawn(|| {
        let dir = tempfile::tempdir().unwrap();
        let private = unshare(CloneFlags::CLONE_NEWNS).and_then(|()| {
            let none: Option<&str> = None;
            mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
            mount(Some("tmpfs"), dir.path(), Some("tmpfs"), MsFlags::empty(), Some("size=64m"))
        });
        if let Err(error) = private {
            oncebus_tests::skipped(&format!("no right to mount a small disk here: {error}"));
            return;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(fills_and_has_room_again(dir.path()));
    });
    thread.join().unwrap();
}

async fn fills_and_has_room_again(disk: &Path) {
    let _turn = turn().await;
    let trail = disk.join("trail");
    let mut town = Town::lay_out_with(&["--trail-dir", trail.to_str().unwrap()]).await;
    for department in DEPARTMENTS {
        town.start_adapter(department).await;
    }
    town.start_gateway().await;
    let load = Load::start(&town, &DEPARTMENTS);
    let rate = load.flows().await;

    let mut recoveries = Vec::new();
    for _ in 0..scaled(2, 10) {
        load.ledger.more(50, PATIENCE).await;
        let filler = disk.join("filler");
        fill(&filler).await;
        let before = load.ledger.promises();
        sleep(FULL).await;
        assert_eq!(
            load.ledger.promises(),
            before,
            "something was promised that cannot be on record"
        );
        std::fs::remove_file(filler).unwrap();
        let room = Instant::now();
        load.ledger.more(10, PATIENCE).await;
        recoveries.push(room.elapsed());
    }
    let ledger = load.stop().await;
    // The next run settles what found no room.
    town.gateway.take().unwrap().stop().await;
    town.start_gateway().await;
    let mut findings = compare(&ledger, &town.records(), &town.trail_key());
    findings.lost.extend(fetch_again(&town, &ledger).await);

    report("full_disk", findings.figures(rate, &ledger, &recoveries));
    assert!(ledger.errors().contains("AUDIT_UNAVAILABLE"), "{:?}", ledger.errors());
    assert_eq!(findings, Default::default(), "{:?}", ledger.errors());
    let late = recoveries.iter().filter(|recovery| **recovery >= RECOVERY);
    assert_eq!(late.count(), 0, "{recoveries:?}");
}

/// Fills the disk to the last byte, and keeps at it until what was on its way has failed as well.
async fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(200) {
        while file.write_all(&[0; 4_096]).is_ok() {}
        while file.write_all(&[0]).is_ok() {}
        let error = file.write_all(&[0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull, "the fault does not bite");
        sleep(Duration::from_millis(5)).await;
    }
}
