//! The body of an answer, which ends when its peer has taken it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tonic::{Status, body::Body as TonicBody};

use super::{activity::Call, chunk::Chunk, delivery::Delivery};

/// A response body that keeps its call in flight, and its end back until the rest was taken.
///
/// hyper asks for the next frame once HTTP/2 has room for one byte of the last one. If it were told the
/// end then, the stream would be over for us with all of the last frame still to be sent, and nothing
/// could end it if the peer never read that.
#[derive(Debug)]
pub(super) struct CallBody {
    inner: TonicBody,
    delivery: Arc<Delivery>,
    /// The end of the inner body, kept back.
    end: Option<End>,
    _call: Call,
}

/// Trailers, if there are any.
#[derive(Debug)]
struct End(Option<Frame<Chunk>>);

// === impl CallBody ===

impl CallBody {
    pub(super) fn new(inner: TonicBody, delivery: Arc<Delivery>, call: Call) -> Self {
        Self { inner, delivery, end: None, _call: call }
    }

    fn poll_inner(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Chunk>, Status>>> {
        let delivery = &self.delivery;
        let chunk = |bytes: Bytes| Chunk::new(bytes, Arc::clone(delivery));
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        Poll::Ready(frame.map(|frame| Ok(frame?.map_data(chunk))))
    }
}

impl Body for CallBody {
    type Data = Chunk;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Chunk>, Status>>> {
        if self.end.is_none() {
            match ready!(self.poll_inner(cx)) {
                Some(Ok(frame)) if frame.is_trailers() => self.end = Some(End(Some(frame))),
                None => self.end = Some(End(None)),
                more => return Poll::Ready(more),
            }
        }
        ready!(self.delivery.poll_may_end(cx));
        let end = self.end.take().and_then(|End(trailers)| trailers);
        Poll::Ready(end.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.end.is_none() && self.inner.is_end_stream() && self.delivery.may_end()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
