//! Reads durable records back, published or not, without holding up the writer.

use crate::{
    archive::{Archive, ReadError},
    entry::Entry,
    tile::{TILE_WIDTH, Tile},
    unpublished::Unpublished,
};

/// Most bytes of records that one read returns.
pub(crate) const MAX_READ_BYTES: usize = 4 * 1024 * 1024;

/// Where records are read from.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) archive: &'a Archive,
    pub(crate) unpublished: &'a Unpublished,
    /// Number of published records, or fewer.
    pub(crate) published: u64,
}

/// Which of the two things that are kept of a record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    Leaf,
    Sealed,
}

// === impl Reader ===

impl Reader<'_> {
    /// Returns records, or their sealed parts, from index `from` on, to before `end` or until they
    /// are [`MAX_READ_BYTES`]; all of them are durable.
    pub(crate) fn read(&self, part: Part, from: u64, end: u64) -> Result<Vec<Vec<u8>>, ReadError> {
        let (mut found, mut bytes) = (Vec::new(), 0);
        let mut next = from;
        while next < end {
            for piece in self.run(part, next, end)? {
                bytes += piece.len();
                if MAX_READ_BYTES < bytes && !found.is_empty() {
                    return Ok(found);
                }
                found.push(piece);
                next += 1;
            }
        }
        Ok(found)
    }

    /// Returns some records from `from` on, at least one: those in memory, or those of one bundle.
    fn run(&self, part: Part, from: u64, end: u64) -> Result<Vec<Vec<u8>>, ReadError> {
        let max = (end - from).min(u64::from(TILE_WIDTH)) as usize;
        if let Some(run) = self.unpublished.read(from, max, part.of())
            && !run.is_empty()
        {
            return Ok(run);
        }
        // It was published before it was taken out of memory, if it was ever there.
        let width = u64::from(TILE_WIDTH);
        let size = self.published.max(from + 1);
        let index = from / width;
        let tile = Tile::of(0, index, size).unwrap_or(Tile { level: 0, index, width: TILE_WIDTH });
        let mut bundle = match part {
            Part::Leaf => self.archive.records(tile)?,
            Part::Sealed => self.archive.sealed(tile)?,
        };
        bundle.truncate((end - index * width).min(width) as usize);
        Ok(bundle.split_off((from % width) as usize))
    }
}

// === impl Part ===

impl Part {
    fn of(self) -> fn(&Entry) -> Vec<u8> {
        match self {
            Self::Leaf => |entry| entry.leaf.clone(),
            Self::Sealed => |entry| entry.sealed.clone(),
        }
    }
}
