//! kill -9 under load: whatever was acknowledged is there afterwards.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use oncebus_tests::proof;
use oncebus_trail::{Receipt, SignedCheckpoint, SigningKey, Trail, TrailConfig, VerifierKey};
use tokio::time::Instant;

use crate::{
    ledger::Ledger,
    load::Load,
    oracle::{compare, fetch_again},
    report::report,
    scaled,
    town::{DEPARTMENTS, Town},
    turn,
};

/// Longest time until calls are served again.
const RECOVERY: Duration = Duration::from_secs(5);
/// Longest wait for calls.
const PATIENCE: Duration = Duration::from_secs(10);
/// Calls that are acknowledged between two kills.
const BETWEEN: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_killed_under_load_loses_nothing_and_its_receipts_stay_true() {
    let _turn = turn().await;
    let mut town = Town::start().await;
    let load = Load::start(&town, &DEPARTMENTS);
    let rate = load.flows().await;
    let kills = scaled(5, 50);

    let mut recoveries = Vec::new();
    for _ in 0..kills {
        load.ledger.more(BETWEEN, PATIENCE).await;
        let fault = Instant::now();
        town.gateway.take().unwrap().kill().await;
        town.start_gateway().await;
        load.ledger.more(1, PATIENCE).await;
        recoveries.push(fault.elapsed());
    }
    let ledger = load.stop().await;
    // The last run settles what the last kill left.
    town.gateway.take().unwrap().stop().await;
    town.start_gateway().await;
    let mut findings = compare(&ledger, &town.records(), &town.trail_key());
    findings.lost.extend(fetch_again(&town, &ledger).await);

    report("kill_gateway", findings.figures(rate, &ledger, &recoveries));
    assert_eq!(findings, Default::default(), "{:?}", ledger.errors());
    let settled = settled_on_record(&town);
    assert_ne!(settled, (0, 0), "the fault does not bite: no kill left anything to settle");
    assert_eq!(settled_by_log(&town), settled, "starts do not say what they settled");
    for department in DEPARTMENTS {
        let orphans = orphans(&town.path("adapters").join(department), &ledger);
        assert!(orphans.is_empty(), "{department} keeps what nobody published: {orphans:?}");
    }
    town.gateway.take().unwrap().stop().await;
    let untrue = untrue_receipts(&town, &ledger).await;
    assert!(untrue.is_empty(), "of {} receipts: {untrue:?}", ledger.promises());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adapter_killed_under_load_loses_nothing_that_was_acknowledged() {
    let _turn = turn().await;
    let mut town = Town::start().await;
    let load = Load::start(&town, &DEPARTMENTS);
    let rate = load.flows().await;
    let kills = scaled(3, 15);

    let mut recoveries = Vec::new();
    for kill in 0..kills {
        let department = DEPARTMENTS[kill % DEPARTMENTS.len()];
        load.ledger.more(BETWEEN, PATIENCE).await;
        town.adapters.remove(department).unwrap().kill().await;
        // The others' calls go on while it is away.
        load.ledger.more(BETWEEN, PATIENCE).await;
        town.start_adapter(department).await;
        let back = Instant::now();
        load.ledger.more_of(department, 1, PATIENCE).await;
        recoveries.push(back.elapsed());
    }
    let ledger = load.stop().await;
    let mut findings = compare(&ledger, &town.records(), &town.trail_key());
    findings.lost.extend(fetch_again(&town, &ledger).await);

    report("kill_adapter", findings.figures(rate, &ledger, &recoveries));
    assert_eq!(findings, Default::default(), "{:?}", ledger.errors());
    let late = recoveries.iter().filter(|recovery| **recovery >= RECOVERY);
    assert_eq!(late.count(), 0, "{recoveries:?}");
}

/// Returns what is wrong with the receipts that callers hold, once the gateway has stopped: each must
/// verify offline, out of a file, and the published log must only have grown since its checkpoint.
async fn untrue_receipts(town: &Town, ledger: &Ledger) -> Vec<String> {
    let key = town.trail_key();
    let seed = fs::read(town.path("gateway/keys/trail.key")).unwrap();
    let signing = SigningKey::from_seed(key.name(), &seed.try_into().unwrap()).unwrap();
    let (trail, _) = Trail::open(TrailConfig::new(town.trail_dir(), signing)).unwrap();
    let mut untrue = Vec::new();
    for entry in ledger.entries() {
        let kept = proof(&entry.receipt).to_tlog_proof();
        if let Err(why) = check_kept(&kept, &trail, &key).await {
            untrue.push(format!("record {}: {why}", entry.receipt.index));
        }
    }
    trail.close().await.unwrap();
    untrue
}

async fn check_kept(kept: &str, trail: &Trail, key: &VerifierKey) -> Result<(), String> {
    let receipt = Receipt::from_tlog_proof(kept).map_err(|error| error.to_string())?;
    receipt.verify(key).map_err(|error| error.to_string())?;
    let old = SignedCheckpoint::open(&receipt.checkpoint, key).unwrap().checkpoint;
    let growth = trail.consistency(old.size).await.map_err(|error| error.to_string())?;
    growth.verify(&old, key).map_err(|error| error.to_string())?;
    Ok(())
}

/// Adds up what the starts said that they settled: recovered and unknown.
fn settled_by_log(town: &Town) -> (usize, usize) {
    let mut settled = (0, 0);
    for line in town.gateway_log().lines().filter(|line| line.contains("the last run left")) {
        settled.0 += figure(line, "recovered=");
        settled.1 += figure(line, "unknown=");
    }
    settled
}

/// Reads a figure from a log line.
fn figure(line: &str, name: &str) -> usize {
    let digits = line.split(name).nth(1).unwrap_or_else(|| panic!("no {name} in {line}"));
    digits.split(|letter: char| !letter.is_ascii_digit()).next().unwrap().parse().unwrap()
}

fn settled_on_record(town: &Town) -> (usize, usize) {
    let records = town.records();
    let count = |outcome| records.iter().filter(|record| record.outcome == outcome).count();
    (count("recovered"), count("unknown"))
}

/// Returns what a files adapter keeps and nobody was promised: sealed contents, and staged uploads.
fn orphans(root: &Path, ledger: &Ledger) -> Vec<PathBuf> {
    let promised: HashSet<_> = ledger
        .entries()
        .iter()
        .map(|entry| hex::encode(oncebus_tests::digest(&entry.tag.content()).value))
        .collect();
    let sealed = files(&root.join("sealed/sha256"));
    assert!(!sealed.is_empty(), "{} keeps nothing", root.display());
    let promised = |file: &PathBuf| promised.contains(file.file_name().unwrap().to_str().unwrap());
    let mut orphans: Vec<_> = sealed.into_iter().filter(|file| !promised(file)).collect();
    orphans.extend(files(&root.join("staging")));
    orphans
}

/// Returns every file below a folder.
fn files(root: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => files.push(entry.path()),
            }
        }
    }
    files
}
