use super::*;

fn entry(leaf: &[u8], sealed: &[u8]) -> Entry {
    Entry { leaf: leaf.to_vec(), sealed: sealed.to_vec() }
}

fn entries() -> Vec<Entry> {
    let long = vec![7; MAX_LEAF_BYTES];
    vec![entry(b"a", b"sealed"), entry(&long, &long), entry(b"last", b"")]
}

fn sample() -> Vec<u8> {
    encode(&entries(), 5, &[1; 32], "note")
}

/// Makes the checksum of an altered frame fit again.
fn reseal(frame: &mut [u8]) {
    let content = frame.len() - CHECKSUM_BYTES;
    let checksum = crc32c::crc32c(&frame[..content]);
    frame[content..].copy_from_slice(&checksum.to_be_bytes());
}

#[test]
fn frame_reads_back_as_written_and_says_where_it_ends() {
    let bytes = sample();
    let more = [&bytes[..], b"OBTF"].concat();

    let frame = Frame::read(&more).unwrap();

    assert_eq!(frame.entries, entries());
    assert_eq!((frame.header.first, frame.header.count, frame.header.end()), (5, 3, 8));
    assert_eq!((frame.header.previous, frame.note), ([1; 32], "note"));
    assert_eq!(frame.header.frame_bytes(), bytes.len());
}

#[test]
fn largest_frame_is_within_its_bound() {
    let note = "n".repeat(MAX_NOTE_BYTES);
    let largest = entry(&[0; MAX_LEAF_BYTES], &[0; MAX_SEALED_BYTES]);
    let many = vec![entry(&[0; 4096], b""); MAX_FRAME_RECORDS - 1];
    let frame = encode(&[many, vec![largest]].concat(), 0, &[0; 32], &note);

    assert!(frame.len() <= MAX_FRAME_BYTES);
    assert!(Frame::read(&frame).is_ok());
}

#[test]
fn any_flipped_byte_and_any_cut_is_found() {
    let bytes = encode(&[entry(b"one", b"1"), entry(b"two", b"")], 5, &[1; 32], "note");

    for position in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[position] ^= 0x10;
        assert!(Frame::read(&flipped).is_err(), "byte {position}");
        assert!(Frame::read(&bytes[..position]).is_err(), "cut at {position}");
    }
}

#[test]
fn impossible_numbers_are_refused_before_anything_is_allocated() {
    let with = |position: usize, field: &[u8]| {
        let mut bytes = sample();
        bytes[position..position + field.len()].copy_from_slice(field);
        reseal(&mut bytes);
        Frame::read(&bytes).unwrap_err()
    };

    assert_eq!(with(0, b"XXXX"), FrameFault::Magic);
    assert_eq!(with(4, &[0]), FrameFault::Magic);
    assert_eq!(with(4, &[3]), FrameFault::Version { version: 3 });
    assert_eq!(with(5, &u32::MAX.to_be_bytes()), FrameFault::Bounds);
    assert_eq!(with(9, &u64::MAX.to_be_bytes()), FrameFault::Bounds);
    assert_eq!(with(17, &0_u32.to_be_bytes()), FrameFault::Bounds);
    assert_eq!(with(17, &1025_u32.to_be_bytes()), FrameFault::Bounds);
    assert_eq!(with(17, &2_u32.to_be_bytes()), FrameFault::Payload);
    assert_eq!(with(17, &4_u32.to_be_bytes()), FrameFault::Payload);
    assert_eq!(with(53, &u16::MAX.to_be_bytes()), FrameFault::Bounds);
    assert_eq!(with(55, &0_u16.to_be_bytes()), FrameFault::Payload);
    assert_eq!(with(58, &4097_u16.to_be_bytes()), FrameFault::Payload);
}

#[test]
fn frame_after_damage_is_found_unless_a_record_only_looks_like_one() {
    let next = encode(&[entry(b"next", b"")], 8, &[1; 32], "note");
    let forged = encode(&[entry(b"forged", b"")], 5, &[1; 32], "note");
    let holding_forged = encode(&[entry(&forged, b"")], 5, &[1; 32], "note");

    assert!(follows(&[&sample()[..], &next].concat(), 6..=1029));
    assert!(follows(&[&b"OBTFOBTF"[..], &next].concat(), 6..=1029));
    assert!(!follows(&[&sample()[..], &next[..next.len() - 1]].concat(), 6..=1029));
    assert!(!follows(&holding_forged, 6..=1029));
    assert!(!follows(&[], 6..=1029));
}
