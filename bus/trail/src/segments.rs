//! The files of a trail, and where in them records are.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A file that reached this size is followed by a new one.
pub(crate) const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// Least distance of two marks: a segment has at most 1,024 of them, 16 KiB of memory, and a read
/// steps over at most so much, and a frame, before it is where it wants to be.
const MARK_RECORDS: u64 = 256;
const MARK_BYTES: u64 = 64 * 1024;

/// Where the records are: a sparse index, filled by the writer, asked by readers.
#[derive(Debug)]
pub(crate) struct Segments {
    folder: PathBuf,
    segments: Mutex<Vec<Segment>>,
}

/// A frame at or before the record that was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// File to read.
    pub(crate) file: PathBuf,
    /// Where the frame begins.
    pub(crate) offset: u64,
    /// Index of the first record that is in the next file.
    pub(crate) end: u64,
}

#[derive(Debug)]
struct Segment {
    first: u64,
    marks: Vec<Mark>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    index: u64,
    offset: u64,
}

// === impl Segments ===

impl Segments {
    /// Starts an index of the files in `folder` that knows none of them.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, segments: Mutex::default() }
    }

    /// Returns the file whose first record is, or will be, at index `first`.
    pub(crate) fn file(&self, first: u64) -> PathBuf {
        self.folder.join(format!("{first:020}.seg"))
    }

    /// Notes that records from `first` on are in a file of their own.
    pub(crate) fn begin(&self, first: u64) {
        self.lock().push(Segment { first, marks: Vec::new() });
    }

    /// Notes that the frame at `offset` of the newest file begins with record `index`.
    pub(crate) fn note(&self, index: u64, offset: u64) {
        let mut segments = self.lock();
        let Some(segment) = segments.last_mut() else { return };
        let far =
            |mark: &Mark| MARK_RECORDS <= index - mark.index && MARK_BYTES <= offset - mark.offset;
        if segment.marks.last().is_none_or(far) {
            segment.marks.push(Mark { index, offset });
        }
    }

    /// Returns where to begin reading for record `index`, or `None` if it is in no file.
    pub(crate) fn locate(&self, index: u64) -> Option<Place> {
        let segments = self.lock();
        let after = segments.partition_point(|segment| segment.first <= index);
        let segment = segments[..after].last()?;
        let end = segments.get(after).map_or(u64::MAX, |next| next.first);
        let marked = segment.marks.partition_point(|mark| mark.index <= index);
        let mark = segment.marks[..marked].last()?;
        Some(Place { file: self.file(segment.first), offset: mark.offset, end })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Segment>> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the index of the first record of a file, or `None` if its name is no segment's.
pub(crate) fn first_of(file: &Path) -> Option<u64> {
    let stem = file.file_stem().and_then(OsStr::to_str)?;
    let named = file.extension() == Some(OsStr::new("seg"))
        && stem.len() == 20
        && stem.bytes().all(|byte| byte.is_ascii_digit());
    if named { stem.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments() -> Segments {
        let segments = Segments::new("/trail".into());
        segments.begin(0);
        for frame in 0..2_000 {
            segments.note(frame, frame * 200);
        }
        segments.begin(2_000);
        segments.note(2_000, 0);
        segments
    }

    #[test]
    fn record_is_found_at_or_after_its_mark() {
        let segments = segments();

        for index in 0..2_000 {
            let place = segments.locate(index).unwrap();
            assert_eq!((place.file, place.end), (segments.file(0), 2_000));
            // A frame here is one record of 200 bytes; a mark comes every 64 KiB.
            assert!(place.offset <= index * 200 && index * 200 < place.offset + MARK_BYTES + 200);
        }
        let place = segments.locate(2_000).unwrap();
        assert_eq!((place.file, place.offset, place.end), (segments.file(2_000), 0, u64::MAX));
    }

    #[test]
    fn marks_are_sparse() {
        assert_eq!(segments().lock()[0].marks.len(), 7);
    }

    #[test]
    fn name_leads_to_the_first_record_and_back() {
        let file = segments().file(171_342);

        assert_eq!(file, Path::new("/trail/00000000000000171342.seg"));
        assert_eq!(first_of(&file), Some(171_342));
        for name in [
            "1.seg",
            "00000000000000000000",
            "00000000000000000000.tmp",
            "+0000000000000000001.seg",
        ] {
            assert_eq!(first_of(Path::new(name)), None);
        }
    }
}
