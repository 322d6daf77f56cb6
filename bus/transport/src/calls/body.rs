//! A response body that ends at the call's deadline.

use std::{
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;
use tonic::{Status, body::Body as TonicBody};

use super::{CallLimits, service::too_late};

/// A response body that ends at the call's deadline, with `DEADLINE_EXCEEDED` in its trailers.
///
/// What was sent before stays sent: the trailers tell the caller that it is not the whole. A body
/// that nobody reads from is cut when it is next asked, that is when the peer opens its window.
#[derive(Debug)]
pub(super) struct CallBody {
    inner: TonicBody,
    /// `None` for answers that are whole already, and once the deadline has passed.
    deadline: Option<Pin<Box<Sleep>>>,
    limits: Arc<CallLimits>,
}

impl CallBody {
    /// Ends `inner` when `deadline` is over.
    pub(super) fn until(
        deadline: Pin<Box<Sleep>>,
        inner: TonicBody,
        limits: Arc<CallLimits>,
    ) -> Self {
        Self { inner, deadline: Some(deadline), limits }
    }

    fn cut(&mut self) -> Frame<Bytes> {
        // Dropping the inner body ends the work behind it.
        drop(mem::take(&mut self.inner));
        self.deadline = None;
        Frame::trailers(trailers(&too_late(&self.limits)))
    }
}

impl Body for CallBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let over = self.deadline.as_mut().is_some_and(|at| at.as_mut().poll(cx).is_ready());
        if over && !self.inner.is_end_stream() {
            return Poll::Ready(Some(Ok(self.cut())));
        }
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    if status.add_header(&mut trailers).is_err() {
        // A message that fits in no header: the code alone still says what happened.
        trailers.insert(Status::GRPC_STATUS, http::HeaderValue::from(status.code() as i32));
    }
    trailers
}
