//! The bytes of a content, as an adapter gives them.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::{AdapterError, CHUNK_BYTES};

/// The bytes of a content in order, in pieces of any size.
///
/// The kit cuts them into chunks, and counts and hashes them. It asks for the next piece when the
/// gateway has taken what was sent, so that a stream read piece by piece stays small.
pub struct ContentStream(Pin<Box<dyn Stream<Item = Result<Bytes, AdapterError>> + Send>>);

// === impl ContentStream ===

impl ContentStream {
    /// Takes a content that is in memory.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self::from_stream(stream::once(async { Ok(bytes) }))
    }

    /// Reads a content to the reader's end, however small its reads are.
    pub fn from_reader(reader: impl AsyncRead + Send + Unpin + 'static) -> Self {
        Self::from_stream(stream::try_unfold(reader, |mut reader| async {
            let mut piece = BytesMut::with_capacity(CHUNK_BYTES);
            let read = reader.read_buf(&mut piece).await.map_err(AdapterError::from)?;
            Ok((0 < read).then(|| (piece.freeze(), reader)))
        }))
    }

    /// Takes a stream of pieces.
    pub fn from_stream(
        stream: impl Stream<Item = Result<Bytes, AdapterError>> + Send + 'static,
    ) -> Self {
        Self(Box::pin(stream))
    }

    /// Leaves the first `count` bytes out, for a source that cannot seek.
    #[must_use]
    pub fn skip(self, count: u64) -> Self {
        Self::from_stream(self.0.scan(count, |left, piece| {
            let rest = piece.map(|mut piece| {
                let dropped =
                    usize::try_from(*left).map_or(piece.len(), |left| left.min(piece.len()));
                *left -= dropped as u64;
                piece.split_off(dropped)
            });
            std::future::ready(Some(rest))
        }))
    }
}

impl Stream for ContentStream {
    type Item = Result<Bytes, AdapterError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for ContentStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentStream(..)")
    }
}

impl From<io::Error> for AdapterError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::fault(error),
        }
    }
}
