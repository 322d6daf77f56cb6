use std::fs;

use super::*;
use crate::{
    TrailConfig,
    disk::RealDisk,
    open::{Opened, read},
    segments::SEGMENT_BYTES,
    testing::{ORIGIN, key},
};

/// Written by an independent program when format version 2 was made. It never changes.
const GOLDEN: &[u8] = include_bytes!("../../tests/golden/segment-v2.seg");

fn entry(leaf: impl Into<Vec<u8>>, sealed: &[u8]) -> Entry {
    Entry { leaf: leaf.into(), sealed: sealed.to_vec() }
}

/// The records of the golden segment, a frame each line.
fn golden_groups() -> [Vec<Entry>; 3] {
    [
        vec![entry(r#"{"v":1,"kind":"start"}"#, b"")],
        vec![entry("a", b"sealed"), entry([0, 1, 2, 255], &[255; 4096]), entry("材料", b"")],
        vec![entry([b'x'; 4096], b"s"), entry("end", b"")],
    ]
}

fn opened(dir: &std::path::Path) -> Opened {
    read(&TrailConfig::new(dir, key()), SEGMENT_BYTES, Arc::new(RealDisk)).unwrap()
}

#[test]
fn segment_of_format_2_is_written_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = opened(dir.path()).writer;

    for group in golden_groups() {
        writer.commit(group).unwrap();
    }

    let written = fs::read(dir.path().join("frames/00000000000000000000.seg")).unwrap();
    assert!(written == GOLDEN, "the layout changed: old trails would not open");
}

#[test]
fn segment_of_format_2_is_read_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("frames")).unwrap();
    fs::write(dir.path().join("frames/00000000000000000000.seg"), GOLDEN).unwrap();

    let opened = opened(dir.path());

    let found = opened.unpublished.read(0, 100, Entry::clone).unwrap();
    assert_eq!(found, golden_groups().concat());
    let root = "YHtSjjyisP1RyRlRhygTdue2gUembkxpx2WPjlCE7o4=";
    let body = opened.writer.checkpoint().borrow().checkpoint.body();
    assert_eq!(body, format!("{ORIGIN}\n6\n{root}\n"));
}
