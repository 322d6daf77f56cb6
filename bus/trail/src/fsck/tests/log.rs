//! A log in a temporary folder, written straight from records: no writer takes part.

use std::{fs, path::Path};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::*;
use crate::{
    Entry, SigningKey, archive::sealed_path, bundle, compact_range::CompactRange, frame,
    hash::leaf_hash, tile::Tile, tree::node_from_tile,
};

pub(super) struct TestLog {
    folder: TempDir,
    size: u64,
    word: &'static str,
}

pub(super) fn key() -> SigningKey {
    SigningKey::from_seed(&"oncebus.test/log".parse().unwrap(), &[7; 32]).unwrap()
}

/// A record names the hash of its sealed part, as leaves of the bus do.
pub(super) fn check_sealed(record: &[u8], part: &[u8]) -> Result<(), String> {
    let named = std::str::from_utf8(record).unwrap().split_once(" sealed ");
    let found = hex::encode(Sha256::digest(part));
    match named {
        _ if part.is_empty() => Ok(()),
        Some((_, hash)) if hash == found => Ok(()),
        _ => Err(format!("record names {named:?}, the part has {found}")),
    }
}

fn entry(word: &str, index: u64) -> Entry {
    let sealed = if index.is_multiple_of(3) { format!("secret {index}") } else { String::new() };
    let leaf = match &*sealed {
        "" => format!("{word}record {index}"),
        part => format!("{word}record {index} sealed {}", hex::encode(Sha256::digest(part))),
    };
    Entry { leaf: leaf.into_bytes(), sealed: sealed.into_bytes() }
}

impl TestLog {
    pub(super) fn write(size: u64) -> Self {
        Self::write_as(size, "")
    }

    /// Writes a log whose records begin with `word`.
    pub(super) fn write_as(size: u64, word: &'static str) -> Self {
        let log = Self { folder: TempDir::new().unwrap(), size, word };
        let mut row = Vec::new();
        for tile in (0..).map_while(|index| Tile::of(0, index, size)) {
            let first = tile.index * 256;
            let entries: Vec<_> =
                (first..first + u64::from(tile.width)).map(|index| log.entry(index)).collect();
            let leaves: Vec<_> = entries.iter().map(|entry| &entry.leaf).collect();
            let parts: Vec<_> = entries.iter().map(|entry| &entry.sealed).collect();
            log.put(tile.entries_path(), &bundle::encode(&leaves).unwrap());
            log.put(sealed_path(tile), &bundle::encode_sealed(&parts).unwrap());
            row.extend(leaves.into_iter().map(|leaf| leaf_hash(leaf)));
        }
        for level in 0.. {
            if row.is_empty() {
                break;
            }
            for (index, hashes) in (0..).zip(row.chunks(256)) {
                let tile = Tile { level, index, width: hashes.len() as u16 };
                log.put(tile.path(), hashes.as_flattened());
            }
            row = row.chunks_exact(256).map(|row| node_from_tile(row, 8, 0)).collect();
        }
        log.put("checkpoint", log.checkpoint().note.as_bytes());
        log
    }

    pub(super) fn entry(&self, index: u64) -> Entry {
        entry(self.word, index)
    }

    fn signed(&self, size: u64) -> SignedCheckpoint {
        let leaves = (0..size).map(|index| leaf_hash(&self.entry(index).leaf)).collect();
        let root = CompactRange::default().grow(leaves).root();
        Checkpoint { origin: key().verifier().name().clone(), size, root }.sign(&key())
    }

    pub(super) fn checkpoint(&self) -> SignedCheckpoint {
        self.signed(self.size)
    }

    /// Writes a segment with a frame from each of these sizes to the next.
    pub(super) fn frames(&self, sizes: &[u64]) {
        self.frames_of(self, sizes);
    }

    /// Writes a segment with frames of another log.
    pub(super) fn frames_of(&self, other: &Self, sizes: &[u64]) {
        let mut previous = [7; 32];
        let mut segment = Vec::new();
        for pair in sizes.windows(2) {
            let entries: Vec<_> = (pair[0]..pair[1]).map(|index| other.entry(index)).collect();
            let frame = frame::encode(&entries, pair[0], &previous, &other.signed(pair[1]).note);
            previous = Sha256::digest(&frame).into();
            segment.extend(frame);
        }
        self.put(format!("frames/{:020}.seg", sizes[0]), &segment);
    }

    pub(super) fn dir(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn fsck(&self) -> Result<Inspection, Fault> {
        fsck(self.dir(), key().verifier(), &[], &mut check_sealed)
    }

    pub(super) fn fault(&self) -> Fault {
        self.fsck().unwrap_err()
    }

    pub(super) fn put(&self, file: impl AsRef<Path>, bytes: &[u8]) {
        let file = self.dir().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }

    pub(super) fn read(&self, file: impl AsRef<Path>) -> Vec<u8> {
        fs::read(self.dir().join(file)).unwrap()
    }

    pub(super) fn alter(&self, file: impl AsRef<Path>, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.read(&file);
        change(&mut bytes);
        self.put(file, &bytes);
    }

    /// Bundle and tile of a record.
    pub(super) fn files_of(&self, index: u64) -> (std::path::PathBuf, std::path::PathBuf) {
        let tile = Tile::of(0, index / 256, self.size).unwrap();
        (tile.entries_path(), tile.path())
    }

    /// Puts another record in the place of one.
    pub(super) fn alter_record(&self, index: u64) {
        let (bundle, _) = self.files_of(index);
        self.alter(bundle, |bytes| {
            let first = index / 256 * 256;
            let before = (first..index).map(|index| 2 + self.entry(index).leaf.len());
            bytes[before.sum::<usize>() + 2] ^= 1;
        });
    }

    /// Puts another record in the place of one, and its hash in the place of its hash.
    pub(super) fn rewrite_record(&self, index: u64) {
        self.alter_record(index);
        let mut leaf = self.entry(index).leaf;
        leaf[0] ^= 1;
        let place = (index % 256) as usize * 32;
        let (_, tile) = self.files_of(index);
        self.alter(tile, |bytes| bytes[place..place + 32].copy_from_slice(&leaf_hash(&leaf)));
    }
}
