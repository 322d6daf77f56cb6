//! How far a segment is sound, and what is done with the rest.

use std::{io, path::PathBuf};

use crate::{
    disk::Disk,
    frame::{self, FrameFault, MAX_FRAME_BYTES, MAX_FRAME_RECORDS},
    open::OpenError,
};

/// How far one segment is sound.
pub(super) struct Extent {
    pub(super) file: PathBuf,
    /// All its bytes.
    pub(super) bytes: Vec<u8>,
    /// Length of its sound frames.
    pub(super) sound_bytes: usize,
    /// Where the last sound frame begins.
    pub(super) last_frame: Option<usize>,
    /// What is wrong with the bytes after them, if there are any.
    pub(super) fault: Option<FrameFault>,
}

// === impl Extent ===

impl Extent {
    /// Refuses a segment that is not sound to its end.
    pub(super) fn refuse_fault(&self) -> Result<(), OpenError> {
        match self.fault {
            Some(fault) => Err(self.damaged(fault)),
            None => Ok(()),
        }
    }

    fn damaged(&self, fault: FrameFault) -> OpenError {
        let (file, offset) = (self.file.clone(), self.sound_bytes as u64);
        OpenError::Damaged { file, offset, fault }
    }

    /// Returns the length of an unfinished frame at the end; `next` is the index it would have had.
    ///
    /// One group is written at a time, and a failed one is cut before the next: a crash leaves at
    /// most one frame unfinished, with nothing after it. All else is damage to what was
    /// acknowledged. (Damage to the last frame alone looks the same as an unfinished one; only a
    /// checkpoint that somebody kept tells them apart: the published one, the rollback guard's.)
    pub(super) fn torn_bytes(&self, next: u64) -> Result<u64, OpenError> {
        let Some(fault) = self.fault else { return Ok(0) };
        let torn = &self.bytes[self.sound_bytes..];
        if !fault.may_be_torn() || MAX_FRAME_BYTES < torn.len() {
            return Err(self.damaged(fault));
        }
        let firsts = next.saturating_add(1)..=next.saturating_add(MAX_FRAME_RECORDS as u64);
        if frame::follows(torn, firsts) {
            return Err(self.damaged(fault));
        }
        Ok(torn.len() as u64)
    }

    /// Cuts what is not sound and makes the rest durable.
    ///
    /// The last frame is written once more, byte for byte. After a sync that failed, the system may
    /// hold it in memory only and believe that it is on disk, so that another sync alone would do
    /// nothing. Earlier frames were synced before it was written.
    pub(super) fn settle(&self, disk: &dyn Disk) -> io::Result<()> {
        let mut file = disk.open(&self.file)?;
        file.truncate(self.sound_bytes as u64)?;
        if let Some(offset) = self.last_frame {
            file.write_at(&self.bytes[offset..self.sound_bytes], offset as u64)?;
        }
        file.sync()
    }
}
