//! A content on its way from an adapter, watched for progress.

use std::time::Duration;

use futures_util::stream;
use oncebus_core::{CHUNK_BYTES, ContentStream, DeptId, HolderError};
use oncebus_proto::v1 as pb;
use tokio::time::{Instant, timeout_at};
use tonic::Streaming;

use super::fault;

/// Longest wait for the next piece.
const PROGRESS: Duration = Duration::from_secs(5);

/// Gives the pieces on until `end`; the first one comes by `first`.
pub(super) fn stream(
    holder: DeptId,
    pieces: Streaming<pb::FetchResponse>,
    first: Instant,
    end: Instant,
) -> ContentStream {
    Box::pin(stream::try_unfold((pieces, first), move |(mut pieces, until)| {
        let holder = holder.clone();
        async move {
            let message = match timeout_at(until, pieces.message()).await {
                Ok(Ok(Some(message))) => message,
                Ok(Ok(None)) => return Ok(None),
                Ok(Err(status)) => return Err(fault::of_status(&holder, &status)),
                Err(_elapsed) => return Err(HolderError::Deadline { holder }),
            };
            let length = message.data.len();
            if length == 0 || length > CHUNK_BYTES {
                let detail = format!("a message of its Fetch has {length} bytes");
                return Err(HolderError::Misbehaved { holder, detail });
            }
            let until = (Instant::now() + PROGRESS).min(end);
            Ok(Some((message.data, (pieces, until))))
        }
    }))
}
