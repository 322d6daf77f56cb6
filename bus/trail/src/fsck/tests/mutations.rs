//! Random damage to a log of 1,000 records: all of it is found.
//!
//! `ONCEBUS_TEST_SCALE` tries so many times as many.

use std::{collections::BTreeMap, env, path::PathBuf};

use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::{log::TestLog, *};
use crate::{bundle, tile::Tile};

const SIZE: u64 = 1000;

/// What is done to the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Damage {
    FlippedBit,
    Cut,
    Longer,
    Removed,
    Zeroed,
    ExchangedWithAnother,
    SwappedRecords,
    SwappedHashes,
    RewrittenRecord,
    OlderCheckpoint,
    OtherSignature,
    OtherSizeSigned,
}

const DAMAGES: [Damage; 12] = [
    Damage::FlippedBit,
    Damage::Cut,
    Damage::Longer,
    Damage::Removed,
    Damage::Zeroed,
    Damage::ExchangedWithAnother,
    Damage::SwappedRecords,
    Damage::SwappedHashes,
    Damage::RewrittenRecord,
    Damage::OlderCheckpoint,
    Damage::OtherSignature,
    Damage::OtherSizeSigned,
];

/// All files that a log of this size has, superseded ones too.
const FILES: [&str; 17] = [
    "checkpoint",
    "tile/0/000",
    "tile/0/001",
    "tile/0/002",
    "tile/0/003.p/232",
    "tile/0/003.p/100",
    "tile/1/000.p/3",
    "tile/entries/000",
    "tile/entries/001",
    "tile/entries/002",
    "tile/entries/003.p/232",
    "tile/entries/003.p/100",
    "sealed/000",
    "sealed/001",
    "sealed/002",
    "sealed/003",
    "frames/00000000000000000900.seg",
];

#[test]
fn every_random_damage_is_found() {
    let log = TestLog::write(SIZE);
    log.frames(&[900, 950, SIZE]);
    let records: Vec<_> = (768..868).map(|index| log.entry(index).leaf).collect();
    log.put("tile/entries/003.p/100", &bundle::encode(&records).unwrap());
    log.put("tile/0/003.p/100", &log.read("tile/0/003.p/232")[..3200]);
    let sound: Vec<_> = FILES.iter().map(|file| log.read(file)).collect();
    let whole = log.fsck().unwrap();
    let scale: usize = env::var("ONCEBUS_TEST_SCALE").map_or(1, |scale| scale.parse().unwrap());
    let mut table: BTreeMap<(Damage, &str), usize> = BTreeMap::new();
    let mut random = TestRunner::new_with_rng(
        Config::default(),
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );

    for round in 0..100 * scale {
        let damage = DAMAGES[round % DAMAGES.len()];
        let draw: [usize; 3] = any::<[usize; 3]>().new_tree(&mut random).unwrap().current();
        damage.inflict(&log, draw);
        match log.fsck() {
            Err(fault) => *table.entry((damage, fault.kind.name())).or_default() += 1,
            // What stands after the last frame is what a crash leaves; it is told and then cut.
            Ok(found) if 0 < found.torn_bytes => {
                *table.entry((damage, "torn_bytes")).or_default() += 1;
            }
            Ok(_) => panic!("round {round}: {damage:?} {draw:?} is not found"),
        }
        for (file, bytes) in FILES.iter().zip(&sound) {
            log.put(file, bytes);
        }
    }

    assert_eq!(log.fsck(), Ok(whole));
    let rows = table.iter().map(|((damage, kind), count)| format!("{damage:?} {kind} {count}\n"));
    let table = rows.collect::<String>();
    assert!(DAMAGES.iter().all(|damage| table.contains(&format!("{damage:?} "))), "{table}");
    std::io::Write::write_all(&mut std::io::stdout(), table.as_bytes()).unwrap();
}

impl Damage {
    fn inflict(self, log: &TestLog, [pick, place, more]: [usize; 3]) {
        let file = FILES[pick % FILES.len()];
        let other = FILES[(pick + 1 + more % (FILES.len() - 1)) % FILES.len()];
        match self {
            Self::FlippedBit => log.alter(file, |bytes| {
                let at = place % bytes.len();
                bytes[at] ^= 1 << (more % 8);
            }),
            Self::Cut => log.alter(file, |bytes| bytes.truncate(place % bytes.len())),
            Self::Longer => log.alter(file, |bytes| bytes.push(more as u8)),
            Self::Removed => fs::remove_file(log.dir().join(needed(file))).unwrap(),
            Self::Zeroed => log.alter(file, |bytes| bytes.fill(0)),
            Self::ExchangedWithAnother => {
                let (one, two) = (log.read(file), log.read(other));
                log.put(file, &two);
                log.put(other, &one);
            }
            Self::SwappedRecords => swap_records(log, place as u64 % SIZE, more as u64),
            Self::SwappedHashes => swap_hashes(log, place as u64 % SIZE, more as u64),
            Self::RewrittenRecord => log.rewrite_record(place as u64 % SIZE),
            Self::OlderCheckpoint => {
                let older = TestLog::write(place as u64 % 900).checkpoint();
                log.put("checkpoint", older.note.as_bytes());
            }
            Self::OtherSignature => {
                let name = key().verifier().name().clone();
                let forger = crate::SigningKey::from_seed(&name, &[more as u8 | 8; 32]).unwrap();
                let forged = log.checkpoint().checkpoint.sign(&forger);
                log.put("checkpoint", forged.note.as_bytes());
            }
            Self::OtherSizeSigned => {
                let size = SIZE + 1 + more as u64 % 1000;
                let grown = Checkpoint { size, ..log.checkpoint().checkpoint }.sign(&key());
                log.put("checkpoint", grown.note.as_bytes());
            }
        }
    }
}

/// Returns a file that is missed: superseded ones may go, and so may all frames.
fn needed(file: &'static str) -> &'static str {
    match file {
        "tile/0/003.p/100" => "tile/0/003.p/232",
        "tile/entries/003.p/100" | "frames/00000000000000000900.seg" => "tile/entries/003.p/232",
        file => file,
    }
}

/// Exchanges two records of one bundle.
fn swap_records(log: &TestLog, index: u64, more: u64) {
    let (file, _) = log.files_of(index);
    let tile = Tile::of(0, index / 256, SIZE).unwrap();
    let bytes = log.read(&file);
    let mut records = bundle::decode(&bytes, tile.width).unwrap();
    let at = (index % 256) as usize;
    let other = (at + 1 + more as usize % (records.len() - 1)) % records.len();
    records.swap(at, other);
    log.put(file, &bundle::encode(&records).unwrap());
}

/// Exchanges two hashes of one tile.
fn swap_hashes(log: &TestLog, index: u64, more: u64) {
    let (_, file): (PathBuf, PathBuf) = log.files_of(index);
    log.alter(file, |bytes| {
        let (hashes, _) = bytes.as_chunks_mut::<32>();
        let at = (index % 256) as usize;
        let other = (at + 1 + more as usize % (hashes.len() - 1)) % hashes.len();
        hashes.swap(at, other);
    });
}
