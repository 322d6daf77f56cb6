//! Checks the write-ahead frames: what they share with the published tree, and what comes after it.

use std::path::Path;

use super::{
    Files,
    fault::{Fault, FaultKind},
    files::as_hashes,
};
use crate::{
    checkpoint::{Checkpoint, SignedCheckpoint},
    compact_range::CompactRange,
    frame::{self, Frame, FrameFault},
    hash::{HASH_BYTES, content_hash, leaf_hash, node_hash},
    key::VerifierKey,
    open::FRAMES,
    segments,
    tile::{TILE_WIDTH, Tile},
    tree,
};

const WIDTH: u64 = TILE_WIDTH as u64;

/// Records that are in frames and not published.
#[derive(Debug)]
pub(super) struct Tail {
    /// Number of published records.
    published: u64,
    /// Hashes of the records after them.
    hashes: Vec<[u8; HASH_BYTES]>,
    /// Bytes of an unfinished last frame.
    pub(super) torn_bytes: u64,
}

/// Reads the frames in their order.
struct Reading<'a> {
    files: &'a Files,
    key: &'a VerifierKey,
    range: CompactRange,
    tail: Tail,
    /// Index that the next frame must begin with, once the first is read.
    next: Option<u64>,
    /// Hash that the next frame must name, once the first is read.
    previous: Option<[u8; HASH_BYTES]>,
    /// The published tile at hand, by its number.
    tile: (Option<u64>, Vec<u8>),
}

// === impl Tail ===

impl Tail {
    /// Returns the tail of a log whose frames are not known.
    pub(super) fn none(published: u64) -> Self {
        Self { published, hashes: Vec::new(), torn_bytes: 0 }
    }

    /// Returns the number of records, with these.
    pub(super) fn end(&self) -> u64 {
        self.published + self.hashes.len() as u64
    }

    /// Returns the root over the first `size` records, which are there.
    pub(super) fn root(&self, files: &Files, size: u64) -> Result<[u8; HASH_BYTES], Fault> {
        tree::root(size, &mut |level, index| self.node(files, level, index))
    }

    fn node(&self, files: &Files, level: u8, index: u64) -> Result<[u8; HASH_BYTES], Fault> {
        if (index + 1) << level <= self.published {
            return files.node(level, index, self.published);
        }
        match level.checked_sub(1) {
            None => Ok(self.hashes[(index - self.published) as usize]),
            Some(below) => {
                let left = self.node(files, below, 2 * index)?;
                Ok(node_hash(&left, &self.node(files, below, 2 * index + 1)?))
            }
        }
    }
}

/// Reads the frames of a log that has `published` records in sound tiles.
pub(super) fn read(files: &Files, key: &VerifierKey, published: u64) -> Result<Tail, Fault> {
    let levels = (0..u64::BITS as u8).rev().filter(|level| published >> level & 1 == 1);
    let peaks = levels.map(|level| files.node(level, (published >> level) - 1, published));
    let range = CompactRange::new(published, peaks.collect::<Result<_, _>>()?);
    let mut reading = Reading {
        files,
        key,
        range,
        tail: Tail::none(published),
        next: None,
        previous: None,
        tile: (None, Vec::new()),
    };

    let names = files.list(Path::new(FRAMES))?;
    let mut segments = Vec::new();
    for (name, _) in &names {
        let file = Path::new(FRAMES).join(name);
        let first = segments::first_of(&file);
        segments.push((first.ok_or_else(|| Fault::new(&file, FaultKind::Stray))?, file));
    }
    segments.sort_unstable();
    for (place, (first, file)) in (1..).zip(&segments) {
        let last = if place == segments.len() { Place::Last } else { Place::Before };
        reading.segment(*first, file, last)?;
    }
    match (reading.next, segments.last()) {
        // What is published was in synced frames before: a crash leaves none shorter.
        (Some(end), Some((_, file))) if end < published => {
            Err(Fault::new(file, FaultKind::FramesCut { end, published }).of_record(end))
        }
        _ => Ok(reading.tail),
    }
}

/// Where a segment stands among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Before,
    Last,
}

// === impl Reading ===

impl Reading<'_> {
    fn segment(&mut self, first: u64, file: &Path, place: Place) -> Result<(), Fault> {
        let expected = self.next.unwrap_or(first);
        let fault = |fault| Err(Fault::new(file, FaultKind::Frame(fault)));
        if first != expected {
            return fault(FrameFault::Index { found: first, expected });
        }
        if self.tail.published < first {
            let expected = self.tail.end();
            return fault(FrameFault::Index { found: first, expected });
        }
        self.next = Some(first);

        let bytes = self.files.read(file)?;
        let mut at = 0;
        while at < bytes.len() {
            match Frame::read(&bytes[at..]) {
                Ok(frame) => {
                    let end = at + frame.header.frame_bytes();
                    self.frame(&frame, file, first)?;
                    self.previous = Some(content_hash(&bytes[at..end]));
                    at = end;
                }
                Err(torn) if place == Place::Last && self.is_torn(torn, &bytes[at..]) => {
                    self.tail.torn_bytes = (bytes.len() - at) as u64;
                    return Ok(());
                }
                Err(damaged) => return fault(damaged),
            }
        }
        Ok(())
    }

    /// Returns whether a crash left this end of the newest segment: nothing in it is published, and
    /// nothing whole follows.
    fn is_torn(&self, fault: FrameFault, rest: &[u8]) -> bool {
        let next = self.next.unwrap_or_default();
        let unpublished = self.tail.published <= next;
        unpublished && fault.may_be_torn() && !frame::follows(rest, next..=u64::MAX)
    }

    fn frame(&mut self, frame: &Frame<'_>, file: &Path, segment: u64) -> Result<(), Fault> {
        let fault = |fault| Err(Fault::new(file, FaultKind::Frame(fault)));
        let (found, expected) = (frame.header.first, self.next.unwrap_or(segment));
        if found != expected {
            return fault(FrameFault::Index { found, expected });
        }
        let anchor = (found == 0).then(|| self.key.name().anchor());
        if self.previous.or(anchor).is_some_and(|hash| hash != frame.header.previous) {
            return fault(FrameFault::Chain);
        }
        let Ok(signed) = SignedCheckpoint::open(frame.note, self.key) else {
            return fault(FrameFault::Tree);
        };

        let mut new = Vec::new();
        for (index, entry) in (found..).zip(&frame.entries) {
            let hash = leaf_hash(&entry.leaf);
            if self.tail.published <= index {
                new.push(hash);
            } else if self.published_hash(index)? != hash {
                let kind = FaultKind::FrameRecord { index };
                return Err(Fault::new(file, kind).of_record(index));
            }
        }
        if !self.gives(new, &signed.checkpoint)? {
            return fault(FrameFault::Tree);
        }
        self.next = Some(frame.header.end());
        Ok(())
    }

    /// Appends the hashes of records that are not published, and returns whether the tree is then
    /// what the frame's checkpoint says.
    fn gives(&mut self, new: Vec<[u8; HASH_BYTES]>, signed: &Checkpoint) -> Result<bool, Fault> {
        if new.is_empty() {
            let older = signed.size <= self.tail.published;
            return Ok(older && self.tail.root(self.files, signed.size)? == signed.root);
        }
        self.tail.hashes.extend(&new);
        let growth = self.range.grow(new);
        self.range = growth.range();
        Ok((growth.size(), growth.root()) == (signed.size, signed.root))
    }

    fn published_hash(&mut self, index: u64) -> Result<[u8; HASH_BYTES], Fault> {
        let number = index / WIDTH;
        if self.tile.0 != Some(number) {
            let missing = || Fault::new("tile", FaultKind::Missing);
            let tile = Tile::of(0, number, self.tail.published).ok_or_else(missing)?;
            self.files.hashes(tile, &mut self.tile.1)?;
            self.tile.0 = Some(number);
        }
        Ok(as_hashes(&self.tile.1)[(index % WIDTH) as usize])
    }
}
