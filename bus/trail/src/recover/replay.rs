//! Reads the frames of what is not published yet, segment by segment.

use std::{path::Path, sync::Arc};

use super::extent::Extent;
use crate::{
    checkpoint::{Checkpoint, SignedCheckpoint},
    compact_range::CompactRange,
    disk::Disk,
    edge::Edge,
    entry::Entry,
    frame::{Frame, FrameFault},
    hash::{HASH_BYTES, content_hash, leaf_hash},
    key::VerifierKey,
    open::OpenError,
    segments,
    unpublished::Group,
};

/// Reads the frames in their order.
pub(super) struct Replay<'a> {
    disk: &'a dyn Disk,
    folder: &'a Path,
    key: &'a VerifierKey,
    /// Number of published records.
    published: u64,
    /// Index that the next frame must begin with, once the first is read.
    next: Option<u64>,
    /// Hash that the next frame must name, once the first is read.
    pub(super) previous: Option<[u8; HASH_BYTES]>,
    pub(super) range: CompactRange,
    checkpoint: Option<SignedCheckpoint>,
    pub(super) groups: Vec<Arc<Group>>,
    pub(super) frames: u64,
}

// === impl Replay ===

impl<'a> Replay<'a> {
    pub(super) fn new(
        disk: &'a dyn Disk,
        folder: &'a Path,
        key: &'a VerifierKey,
        edge: &Edge,
    ) -> Self {
        Self {
            disk,
            folder,
            key,
            published: edge.size(),
            next: None,
            previous: None,
            range: edge.range(),
            checkpoint: None,
            groups: Vec::new(),
            frames: 0,
        }
    }

    /// Returns the first records of the segments that matter, oldest first; makes the first one.
    pub(super) fn segments(&self) -> Result<Vec<u64>, OpenError> {
        let mut firsts = self.list()?;
        // What is wholly published may be there yet, or again, with holes.
        let needed = firsts.partition_point(|first| *first <= self.published).saturating_sub(1);
        let needed =
            if self.is_empty(firsts.get(needed))? { needed.saturating_sub(1) } else { needed };
        firsts.drain(..needed);
        if firsts.is_empty() {
            let file = segments::file(self.folder, self.published);
            if 0 < self.published {
                return Err(OpenError::Gap { file, expected: self.published });
            }
            let made = self.disk.create(&file).map(drop);
            made.map_err(|source| OpenError::io("make", &file, source))?;
            firsts.push(self.published);
        }
        Ok(firsts)
    }

    /// Returns whether a segment has no frame yet; the next one follows the last frame before it.
    fn is_empty(&self, first: Option<&u64>) -> Result<bool, OpenError> {
        let Some(first) = first else { return Ok(false) };
        let file = segments::file(self.folder, *first);
        let bytes = self.disk.read(&file).map_err(|source| OpenError::io("read", &file, source))?;
        Ok(bytes.is_empty())
    }

    fn list(&self) -> Result<Vec<u64>, OpenError> {
        let cannot_list = |source| OpenError::io("list", self.folder, source);
        let mut firsts = Vec::new();
        for name in self.disk.list(self.folder).map_err(cannot_list)? {
            let file = self.folder.join(name);
            firsts.push(segments::first_of(&file).ok_or(OpenError::Stray { file })?);
        }
        firsts.sort_unstable();
        Ok(firsts)
    }

    /// Reads the segment whose first record is `first`, as far as it is sound.
    pub(super) fn segment(&mut self, first: u64) -> Result<Extent, OpenError> {
        let file = segments::file(self.folder, first);
        let expected = self.next.unwrap_or_else(|| first.min(self.published));
        if first != expected {
            return Err(OpenError::Gap { file, expected });
        }
        self.next = Some(first);

        let bytes = self.disk.read(&file).map_err(|source| OpenError::io("read", &file, source))?;
        let (mut sound_bytes, mut last_frame, mut fault) = (0, None, None);
        while sound_bytes < bytes.len() && fault.is_none() {
            match self.frame(&bytes[sound_bytes..]) {
                Ok(frame_bytes) => {
                    last_frame = Some(sound_bytes);
                    sound_bytes += frame_bytes;
                }
                Err(found) => fault = Some(found),
            }
        }
        if fault == Some(FrameFault::Chain) && first == 0 && sound_bytes == 0 {
            return Err(OpenError::Origin { file, origin: self.key.name().clone() });
        }
        Ok(Extent { file, bytes, sound_bytes, last_frame, fault })
    }

    /// Reads, checks and counts the frame that `bytes` begin with; returns its length.
    fn frame(&mut self, bytes: &[u8]) -> Result<usize, FrameFault> {
        let Frame { header, entries, note } = Frame::read(bytes)?;
        let frame_bytes = header.frame_bytes();
        let previous = match (self.previous, header.first) {
            (Some(previous), _) => previous,
            (None, 0) => self.key.name().anchor(),
            // The one before it was dropped.
            (None, _) => header.previous,
        };
        if header.previous != previous {
            return Err(FrameFault::Chain);
        }
        let expected = self.next.unwrap_or(header.first);
        if header.first != expected
            || header.first < self.published && self.published < header.end()
        {
            return Err(FrameFault::Index { found: header.first, expected });
        }
        if self.published <= header.first {
            self.grow(header.first, entries, note)?;
        }
        self.next = Some(header.end());
        self.previous = Some(content_hash(&bytes[..frame_bytes]));
        self.frames += 1;
        Ok(frame_bytes)
    }

    /// Adds a group that is not published.
    fn grow(&mut self, first: u64, entries: Vec<Entry>, note: &str) -> Result<(), FrameFault> {
        if first != self.range.size() {
            return Err(FrameFault::Index { found: first, expected: self.range.size() });
        }
        let growth = self.range.grow(entries.iter().map(|entry| leaf_hash(&entry.leaf)).collect());
        let signed = SignedCheckpoint::open(note, self.key).or(Err(FrameFault::Tree))?;
        let Checkpoint { size, root, .. } = &signed.checkpoint;
        if (growth.size(), growth.root()) != (*size, *root) {
            return Err(FrameFault::Tree);
        }
        self.range = growth.range();
        let checkpoint = Arc::new(signed.clone());
        self.checkpoint = Some(signed);
        self.groups.push(Arc::new(Group { first, entries, checkpoint }));
        Ok(())
    }

    /// Returns the checkpoint of the whole tree.
    ///
    /// # Errors
    ///
    /// If the frames end before what is published: they were acknowledged and are gone. Their
    /// records are published, but the next frame could not follow the one before it.
    pub(super) fn newest_checkpoint(
        &self,
        published: Option<&SignedCheckpoint>,
        newest: &Extent,
    ) -> Result<Option<SignedCheckpoint>, OpenError> {
        match self.next {
            Some(next) if next < self.published => {
                Err(OpenError::Gap { file: newest.file.clone(), expected: self.published })
            }
            _ => Ok(self.checkpoint.as_ref().or(published).cloned()),
        }
    }
}
