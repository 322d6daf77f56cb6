//! The body of a request, read to its end even where nobody wants it.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::{runtime::Handle, time::timeout};

use super::HangUp;

/// Most bytes of a request that are read for nobody.
const MAX_UNWANTED_BYTES: usize = 2 * 1024 * 1024;
/// Longest time that they are waited for.
const UNWANTED_WAIT: Duration = Duration::from_secs(1);

/// The body of a request.
///
/// A call may be answered before its request has ended, for instance because a message cannot be
/// decoded. Dropping the rest would reset the stream, and what is on its way for a stream that was reset
/// counts against the connection ([`crate::Limits::local_resets`]): some hundred malformed messages of
/// one caller would end the calls of all who share it. So the rest is read and forgotten, within bounds,
/// unless somebody hung up.
#[derive(Debug)]
pub struct RequestBody {
    incoming: Option<Incoming>,
    hang_up: HangUp,
}

// === impl RequestBody ===

impl RequestBody {
    pub(super) fn new(incoming: Incoming, hang_up: HangUp) -> Self {
        Self { incoming: Some(incoming), hang_up }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.incoming {
            Some(incoming) => Pin::new(incoming).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if self.hang_up.is_done() {
            return;
        }
        let rest = self.incoming.take().filter(|incoming| !incoming.is_end_stream());
        // Without a runtime the connection ends as well.
        if let (Some(rest), Ok(runtime)) = (rest, Handle::try_current()) {
            runtime.spawn(timeout(UNWANTED_WAIT, forget(rest)));
        }
    }
}

async fn forget(mut rest: Incoming) {
    let mut left = MAX_UNWANTED_BYTES;
    while let Some(Ok(frame)) = rest.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(length) {
            Some(less) => left = less,
            None => return,
        }
    }
}
