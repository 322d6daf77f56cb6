//! Whatever a power cut leaves, what was acknowledged is there, the log opens, and it only grew.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    path::Path,
    sync::Arc,
};

use super::{
    rng::Rng,
    sim::{Bug, SimDisk},
};
use crate::{
    Checkpoint, Entry, Receipt, SignedCheckpoint, SigningKey, TrailConfig,
    compact_range::CompactRange,
    frame::unchecked,
    hash::{HASH_BYTES, leaf_hash},
    open::{Opened, read},
    reader::{Part, Reader},
    sequencer::receipts,
};

/// Small, so that segments are often begun.
const SEGMENT_BYTES: u64 = 6_000;

/// What callers hold.
#[derive(Debug, Default)]
struct Held {
    receipts: Vec<(Entry, Receipt)>,
    checkpoints: Vec<SignedCheckpoint>,
}

/// How often a seed cuts the power.
const CUTS: u64 = 4;

/// Returns what is wrong, if anything, after the power was cut a few times.
fn live_through(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    let mut rng = Rng(seed);
    let mut disk = SimDisk::new(bug);
    let mut held = Held::default();
    for _ in 0..CUTS {
        disk.cut_after(1 + rng.below(160));
        match open(&disk) {
            Ok(opened) => {
                held.check(&opened)?;
                work(opened, &mut rng, &mut held);
            }
            Err(_) if disk.is_off() => {}
            Err(error) => return Err(format!("the log does not open: {error}")),
        }
        disk = disk.reboot(&mut rng);
    }
    held.check(&open(&disk).map_err(|error| format!("the log does not open: {error}"))?)
}

fn open(disk: &SimDisk) -> Result<Opened, crate::OpenError> {
    let guard = Some(Path::new("/guard").to_owned());
    let config = TrailConfig { guard, ..TrailConfig::new("/trail", key()) };
    read(&config, SEGMENT_BYTES, Arc::new(disk.clone()))
}

/// The key of a log with a long name: its checkpoint takes two sectors, so that one can be torn.
fn key() -> SigningKey {
    let origin = format!("oncebus.test/{}", "g".repeat(240));
    SigningKey::from_seed(&origin.parse().unwrap(), &[7; 32]).unwrap()
}

/// Writes and publishes until the power is cut.
fn work(mut opened: Opened, rng: &mut Rng, held: &mut Held) {
    loop {
        let done = if rng.chance(25) {
            publish(&mut opened)
        } else {
            let entries = entries(rng);
            let committed = opened.writer.commit(entries.clone());
            if let Ok(committed) = &committed {
                let receipts = receipts(committed).collect::<Vec<_>>();
                assert_eq!(receipts[0].verify(key().verifier()), Ok(()));
                held.receipts.extend(entries.into_iter().zip(receipts));
                held.checkpoints.push(SignedCheckpoint::clone(&committed.group.checkpoint));
            }
            committed.is_ok()
        };
        if !done {
            return;
        }
    }
}

/// Publishes what there is, as the thread of a trail does; answers whether there was power for it.
fn publish(opened: &mut Opened) -> bool {
    match (opened.publisher.publish(), &mut opened.guard) {
        (Ok(Some(newest)), Some(guard)) => guard.sync(&newest.note).is_ok(),
        (published, _) => published.is_ok(),
    }
}

/// Mostly a few, sometimes enough to fill a tile.
fn entries(rng: &mut Rng) -> Vec<Entry> {
    let count = if rng.chance(4) { 100 + rng.below(300) } else { 1 + rng.below(6) };
    let entry = |number: u64| Entry {
        leaf: format!("record {number} of {}", rng.0).into_bytes(),
        sealed: number.to_be_bytes().repeat((rng.0 % 9) as usize),
    };
    (0..count).map(entry).collect()
}

// === impl Held ===

impl Held {
    fn check(&self, opened: &Opened) -> Result<(), String> {
        let newest = opened.writer.checkpoint().borrow().checkpoint.clone();
        let reader = Reader {
            archive: &opened.archive,
            unpublished: &opened.unpublished,
            published: opened.published.checkpoint.size,
        };
        let leaves = reader.read(Part::Leaf, 0, newest.size).map_err(|error| error.to_string())?;
        let sealed =
            reader.read(Part::Sealed, 0, newest.size).map_err(|error| error.to_string())?;
        for (entry, receipt) in &self.receipts {
            let index = receipt.index as usize;
            let found = leaves.get(index).zip(sealed.get(index));
            if found != Some((&entry.leaf, &entry.sealed)) {
                return Err(format!("record {index} was acknowledged and is lost"));
            }
        }
        let published = &opened.published.checkpoint;
        let kept = self.checkpoints.iter().map(|signed| &signed.checkpoint);
        let kept: Vec<_> = kept.chain([published, &newest]).collect();
        let roots = roots(&leaves, kept.iter().map(|checkpoint| checkpoint.size));
        for Checkpoint { size, root, .. } in kept {
            if roots.get(size) != Some(root) {
                return Err(format!("the checkpoint at {size} is not of this log"));
            }
        }
        let root = opened.archive.root(published.size, Some(&opened.published));
        if root.map_err(|error| error.to_string())? != Some(published.root) {
            return Err("the tiles do not give the published root".to_owned());
        }
        Ok(())
    }
}

/// Returns the roots of trees of these sizes, as far as there are records.
fn roots(leaves: &[Vec<u8>], sizes: impl Iterator<Item = u64>) -> BTreeMap<u64, [u8; HASH_BYTES]> {
    let mut range = CompactRange::default();
    let mut roots = BTreeMap::new();
    for size in sizes.collect::<BTreeSet<_>>() {
        let Some(more) = leaves.get(range.size() as usize..size as usize) else { break };
        let growth = range.grow(more.iter().map(|leaf| leaf_hash(leaf)).collect());
        range = growth.range();
        roots.insert(size, growth.root());
    }
    roots
}

/// Seeds in a plain run; `ONCEBUS_TEST_SCALE` multiplies them. Each cuts the power four times.
fn seeds() -> std::ops::Range<u64> {
    let scale: u64 = env::var("ONCEBUS_TEST_SCALE").map_or(1, |scale| scale.parse().unwrap());
    0..250 * scale
}

#[test]
fn acknowledged_records_survive_every_power_cut_and_the_log_only_grows() {
    for seed in seeds() {
        if let Err(fault) = live_through(seed, None) {
            panic!("seed {seed}: {fault}");
        }
    }
}

/// Returns how many seeds it takes to find a bug.
fn seeds_to_find(bug: Option<Bug>) -> u64 {
    let found = (0..2_000).find(|seed| live_through(*seed, bug).is_err());
    found.expect("the planted bug is not found")
}

#[test]
fn simulated_disk_finds_a_log_that_does_not_sync() {
    assert!(seeds_to_find(Some(Bug::Unsynced)) < 50);
}

#[test]
fn simulated_disk_finds_an_answer_before_the_sync() {
    assert!(seeds_to_find(Some(Bug::Late)) < 100);
}

#[test]
fn simulated_disk_finds_a_log_that_does_not_sync_its_folders() {
    assert!(seeds_to_find(Some(Bug::Folders)) < 100);
}

#[test]
fn simulated_disk_finds_a_frame_checksum_that_is_ignored() {
    let _unchecked = unchecked::Frames::until_dropped();

    assert!(seeds_to_find(None) < 500);
}
