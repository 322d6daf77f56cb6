//! What leaves, and what is held back.

use futures_util::{StreamExt as _, stream};
use tonic::{Code, Request};

use super::*;

const SIZE: usize = 2 * CHUNK_BYTES + 100;

fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i / 3) as u8).collect()
}

/// Sends `sent` in pieces of `piece` bytes where the content should be `wanted`.
async fn send(sent: &[u8], piece: usize, wanted: &[u8], offset: u64) -> (Vec<Bytes>, Option<Code>) {
    let pieces: Vec<_> = sent.chunks(piece).map(|it| Ok(Bytes::copy_from_slice(it))).collect();
    let content = Content {
        material_type: "licence".parse().unwrap(),
        subject: crate::Subject::new("credit", "91110000").unwrap(),
        number: "N1".parse().unwrap(),
        digest: Digest::of(wanted),
        size_bytes: wanted.len() as u64,
        sealed: false,
    };
    let call = Call::begin("Fetch", &Request::new(()));
    let source = ContentStream::from_stream(stream::iter(pieces));
    let mut stream = Outgoing::new(source, &content, offset, call).into_stream();
    let mut chunks = Vec::new();
    while let Some(next) = stream.next().await {
        match next {
            Ok(response) => chunks.push(response.data),
            Err(status) => return (chunks, Some(status.code())),
        }
    }
    (chunks, None)
}

#[tokio::test]
async fn all_chunks_but_the_last_are_whole_however_the_pieces_come() {
    let content = bytes(SIZE);

    for piece in [999, 4_096, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, SIZE] {
        let (chunks, error) = send(&content, piece, &content, 0).await;

        let lengths: Vec<_> = chunks.iter().map(Bytes::len).collect();
        assert_eq!(lengths, [CHUNK_BYTES, CHUNK_BYTES, 100], "pieces of {piece}");
        assert_eq!(chunks.concat(), content);
        assert_eq!(error, None);
    }
}

#[tokio::test]
async fn the_last_chunk_of_changed_content_is_withheld() {
    let content = bytes(SIZE);
    let mut changed = content.clone();
    changed[5] ^= 1;

    let (chunks, error) = send(&changed, 1_000, &content, 0).await;

    assert_eq!(chunks.len(), 2);
    assert_eq!(error, Some(Code::FailedPrecondition));
}

#[tokio::test]
async fn the_last_chunk_of_longer_or_shorter_content_is_withheld() {
    let content = bytes(SIZE);

    for sent in [SIZE - 1, SIZE + 1, 2 * CHUNK_BYTES] {
        let (chunks, error) = send(&bytes(sent), CHUNK_BYTES, &content, 0).await;

        assert_eq!(chunks.len(), 2, "{sent} bytes");
        assert_eq!(error, Some(Code::FailedPrecondition), "{sent} bytes");
    }
}

#[tokio::test]
async fn small_content_that_differs_is_not_sent_at_all() {
    let (chunks, error) = send(b"right", 5, b"wrong", 0).await;

    assert!(chunks.is_empty());
    assert_eq!(error, Some(Code::FailedPrecondition));
}

#[tokio::test]
async fn a_part_is_checked_for_its_size_alone() {
    let content = bytes(SIZE);

    let (chunks, error) = send(&content[CHUNK_BYTES..], 777, &content, CHUNK_BYTES as u64).await;
    let (cut, cut_error) = send(&content[CHUNK_BYTES..SIZE - 1], 777, &content, 262_144).await;

    assert_eq!(chunks.concat(), content[CHUNK_BYTES..]);
    assert_eq!(error, None);
    assert_eq!(cut.len(), 1);
    assert_eq!(cut_error, Some(Code::FailedPrecondition));
}

#[tokio::test]
async fn nothing_is_left_past_the_end() {
    let content = bytes(CHUNK_BYTES);

    let (chunks, error) = send(&[], 1, &content, CHUNK_BYTES as u64).await;

    assert!(chunks.is_empty());
    assert_eq!(error, None);
}
