use super::*;

#[test]
fn records_are_each_behind_their_length() {
    let bundle = encode(&[b"a".as_slice(), b"bcd"]).unwrap();

    assert_eq!(bundle, b"\0\x01a\0\x03bcd");
    assert_eq!(decode(&bundle, 2).unwrap(), [b"a".as_slice(), b"bcd"]);
}

#[test]
fn longest_record_and_full_bundle_read_back() {
    let records: Vec<Vec<u8>> = (1..=256_usize)
        .map(|n| vec![n as u8; if n == 256 { MAX_ENTRY_BYTES } else { n }])
        .collect();

    let bundle = encode(&records).unwrap();

    assert_eq!(decode(&bundle, 256).unwrap(), records);
}

#[test]
fn record_without_bytes_or_with_too_many_is_not_written() {
    assert_eq!(encode(&[b"a".as_slice(), b""]), Err(BundleFault::Empty { entry: 1 }));
    let bytes = MAX_ENTRY_BYTES + 1;
    assert_eq!(encode(&[vec![0; bytes]]), Err(BundleFault::TooLong { entry: 0, bytes }));
}

#[test]
fn sealed_parts_may_be_empty_and_records_may_not() {
    let bundle = encode_sealed(&[b"".as_slice(), b"s", b""]).unwrap();

    assert_eq!(bundle, b"\0\0\0\x01s\0\0");
    let parts: Result<Vec<_>, _> = Entries::sealed(&bundle, 3).collect();
    assert_eq!(parts.unwrap(), [b"".as_slice(), b"s", b""]);
    assert_eq!(decode(&bundle, 3), Err(BundleFault::Empty { entry: 0 }));
}

#[test]
fn damaged_bundle_is_refused_with_what_is_wrong() {
    let bundle = b"\0\x01a\0\x03bcd";
    let cases = [
        (&bundle[..0], 2, BundleFault::Few { expected: 2, found: 0 }),
        (&bundle[..1], 2, BundleFault::Cut { entry: 0, bytes: 1 }),
        (&bundle[..2], 2, BundleFault::Cut { entry: 0, bytes: 2 }),
        (&bundle[..3], 2, BundleFault::Few { expected: 2, found: 1 }),
        (&bundle[..7], 2, BundleFault::Cut { entry: 1, bytes: 7 }),
        (&bundle[..], 3, BundleFault::Few { expected: 3, found: 2 }),
        (&bundle[..], 1, BundleFault::Long { expected: 1, bytes: 5 }),
    ];

    for (bytes, expected, fault) in cases {
        assert_eq!(decode(bytes, expected), Err(fault), "{bytes:?}");
    }
}

#[test]
fn reading_ends_after_the_first_fault() {
    let mut entries = Entries::records(b"\0\x01a\0\x09b", 3);

    assert_eq!(entries.next(), Some(Ok(b"a".as_slice())));
    assert_eq!(entries.next(), Some(Err(BundleFault::Cut { entry: 1, bytes: 6 })));
    assert_eq!(entries.next(), None);
}
