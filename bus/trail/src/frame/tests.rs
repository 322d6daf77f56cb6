use super::*;

fn leaves() -> Vec<Vec<u8>> {
    vec![b"a".to_vec(), vec![7; MAX_LEAF_BYTES], b"last".to_vec()]
}

fn sample() -> Vec<u8> {
    encode(&leaves(), 5, &[1; 32], &[2; 32])
}

/// Makes the checksum of an altered frame fit again.
fn reseal(frame: &mut [u8]) {
    let content = frame.len() - CHECKSUM_BYTES;
    let checksum = crc32c::crc32c(&frame[..content]);
    frame[content..].copy_from_slice(&checksum.to_be_bytes());
}

#[test]
fn frame_reads_back_as_written() {
    let bytes = sample();

    let frame = Frame::decode(&bytes).unwrap();

    assert_eq!(frame.leaves, leaves());
    assert_eq!((frame.header.first, frame.header.count, frame.header.end()), (5, 3, 8));
    assert_eq!((frame.header.previous, frame.tree_size, frame.root), ([1; 32], 8, [2; 32]));
    assert_eq!(frame.header.frame_bytes(), bytes.len());
}

#[test]
fn largest_frame_is_as_long_as_said() {
    let frame = encode(&vec![vec![0; MAX_LEAF_BYTES]; MAX_FRAME_RECORDS], 0, &[0; 32], &[0; 32]);

    assert_eq!(frame.len(), MAX_FRAME_BYTES);
    assert!(Frame::decode(&frame).is_ok());
}

#[test]
fn any_flipped_byte_and_any_cut_is_found() {
    let bytes = encode(&[b"one".to_vec(), b"two".to_vec()], 5, &[1; 32], &[2; 32]);

    for position in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[position] ^= 0x10;
        assert!(Frame::decode(&flipped).is_err(), "byte {position}");
        assert!(Frame::decode(&bytes[..position]).is_err(), "cut at {position}");
    }
}

#[test]
fn impossible_numbers_are_refused_before_anything_is_allocated() {
    let with = |position: usize, field: &[u8]| {
        let mut bytes = sample();
        bytes[position..position + field.len()].copy_from_slice(field);
        reseal(&mut bytes);
        Frame::decode(&bytes).unwrap_err()
    };

    assert_eq!(with(0, b"XXXX"), FrameFault::Magic);
    assert_eq!(with(4, &[0]), FrameFault::Magic);
    assert_eq!(with(4, &[2]), FrameFault::Version { version: 2 });
    assert_eq!(with(5, &u32::MAX.to_be_bytes()), FrameFault::Bounds);
    assert_eq!(with(9, &u64::MAX.to_be_bytes()), FrameFault::Bounds);
    assert_eq!(with(17, &0_u32.to_be_bytes()), FrameFault::Bounds);
    assert_eq!(with(17, &1025_u32.to_be_bytes()), FrameFault::Bounds);
    assert_eq!(with(17, &2_u32.to_be_bytes()), FrameFault::Payload);
    assert_eq!(with(17, &4_u32.to_be_bytes()), FrameFault::Payload);
    assert_eq!(with(53, &0_u16.to_be_bytes()), FrameFault::Payload);
    assert_eq!(with(56, &4097_u16.to_be_bytes()), FrameFault::Payload);
}

#[test]
fn frame_after_damage_is_found_unless_a_record_only_looks_like_one() {
    let next = encode(&[b"next".to_vec()], 8, &[1; 32], &[2; 32]);
    let forged = encode(&[b"forged".to_vec()], 5, &[1; 32], &[2; 32]);
    let holding_forged = encode(&[forged], 5, &[1; 32], &[2; 32]);

    assert!(follows(&[&sample()[..], &next].concat(), 6..=1029));
    assert!(follows(&[&b"OBTFOBTF"[..], &next].concat(), 6..=1029));
    assert!(!follows(&[&sample()[..], &next[..next.len() - 1]].concat(), 6..=1029));
    assert!(!follows(&holding_forged, 6..=1029));
    assert!(!follows(&[], 6..=1029));
}
