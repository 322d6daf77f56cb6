//! Reads durable records back, beside the writer and without holding it up.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use crate::{
    frame::{self, Frame, FrameFault, FrameReadError, Header},
    segments::{Place, Segments},
};

/// Most bytes of records that one read returns.
pub(crate) const MAX_READ_BYTES: usize = 4 * 1024 * 1024;

/// Why records could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system refused.
    #[error("cannot read trail file {}", file.display())]
    Io {
        /// The segment.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file changed since the trail was opened.
    #[error("{} cannot be read from byte {offset} on: {fault}", file.display())]
    Damaged {
        /// The segment.
        file: PathBuf,
        /// Where the frame begins.
        offset: u64,
        /// What is wrong with it.
        fault: FrameFault,
    },
    /// The record is in no file, though it is durable.
    #[error("record {index} is in no file of the trail, restart to check the folder")]
    Missing {
        /// Index of the record.
        index: u64,
    },
}

/// Records read so far.
struct Harvest {
    leaves: Vec<Vec<u8>>,
    bytes: usize,
    /// Index of the next record to read.
    next: u64,
    /// Index of the first record not to read.
    end: u64,
}

/// Returns records from index `from` on, to before `end` or until they are [`MAX_READ_BYTES`].
///
/// All of them must be durable.
pub(crate) fn read(segments: &Segments, from: u64, end: u64) -> Result<Vec<Vec<u8>>, ReadError> {
    let mut harvest = Harvest { leaves: Vec::new(), bytes: 0, next: from, end };
    while !harvest.is_full() {
        let index = harvest.next;
        let place = segments.locate(index).ok_or(ReadError::Missing { index })?;
        harvest.read_segment(place)?;
    }
    Ok(harvest.leaves)
}

// === impl ReadError ===

impl ReadError {
    fn new(file: &Path, offset: u64, error: FrameReadError) -> Self {
        let file = file.to_owned();
        match error {
            FrameReadError::Io(source) => Self::Io { file, source },
            FrameReadError::Fault(fault) => Self::Damaged { file, offset, fault },
        }
    }
}

// === impl Harvest ===

impl Harvest {
    fn is_full(&self) -> bool {
        self.end <= self.next
    }

    fn read_segment(&mut self, place: Place) -> Result<(), ReadError> {
        let Place { file: path, mut offset, end } = place;
        let file = File::open(&path);
        let file = file.map_err(|source| ReadError::new(&path, offset, source.into()))?;
        while !self.is_full() && self.next < end {
            let read = self.read_frame(&file, offset);
            offset += read.map_err(|error| ReadError::new(&path, offset, error))?;
        }
        Ok(())
    }

    /// Takes the records wanted of the frame at `offset`, which may be none; returns its length.
    fn read_frame(&mut self, file: &File, offset: u64) -> Result<u64, FrameReadError> {
        let header = Header::read_at(file, offset)?;
        if self.next < header.first {
            return Err(FrameFault::Index { found: header.first, expected: self.next }.into());
        }
        if self.next < header.end() {
            let bytes = frame::read_bytes_at(file, offset)?;
            let Frame { header, leaves, .. } = Frame::decode(&bytes)?;
            let wanted = self.next.saturating_sub(header.first);
            self.take(leaves.into_iter().skip(wanted as usize));
        }
        Ok(header.frame_bytes() as u64)
    }

    fn take<'a>(&mut self, leaves: impl Iterator<Item = &'a [u8]>) {
        for leaf in leaves {
            if MAX_READ_BYTES < self.bytes + leaf.len() {
                self.end = self.next;
            }
            if self.is_full() {
                return;
            }
            self.bytes += leaf.len();
            self.leaves.push(leaf.to_vec());
            self.next += 1;
        }
    }
}
