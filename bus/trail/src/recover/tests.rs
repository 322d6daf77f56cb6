use std::fs;

use super::*;
use crate::{
    disk::RealDisk,
    frame::{self, Frame, FrameFault, MAX_FRAME_BYTES},
    hash::content_hash,
    testing::{TestTrail, append_group, entry, key},
};

/// A closed trail of frames with 1, 1, 4, 1 and 2 records, none published, and where these begin.
async fn nine_records() -> (TestTrail, Vec<u8>, Vec<usize>) {
    let test = TestTrail::new();
    let (trail, _) = test.open();
    test.faults.fail_publish(io::ErrorKind::StorageFull);
    trail.append(entry(b"first".to_vec())).await.unwrap();
    for group in [4, 2] {
        let leaves = (0..group).map(|n| format!("record {n} of {group}").into_bytes()).collect();
        append_group(&trail, &test.faults, leaves).await;
    }
    trail.close().await.unwrap();

    let bytes = fs::read(test.segment(0)).unwrap();
    let mut offsets = vec![0];
    while offsets[offsets.len() - 1] < bytes.len() {
        let offset = offsets[offsets.len() - 1];
        offsets.push(offset + frame::Header::decode(&bytes[offset..]).unwrap().frame_bytes());
    }
    (test, bytes, offsets)
}

/// Recovers a folder whose only segment holds `bytes`.
fn recover_bytes(bytes: &[u8]) -> Result<(Recovered, Vec<u8>), OpenError> {
    let folder = tempfile::tempdir().unwrap();
    let segment = folder.path().join("frames/00000000000000000000.seg");
    fs::create_dir(folder.path().join("frames")).unwrap();
    fs::write(&segment, bytes).unwrap();
    let archive = Archive::new(folder.path().to_owned(), Arc::new(RealDisk));
    let recovered = recover(&archive, &key())?;
    Ok((recovered, fs::read(segment).unwrap()))
}

fn damage(bytes: &[u8]) -> (u64, FrameFault) {
    match recover_bytes(bytes) {
        Err(OpenError::Damaged { offset, fault, .. }) => (offset, fault),
        other => panic!("must be refused: {other:?}"),
    }
}

#[tokio::test]
async fn whole_trail_is_read_back() {
    let (_test, bytes, offsets) = nine_records().await;

    let (recovered, after) = recover_bytes(&bytes).unwrap();

    assert_eq!(offsets.len(), 6, "five frames");
    assert_eq!(recovered.recovery, Recovery { records: 9, frames: 5, torn_bytes: 0 });
    assert_eq!(after, bytes);
}

#[tokio::test]
async fn last_frame_torn_at_any_byte_is_cut_and_all_others_survive() {
    let (_test, bytes, offsets) = nine_records().await;
    let last = offsets[4];
    let before = recover_bytes(&bytes[..last]).unwrap().0;

    for end in last..bytes.len() {
        // Cut short, as by a crash; or of full length, with the end not written; or the start.
        let torn = (end - last) as u64;
        let mut unwritten_end = bytes.clone();
        unwritten_end[end..].fill(0);
        let mut unwritten_start = bytes.clone();
        unwritten_start[last..=end].fill(0);
        let whole = (bytes.len() - last) as u64;
        let cases =
            [(bytes[..end].to_vec(), torn), (unwritten_end, whole), (unwritten_start, whole)];
        for (case, torn_bytes) in cases.into_iter().filter(|(case, _)| *case != bytes) {
            let (recovered, after) = recover_bytes(&case).unwrap();
            assert_eq!(recovered.recovery, Recovery { records: 7, frames: 4, torn_bytes });
            assert_eq!(recovered.tail.range, before.tail.range);
            assert_eq!(after, bytes[..last]);
        }
    }
}

#[tokio::test]
async fn any_flipped_byte_before_the_last_frame_is_refused() {
    let (_test, bytes, offsets) = nine_records().await;

    for position in 0..offsets[4] {
        let mut flipped = bytes.clone();
        flipped[position] ^= 0x20;

        let (offset, _) = damage(&flipped);

        let frame = offsets.iter().rev().find(|offset| **offset <= position).unwrap();
        assert_eq!(offset, *frame as u64, "byte {position}");
    }
}

#[tokio::test]
async fn frame_taken_out_repeated_or_rewritten_is_refused() {
    let (_test, bytes, offsets) = nine_records().await;
    let part = |from: usize, to: usize| bytes[offsets[from]..offsets[to]].to_vec();
    let first = Frame::read(&bytes[..offsets[1]]).unwrap();
    let chain = content_hash(&bytes[..offsets[1]]);
    let second = |index, note| frame::encode(&[entry(b"x".to_vec())], index, &chain, note);

    let taken_out = [part(0, 1), part(2, 5)].concat();
    assert_eq!(damage(&taken_out), (offsets[1] as u64, FrameFault::Chain));
    let repeated = [part(0, 2), part(1, 5)].concat();
    assert_eq!(damage(&repeated), (offsets[2] as u64, FrameFault::Chain));
    let other_root = [part(0, 1), second(1, first.note)].concat();
    assert_eq!(damage(&other_root), (offsets[1] as u64, FrameFault::Tree));
    let skipping = [part(0, 1), second(2, first.note)].concat();
    let fault = FrameFault::Index { found: 2, expected: 1 };
    assert_eq!(damage(&skipping), (offsets[1] as u64, fault));
}

#[tokio::test]
async fn garbage_longer_than_a_frame_is_no_torn_frame() {
    let (_test, mut bytes, offsets) = nine_records().await;

    bytes.truncate(offsets[4]);
    bytes.extend(vec![0xaa; MAX_FRAME_BYTES]);
    assert_eq!(recover_bytes(&bytes).unwrap().0.recovery.torn_bytes, MAX_FRAME_BYTES as u64);
    bytes.push(0xaa);
    assert_eq!(damage(&bytes), (offsets[4] as u64, FrameFault::Magic));
}

#[tokio::test]
async fn frame_of_a_newer_format_is_not_cut() {
    let (_test, mut bytes, offsets) = nine_records().await;

    bytes[offsets[4] + 4] = 3;

    assert_eq!(damage(&bytes), (offsets[4] as u64, FrameFault::Version { version: 3 }));
}

#[tokio::test]
async fn only_the_newest_segment_may_end_torn() {
    let test = TestTrail { segment_bytes: 1, ..TestTrail::new() };
    let (trail, _) = test.open();
    test.faults.fail_publish(io::ErrorKind::StorageFull);
    for leaf in [b"zero", b"unus", b"duos"] {
        trail.append(entry(leaf.to_vec())).await.unwrap();
    }
    trail.close().await.unwrap();
    let cut = |first| {
        let bytes = fs::read(test.segment(first)).unwrap();
        fs::write(test.segment(first), &bytes[..bytes.len() - 1]).unwrap();
    };

    cut(2);
    let (trail, recovery) = test.open();
    assert_eq!((recovery.records, trail.size()), (2, 2));
    trail.close().await.unwrap();

    cut(1);
    let error = test.try_open().unwrap_err();
    assert!(matches!(error, OpenError::Damaged { file, offset: 0, .. } if file == test.segment(1)));
}

#[tokio::test]
async fn missing_segment_and_stray_file_are_refused_by_name() {
    let test = TestTrail { segment_bytes: 1, ..TestTrail::new() };
    let (trail, _) = test.open();
    test.faults.fail_publish(io::ErrorKind::StorageFull);
    for leaf in [b"zero", b"unus", b"duos"] {
        trail.append(entry(leaf.to_vec())).await.unwrap();
    }
    trail.close().await.unwrap();

    let stray = test.dir().join("frames/00000000000000000001.seg.bak");
    fs::rename(test.segment(1), &stray).unwrap();
    let error = test.try_open().unwrap_err();
    assert!(matches!(error, OpenError::Stray { ref file } if *file == stray), "{error}");

    fs::remove_file(&stray).unwrap();
    let error = test.try_open().unwrap_err();
    assert!(error.to_string().contains("00000000000000000002.seg does not begin with record 1"));
}

#[tokio::test]
async fn folder_belongs_to_one_key_and_one_origin() {
    let (test, bytes, _) = nine_records().await;
    let archive = Archive::new(test.dir().to_owned(), Arc::new(RealDisk));
    let other =
        |origin: &str, seed| SigningKey::from_seed(&origin.parse().unwrap(), &seed).unwrap();
    let other_key = other("oncebus.test/gateway/g1", [8; 32]);
    let other_log = other("oncebus.test/other", [7; 32]);

    let by_key = recover(&archive, &other_key).unwrap_err();
    let by_log = recover(&archive, &other_log).unwrap_err();
    fs::remove_file(test.dir().join(CHECKPOINT)).unwrap();
    let by_frames = recover(&archive, &other_log).unwrap_err();

    assert!(matches!(&by_key, OpenError::Checkpoint { .. }), "{by_key}");
    assert!(matches!(&by_log, OpenError::Checkpoint { .. }), "{by_log}");
    assert!(matches!(&by_frames, OpenError::Origin { .. }), "{by_frames}");
    assert_eq!(fs::read(test.segment(0)).unwrap(), bytes, "a refused folder is left as it was");
}
