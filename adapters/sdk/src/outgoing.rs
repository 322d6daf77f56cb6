//! Sends a content in whole chunks, and nothing that is not what was asked for.

use std::panic::AssertUnwindSafe;

use bytes::{Bytes, BytesMut};
use futures_util::{
    FutureExt as _,
    stream::{self, BoxStream, StreamExt as _},
};
use oncebus_proto::v1::FetchResponse;
use sha2::{Digest as _, Sha256};
use tonic::Status;

use crate::{
    AdapterError, CHUNK_BYTES, Content, ContentStream, Digest, call::Call, service::panicked,
    status::CallError,
};

/// A content on its way out.
///
/// It holds one unfinished chunk and one piece of the adapter's. The last chunk waits until size and
/// digest of the whole are seen to be right.
#[derive(Debug)]
pub(crate) struct Outgoing {
    source: ContentStream,
    /// What is left of the adapter's last piece.
    piece: Bytes,
    /// Bytes that were not given on yet.
    missing: u64,
    /// `None` where only a part is sent, which has no digest.
    hash: Option<Sha256>,
    digest: Digest,
    call: Call,
}

// === impl Outgoing ===

impl Outgoing {
    pub(crate) fn new(source: ContentStream, content: &Content, offset: u64, call: Call) -> Self {
        Self {
            source,
            piece: Bytes::new(),
            missing: content.size_bytes - offset,
            hash: (offset == 0).then(Sha256::new),
            digest: content.digest,
            call,
        }
    }

    pub(crate) fn into_stream(self) -> BoxStream<'static, Result<FetchResponse, Status>> {
        stream::unfold(Some(self), |outgoing| async {
            let mut outgoing = outgoing?;
            match outgoing.next().await {
                Ok(Some(data)) => Some((Ok(FetchResponse { data }), Some(outgoing))),
                Ok(None) => {
                    outgoing.call.done();
                    None
                }
                Err(error) => Some((Err(outgoing.call.failed(&CallError::Adapter(error))), None)),
            }
        })
        .boxed()
    }

    async fn next(&mut self) -> Result<Option<Bytes>, AdapterError> {
        let want = usize::try_from(self.missing).unwrap_or(usize::MAX).min(CHUNK_BYTES);
        if want == 0 {
            return Ok(None);
        }
        let chunk = self.fill(want).await?;
        self.missing -= want as u64;
        if let Some(hash) = &mut self.hash {
            hash.update(&chunk);
        }
        if self.missing == 0 {
            self.verify().await?;
        }
        Ok(Some(chunk))
    }

    /// Returns exactly `want` bytes. A piece that has them all is not copied.
    async fn fill(&mut self, want: usize) -> Result<Bytes, AdapterError> {
        let mut partial = BytesMut::new();
        loop {
            let lacking = want - partial.len();
            if partial.is_empty() && lacking <= self.piece.len() {
                return Ok(self.piece.split_to(lacking));
            }
            partial.reserve(lacking);
            partial.extend_from_slice(&self.piece.split_to(lacking.min(self.piece.len())));
            if partial.len() == want {
                return Ok(partial.freeze());
            }
            self.piece = self.pull().await?.ok_or(AdapterError::SizeMismatch)?;
        }
    }

    /// Sees that the content ends here, and that it was the right one.
    async fn verify(&mut self) -> Result<(), AdapterError> {
        while self.piece.is_empty() {
            match self.pull().await? {
                Some(piece) => self.piece = piece,
                None => return self.verify_digest(),
            }
        }
        Err(AdapterError::SizeMismatch)
    }

    fn verify_digest(&mut self) -> Result<(), AdapterError> {
        let sent = self.hash.take().map(|hash| Digest::from_bytes(hash.finalize().into()));
        if sent.is_none_or(|sent| sent == self.digest) {
            return Ok(());
        }
        Err(AdapterError::DigestMismatch)
    }

    async fn pull(&mut self) -> Result<Option<Bytes>, AdapterError> {
        match AssertUnwindSafe(self.source.next()).catch_unwind().await {
            Ok(piece) => piece.transpose(),
            Err(_panic) => Err(panicked()),
        }
    }
}

#[cfg(test)]
mod tests;
