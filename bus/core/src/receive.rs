//! Receives contents from holders, and lets no byte on before it is verified.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use sha2::{Digest as _, Sha256};

use crate::{
    CHUNK_BYTES, ChunkDigests, ContentStream, DeptId, Digest, Document, ExchangeError, HolderError,
    spool::{Spool, SpoolWriter},
};

/// A content of which every chunk's digest is known: each is verified before it is given on.
pub(crate) struct Verified {
    reader: ChunkReader,
    chunks: ChunkDigests,
    next: usize,
    /// Bytes of the first chunk that the caller has already.
    skip: usize,
}

/// Cuts a holder's pieces into whole chunks, and sees that the size is right to the byte.
struct ChunkReader {
    holder: DeptId,
    stream: ContentStream,
    /// What came of the next chunk so far.
    partial: BytesMut,
    /// Bytes still to come behind `partial`.
    missing: u64,
}

// === impl Verified ===

impl Verified {
    /// Reads `stream`, which starts at the chunk that holds `offset`, of a content of `size` bytes.
    pub(crate) fn new(
        holder: DeptId,
        stream: ContentStream,
        chunks: ChunkDigests,
        size: u64,
        offset: u64,
    ) -> Self {
        let chunk_bytes = CHUNK_BYTES as u64;
        let start = offset - offset % chunk_bytes;
        let reader =
            ChunkReader { holder, stream, partial: BytesMut::new(), missing: size - start };
        Self {
            reader,
            chunks,
            next: usize::try_from(offset / chunk_bytes).unwrap_or(usize::MAX),
            skip: usize::try_from(offset % chunk_bytes).unwrap_or(0),
        }
    }

    /// Returns the next verified bytes; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`HolderError::DigestMismatch`] or [`HolderError::SizeMismatch`] before anything wrong is
    /// given on, and what the holder's stream says.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, HolderError> {
        let Some(mut chunk) = self.reader.next().await? else { return Ok(None) };
        if self.chunks.at(self.next) != Some(Digest::of(&chunk)) {
            return Err(HolderError::DigestMismatch { holder: self.reader.holder.clone() });
        }
        self.next += 1;
        let skip = std::mem::take(&mut self.skip);
        Ok(Some(chunk.split_off(skip.min(chunk.len()))))
    }
}

// === impl ChunkReader ===

impl ChunkReader {
    /// Returns the next whole chunk. The last one is given on only when the stream has ended.
    async fn next(&mut self) -> Result<Option<Bytes>, HolderError> {
        let left = self.partial.len() as u64 + self.missing;
        if left == 0 {
            return Ok(None);
        }
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK_BYTES);
        let chunk = self.fill(want).await?;
        if self.missing == 0 && self.partial.is_empty() {
            self.end().await?;
        }
        Ok(Some(chunk))
    }

    async fn fill(&mut self, want: usize) -> Result<Bytes, HolderError> {
        while self.partial.len() < want {
            let piece = match self.stream.next().await {
                Some(piece) => piece?,
                None => return Err(HolderError::SizeMismatch { holder: self.holder.clone() }),
            };
            self.missing = match self.missing.checked_sub(piece.len() as u64) {
                Some(missing) => missing,
                None => return Err(HolderError::SizeMismatch { holder: self.holder.clone() }),
            };
            if self.partial.is_empty() && piece.len() == want {
                return Ok(piece);
            }
            self.partial.extend_from_slice(&piece);
        }
        Ok(self.partial.split_to(want).freeze())
    }

    async fn end(&mut self) -> Result<(), HolderError> {
        while let Some(piece) = self.stream.next().await {
            if !piece?.is_empty() {
                return Err(HolderError::SizeMismatch { holder: self.holder.clone() });
            }
        }
        Ok(())
    }
}

/// Receives a content whole, since only its digest is known, and hashes its chunks.
///
/// # Errors
///
/// [`HolderError::DigestMismatch`] or [`HolderError::SizeMismatch`] if it is not what the holder
/// said, [`ExchangeError::Spool`] if it cannot be kept meanwhile.
pub(crate) async fn receive_whole(
    holder: &DeptId,
    stream: ContentStream,
    document: &Document,
    mut spool: SpoolWriter,
) -> Result<(Spool, ChunkDigests), ExchangeError> {
    let size = document.size_bytes;
    let mut reader =
        ChunkReader { holder: holder.clone(), stream, partial: BytesMut::new(), missing: size };
    let mut whole = Sha256::new();
    let mut chunks = ChunkDigests::default();
    while let Some(chunk) = reader.next().await? {
        whole.update(&chunk);
        chunks.extend(&ChunkDigests::of(&chunk));
        spool.add(chunk).await.map_err(ExchangeError::Spool)?;
    }
    if Digest::from_bytes(whole.finalize().into()) != document.digest {
        return Err(HolderError::DigestMismatch { holder: holder.clone() }.into());
    }
    Ok((spool.finish(), chunks))
}
