//! A piece of an answer that tells when its peer has taken it.

use std::sync::Arc;

use bytes::{Buf, Bytes};

use super::delivery::Delivery;

/// A piece of an answer; what is written of it, or dropped, is no longer before the peer.
#[derive(Debug)]
pub(super) struct Chunk {
    bytes: Bytes,
    delivery: Arc<Delivery>,
}

// === impl Chunk ===

impl Chunk {
    /// Gives `bytes` to the peer.
    pub(super) fn new(bytes: Bytes, delivery: Arc<Delivery>) -> Self {
        delivery.give(bytes.len());
        Self { bytes, delivery }
    }
}

impl Buf for Chunk {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.bytes
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        self.delivery.take(count);
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        if !self.bytes.is_empty() {
            self.delivery.take(self.bytes.len());
        }
    }
}
