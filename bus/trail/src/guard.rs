//! The newest checkpoint, kept where a backup of the trail does not reach.
//!
//! A folder restored from a backup, or with its tail cut, is a valid log: only a later checkpoint
//! tells. The guard keeps the newest that was answered, in a file of three slots of 1,024 bytes. The
//! last one is written with each group and not synced: it survives the process. The first two are
//! written and synced in turn with each publication: one of them survives a power cut.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 2 | length of the checkpoint in bytes, `c`, big-endian |
//! | 2 | `c` | the signed checkpoint |
//! | 2 + `c` | 4 | CRC-32C of the bytes above |

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    checkpoint::SignedCheckpoint,
    disk::{Disk, DiskFile},
    key::VerifierKey,
};

const SLOT_BYTES: usize = 1024;
const LENGTH_BYTES: usize = 2;
const CHECKSUM_BYTES: usize = 4;
/// The slot that is written with each group.
const NEWEST: u64 = 2;

/// The file.
#[derive(Debug)]
pub(crate) struct Guard {
    path: PathBuf,
    file: Box<dyn DiskFile>,
    /// Slot that is synced next, 0 or 1.
    next: u64,
}

// === impl Guard ===

impl Guard {
    /// Opens the file or makes it, and reads the newest checkpoint in it; `None` in a new file.
    ///
    /// # Errors
    ///
    /// Any error of the disk; `InvalidData` if neither slot holds a checkpoint of the log.
    pub(crate) fn open(
        disk: &dyn Disk,
        path: &Path,
        key: &VerifierKey,
    ) -> io::Result<(Self, Option<SignedCheckpoint>)> {
        let path = path.to_owned();
        let bytes = match disk.read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let file = disk.create(&path)?;
                disk.sync_folder(path.parent().unwrap_or(Path::new(".")))?;
                return Ok((Self { path, file, next: 0 }, None));
            }
            read => read?,
        };
        let slots = bytes.chunks(SLOT_BYTES).zip(0..);
        let kept = slots.filter_map(|(slot, number)| Some((read(slot, key)?, number)));
        let kept: Vec<_> = kept.collect();
        let file = disk.open(&path)?;
        // The synced slot that is older, or spoilt, is written next.
        let synced = kept.iter().filter(|(_, slot)| *slot != NEWEST);
        let newest_synced = synced.max_by_key(|(signed, _)| signed.checkpoint.size);
        let next = newest_synced.map_or(0, |(_, slot)| 1 - slot);
        let newest = kept.into_iter().max_by_key(|(signed, _)| signed.checkpoint.size);
        match newest {
            // The power was cut before the first sync.
            None if bytes.len() <= SLOT_BYTES => Ok((Self { path, file, next }, None)),
            None => Err(io::ErrorKind::InvalidData.into()),
            Some((signed, _)) => Ok((Self { path, file, next }, Some(signed))),
        }
    }

    /// Keeps a newer checkpoint; it survives this process.
    pub(crate) fn keep(&mut self, note: &str) -> io::Result<()> {
        self.write(note, NEWEST)
    }

    /// Keeps a newer checkpoint durably.
    pub(crate) fn sync(&mut self, note: &str) -> io::Result<()> {
        self.write(note, self.next)?;
        self.next = 1 - self.next;
        self.file.sync()
    }

    /// Returns its file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn write(&mut self, note: &str, number: u64) -> io::Result<()> {
        let mut slot = Vec::with_capacity(SLOT_BYTES);
        slot.extend((note.len() as u16).to_be_bytes());
        slot.extend(note.as_bytes());
        slot.extend(crc32c::crc32c(&slot).to_be_bytes());
        slot.resize(SLOT_BYTES, 0);
        self.file.write_at(&slot, number * SLOT_BYTES as u64)
    }
}

fn read(slot: &[u8], key: &VerifierKey) -> Option<SignedCheckpoint> {
    let length = u16::from_be_bytes(*slot.first_chunk()?);
    let (content, rest) = slot.split_at_checked(LENGTH_BYTES + usize::from(length))?;
    let checksum = rest.get(..CHECKSUM_BYTES)?;
    if crc32c::crc32c(content).to_be_bytes() != checksum {
        return None;
    }
    let note = str::from_utf8(&content[LENGTH_BYTES..]).ok()?;
    SignedCheckpoint::open(note, key).ok()
}
