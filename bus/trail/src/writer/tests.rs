use std::fs;

use super::*;
use crate::{disk::FileDisk, recover::recover, segments::SEGMENT_BYTES, testing::ORIGIN};

/// Written by an independent program when format version 1 was made. It never changes.
const GOLDEN: &[u8] = include_bytes!("../../tests/golden/segment-v1.seg");

/// The records of the golden segment, a frame each line.
fn golden_groups() -> [Vec<Vec<u8>>; 3] {
    [
        vec![br#"{"v":1,"kind":"start"}"#.to_vec()],
        vec![b"a".to_vec(), vec![0, 1, 2, 255], "材料".into()],
        vec![vec![b'x'; 4096], b"end".to_vec()],
    ]
}

fn writer_in(dir: &std::path::Path) -> Writer {
    let origin: Origin = ORIGIN.parse().unwrap();
    let tail = recover(dir, &origin).unwrap().tail;
    let disk = Box::new(FileDisk::open(&tail.file).unwrap());
    Writer::new(origin, tail, SEGMENT_BYTES, disk)
}

#[test]
fn segment_of_format_1_is_written_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = writer_in(dir.path());

    for group in golden_groups() {
        writer.commit(&group).unwrap();
    }

    let written = fs::read(dir.path().join("frames/00000000000000000000.seg")).unwrap();
    assert!(written == GOLDEN, "the layout changed: old trails would not open");
}

#[test]
fn segment_of_format_1_is_read_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("frames")).unwrap();
    fs::write(dir.path().join("frames/00000000000000000000.seg"), GOLDEN).unwrap();

    let writer = writer_in(dir.path());

    let leaves = crate::reader::read(&writer.segments(), 0, *writer.size().borrow()).unwrap();
    assert_eq!(leaves, golden_groups().concat());
    let root = "YHtSjjyisP1RyRlRhygTdue2gUembkxpx2WPjlCE7o4=";
    let body = writer.checkpoint().borrow().body();
    assert_eq!(body, format!("{ORIGIN}\n6\n{root}\n"));
}
