//! The trail's files, read by nobody's leave: an oracle that shares no code with the gateway.

use std::{
    fmt,
    fs::{self, File},
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// Bytes of a frame before its records; the layout stands in `bus/trail/src/frame.rs`.
const HEADER_BYTES: usize = 53;
/// Bytes of a frame behind its records.
const TRAILER_BYTES: usize = 44;

/// Reads records in the order of the log, each once, as far as they are in the files.
#[derive(Debug)]
pub struct TrailFile {
    frames: PathBuf,
    /// First record of the segment that is read now.
    segment: u64,
    /// Bytes of it that are read.
    offset: u64,
    /// Index of the next record.
    next: u64,
}

/// What drills look at in a record.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct TrailRecord {
    /// Its position.
    #[serde(skip)]
    pub index: u64,
    /// Its exact bytes, which receipts prove.
    #[serde(skip)]
    pub leaf: Vec<u8>,
    /// Its id.
    pub id: String,
    /// `intent`, `outcome` ...
    pub kind: String,
    /// `fetch`, `publish` ...
    #[serde(default)]
    pub operation: String,
    /// `served`, `failed` ...
    #[serde(default)]
    pub outcome: String,
    /// Registered reason.
    #[serde(default)]
    pub reason: String,
    /// Department that holds the material.
    #[serde(default)]
    pub holder: String,
    /// Type of the material.
    #[serde(default)]
    pub material_type: String,
    /// Name of the version.
    #[serde(default)]
    pub version: String,
    /// Whether a publication found its content held.
    #[serde(default)]
    pub already_held: bool,
    /// Calls of the holder's adapter.
    #[serde(default)]
    pub adapter_calls: AdapterCallCounts,
    /// Where a drill writes its tag.
    #[serde(default)]
    pub legal_basis: String,
    /// Index of the intent that it closes.
    pub intent: Option<u64>,
}

/// How often the adapter was asked for one exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AdapterCallCounts {
    /// Lookup.
    pub lookup: u32,
    /// Fetch.
    pub fetch: u32,
    /// Stage.
    pub stage: u32,
    /// Seal.
    pub seal: u32,
}

// === impl TrailFile ===

impl TrailFile {
    /// Reads the trail in this folder, from its first record.
    pub fn new(trail_dir: &Path) -> Self {
        Self { frames: trail_dir.join("frames"), segment: 0, offset: 0, next: 0 }
    }

    /// Returns the records that came since the last time.
    ///
    /// # Errors
    ///
    /// If a file cannot be read. A frame that is not whole yet is left for the next time.
    pub fn read_on(&mut self) -> io::Result<Vec<TrailRecord>> {
        let mut records = Vec::new();
        loop {
            match self.file(self.segment) {
                Ok(file) => while self.read_frame(&file, &mut records)? {},
                // The gateway has not made it yet.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(records),
                Err(error) => return Err(error),
            }
            if self.next == self.segment || self.file(self.next).is_err() {
                return Ok(records);
            }
            (self.segment, self.offset) = (self.next, 0);
        }
    }

    fn file(&self, first: u64) -> io::Result<File> {
        File::open(self.frames.join(format!("{first:020}.seg")))
    }

    /// Reads the next frame, if it is whole.
    fn read_frame(&mut self, file: &File, records: &mut Vec<TrailRecord>) -> io::Result<bool> {
        let mut header = [0; HEADER_BYTES];
        if !whole(file.read_exact_at(&mut header, self.offset))? || !header.starts_with(b"OBTF") {
            return Ok(false);
        }
        let payload = u32::from_be_bytes(header[5..9].try_into().unwrap()) as usize;
        let mut frame = vec![0; HEADER_BYTES + payload + TRAILER_BYTES];
        if !whole(file.read_exact_at(&mut frame, self.offset))? {
            return Ok(false);
        }
        let (content, checksum) = frame.split_at(frame.len() - 4);
        if crc32c::crc32c(content).to_be_bytes() != checksum {
            return Ok(false);
        }
        let first = u64::from_be_bytes(header[9..17].try_into().unwrap());
        assert_eq!(first, self.next, "the trail has a gap");
        let mut rest = &content[HEADER_BYTES..HEADER_BYTES + payload];
        while let Some((length, leaves)) = rest.split_first_chunk::<2>() {
            let (leaf, behind) = leaves.split_at(u16::from_be_bytes(*length).into());
            let mut record: TrailRecord = serde_json::from_slice(leaf)?;
            (record.index, record.leaf) = (self.next, leaf.to_vec());
            records.push(record);
            self.next += 1;
            rest = behind;
        }
        self.offset += frame.len() as u64;
        Ok(true)
    }
}

impl fmt::Display for TrailRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.index, String::from_utf8_lossy(&self.leaf))
    }
}

/// Whether so much could be read; else the file ends before.
fn whole(read: io::Result<()>) -> io::Result<bool> {
    match read {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns every record of the trail in this folder.
///
/// # Panics
///
/// Where it cannot be read.
pub fn trail_records(trail_dir: &Path) -> Vec<TrailRecord> {
    let records = TrailFile::new(trail_dir).read_on().unwrap();
    let named = fs::read_dir(trail_dir.join("frames")).unwrap().count();
    assert!(named > 0, "the trail has no file");
    records
}
