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
const HEADER_BYTES: usize = 55;
/// Bytes of the checksum behind records and checkpoint.
const CHECKSUM_BYTES: usize = 4;
/// Records in a bundle.
const BUNDLE: u64 = 256;

/// Reads records in the order of the log, each once, as far as they are in the files: published
/// ones in bundles, the others in frames.
#[derive(Debug)]
pub struct TrailFile {
    dir: PathBuf,
    /// Index of the next record.
    next: u64,
    /// First record of the segment that is read now, and bytes of it that are read.
    place: (u64, u64),
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
    /// Verify.
    pub verify: u32,
}

// === impl TrailFile ===

impl TrailFile {
    /// Reads the trail in this folder, from its first record.
    pub fn new(trail_dir: &Path) -> Self {
        Self { dir: trail_dir.to_owned(), next: 0, place: (0, 0) }
    }

    /// Returns the records that came since the last time.
    ///
    /// # Errors
    ///
    /// If a file cannot be read. A frame that is not whole yet is left for the next time.
    pub fn read_on(&mut self) -> io::Result<Vec<TrailRecord>> {
        let mut records = Vec::new();
        loop {
            let before = self.next;
            match self.read_frames(&mut records) {
                // Published meanwhile, or not there yet.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                read => read?,
            }
            match self.read_bundles(&mut records) {
                // A wider one took its place.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                read => read?,
            }
            if self.next == before {
                return Ok(records);
            }
        }
    }

    fn read_bundles(&mut self, records: &mut Vec<TrailRecord>) -> io::Result<()> {
        let checkpoint = match fs::read_to_string(self.dir.join("checkpoint")) {
            // The gateway has not made it yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            read => read?,
        };
        let size: u64 = checkpoint.lines().nth(1).and_then(|line| line.parse().ok()).unwrap();
        while self.next < size {
            let bundle = self.next / BUNDLE;
            let width = (size - bundle * BUNDLE).min(BUNDLE);
            let path = bundle_path(&self.dir, bundle);
            let bytes = match width {
                BUNDLE => fs::read(path)?,
                _ => fs::read(format!("{path}.p/{width}"))?,
            };
            let mut index = bundle * BUNDLE;
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let leaf = take(&mut rest);
                if self.next == index {
                    self.push(leaf, records)?;
                }
                index += 1;
            }
        }
        Ok(())
    }

    fn read_frames(&mut self, records: &mut Vec<TrailRecord>) -> io::Result<()> {
        while let Some(first) = self.segment()? {
            if self.place.0 != first {
                self.place = (first, 0);
            }
            let file = File::open(self.dir.join(format!("frames/{first:020}.seg")))?;
            while self.read_frame(&file, records)? {}
            if self.segment()? == Some(first) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Returns the newest segment that begins at or before the next record.
    fn segment(&self) -> io::Result<Option<u64>> {
        let mut newest = None;
        for entry in fs::read_dir(self.dir.join("frames"))? {
            let name = entry?.file_name().into_string().unwrap();
            let first: u64 = name.strip_suffix(".seg").unwrap().parse().unwrap();
            if first <= self.next {
                newest = newest.max(Some(first));
            }
        }
        Ok(newest)
    }

    /// Reads the next frame, if it is whole; of its records those that are not read yet.
    fn read_frame(&mut self, file: &File, records: &mut Vec<TrailRecord>) -> io::Result<bool> {
        let mut header = [0; HEADER_BYTES];
        let offset = self.place.1;
        if !whole(file.read_exact_at(&mut header, offset))? || !header.starts_with(b"OBTF") {
            return Ok(false);
        }
        let payload = u32::from_be_bytes(header[5..9].try_into().unwrap()) as usize;
        let note = u16::from_be_bytes(header[53..55].try_into().unwrap()) as usize;
        let mut frame = vec![0; HEADER_BYTES + payload + note + CHECKSUM_BYTES];
        if !whole(file.read_exact_at(&mut frame, offset))? {
            return Ok(false);
        }
        let (content, checksum) = frame.split_at(frame.len() - CHECKSUM_BYTES);
        if crc32c::crc32c(content).to_be_bytes() != checksum {
            return Ok(false);
        }
        let mut index = u64::from_be_bytes(header[9..17].try_into().unwrap());
        assert!(index <= self.next, "the trail has a gap");
        let mut rest = &content[HEADER_BYTES..HEADER_BYTES + payload];
        while !rest.is_empty() {
            let (leaf, _sealed) = (take(&mut rest), take(&mut rest));
            if self.next == index {
                self.push(leaf, records)?;
            }
            index += 1;
        }
        self.place.1 += frame.len() as u64;
        Ok(true)
    }

    fn push(&mut self, leaf: &[u8], records: &mut Vec<TrailRecord>) -> io::Result<()> {
        let mut record: TrailRecord = serde_json::from_slice(leaf)?;
        (record.index, record.leaf) = (self.next, leaf.to_vec());
        records.push(record);
        self.next += 1;
        Ok(())
    }
}

impl fmt::Display for TrailRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.index, String::from_utf8_lossy(&self.leaf))
    }
}

/// Takes what stands behind a length of two bytes.
fn take<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let (length, behind) = rest.split_first_chunk::<2>().unwrap();
    let (taken, behind) = behind.split_at(u16::from_be_bytes(*length).into());
    *rest = behind;
    taken
}

/// Returns the file of a full bundle.
fn bundle_path(dir: &Path, bundle: u64) -> String {
    assert!(bundle < 1_000_000, "the drills' trails are short");
    let upper = if bundle < 1_000 { String::new() } else { format!("x{:03}/", bundle / 1_000) };
    format!("{}/tile/entries/{upper}{:03}", dir.display(), bundle % 1_000)
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
    assert!(trail_dir.join("checkpoint").exists(), "{} holds no trail", trail_dir.display());
    TrailFile::new(trail_dir).read_on().unwrap()
}
