//! A content on its way from an adapter, watched for progress.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use oncebus_core::{CHUNK_BYTES, ContentStream, HolderError};
use oncebus_proto::v1 as pb;
use tokio::time::{Instant, timeout};
use tonic::Streaming;

use super::{
    calls::{SetBy, Underway},
    fault,
};

/// Longest wait for progress.
const PROGRESS: Duration = Duration::from_secs(5);

/// What is still to come of a content.
#[derive(Debug)]
pub(super) struct Flow {
    pieces: Streaming<pb::FetchResponse>,
    underway: Underway,
    first: Option<pb::FetchResponse>,
    progress: Progress,
    end: Instant,
}

/// Sees that waiting brings bytes: 256 KiB, or the end, for every [`PROGRESS`] of it.
///
/// Each byte buys its share of the time back, so a dripping adapter is cut while one of 52 KiB a
/// second goes on. Only the time in which the adapter is waited for counts: that the caller is slow is
/// not the adapter's fault.
#[derive(Clone, Copy, Debug)]
struct Progress {
    left: Duration,
}

// === impl Flow ===

impl Flow {
    /// Goes on behind the first piece until `end`, the caller's.
    pub(super) fn new(
        first: pb::FetchResponse,
        pieces: Streaming<pb::FetchResponse>,
        underway: Underway,
        end: Instant,
    ) -> Self {
        Self { pieces, underway, first: Some(first), progress: Progress::new(), end }
    }

    /// Gives the pieces on.
    pub(super) fn stream(self) -> ContentStream {
        Box::pin(stream::try_unfold(self, |mut flow| async move {
            let left = flow.end.saturating_duration_since(Instant::now());
            let set_by = if flow.progress.left <= left { SetBy::Limit } else { SetBy::Caller };
            let piece = flow.next(left.min(flow.progress.left)).await;
            if let Ok(Some(piece)) = piece {
                flow.underway.alive();
                return Ok(Some((piece, flow)));
            }
            flow.underway.ended(&piece, set_by);
            piece.map(|_end| None)
        }))
    }

    async fn next(&mut self, wait: Duration) -> Result<Option<Bytes>, HolderError> {
        let message = match self.first.take() {
            Some(first) => first,
            None => match self.wait(wait).await? {
                Some(message) => message,
                None => return Ok(None),
            },
        };
        let length = message.data.len();
        if length == 0 || length > CHUNK_BYTES {
            let detail = format!("a message of its Fetch has {length} bytes");
            let holder = self.underway.guard().holder.clone();
            return Err(HolderError::Misbehaved { holder, detail });
        }
        self.progress.came(length);
        Ok(Some(message.data))
    }

    async fn wait(&mut self, wait: Duration) -> Result<Option<pb::FetchResponse>, HolderError> {
        let holder = &self.underway.guard().holder;
        let began = Instant::now();
        let message = timeout(wait, self.pieces.message()).await;
        self.progress.waited(began.elapsed());
        match message {
            Ok(Ok(message)) => Ok(message),
            Ok(Err(status)) => Err(fault::of_status(holder, &status)),
            Err(_elapsed) => Err(HolderError::Deadline { holder: holder.clone() }),
        }
    }
}

// === impl Progress ===

impl Progress {
    fn new() -> Self {
        Self { left: PROGRESS }
    }

    fn waited(&mut self, time: Duration) {
        self.left = self.left.saturating_sub(time);
    }

    fn came(&mut self, bytes: usize) {
        let share = bytes as f64 / CHUNK_BYTES as f64;
        self.left = (self.left + PROGRESS.mul_f64(share)).min(PROGRESS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn single_bytes_buy_no_time() {
        let mut progress = Progress::new();

        for _ in 0..50 {
            progress.waited(SECOND / 10);
            progress.came(1);
        }

        assert!(progress.left < SECOND / 1000, "{progress:?}");
    }

    #[test]
    fn a_slow_adapter_goes_on_in_pieces_of_any_size() {
        for (pieces, wait) in [(1, SECOND * 5), (2, SECOND * 2), (5, SECOND), (100, SECOND / 20)] {
            let mut progress = Progress::new();

            for _ in 0..200 {
                progress.waited(wait);
                progress.came(CHUNK_BYTES.div_ceil(pieces));
            }

            assert!(progress.left >= SECOND, "{pieces} pieces: {progress:?}");
        }
    }

    #[test]
    fn time_is_not_saved_up() {
        let mut progress = Progress::new();

        (0..100).for_each(|_| progress.came(CHUNK_BYTES));

        assert_eq!(progress.left, PROGRESS);
    }
}
