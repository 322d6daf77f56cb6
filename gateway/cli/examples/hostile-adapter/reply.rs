//! An answer as bytes on the wire, right or wrong, step by step.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::{Body as HttpBody, Frame};
use oncebus_tests::Proxy;
use tonic::body::Body;

/// An answer.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) steps: Steps,
}

/// What comes after the headers; it may never end.
pub(crate) type Steps = Box<dyn Iterator<Item = Step> + Send>;

/// One thing that happens on the way.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Bytes, as they are.
    Bytes(Bytes),
    /// The end, with these trailers.
    Trailers(HeaderMap),
    /// Nothing for so long.
    Wait(Duration),
    /// Every connection is cut.
    Cut,
    /// The stream is reset.
    Reset,
}

// === impl Reply ===

impl Reply {
    /// Sends these messages, and ends well.
    pub(crate) fn messages(messages: Vec<Bytes>) -> Self {
        let good = Step::Trailers(trailers(0));
        Self::steps(messages.into_iter().map(message).chain([good]))
    }

    /// Goes this way.
    pub(crate) fn steps<I>(steps: I) -> Self
    where
        I: IntoIterator<Item = Step>,
        I::IntoIter: Send + 'static,
    {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/grpc"));
        Self { status: StatusCode::OK, headers, steps: Box::new(steps.into_iter()) }
    }

    /// Begins to send it.
    pub(crate) fn begin(self, wire: Arc<Proxy>) -> Response<Body> {
        let body = Body::new(Sending { steps: self.steps, wait: None, wire });
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// Frames one message as gRPC does.
pub(crate) fn message(message: Bytes) -> Step {
    let mut framed = BytesMut::with_capacity(5 + message.len());
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap());
    framed.extend_from_slice(&message);
    Step::Bytes(framed.freeze())
}

/// Makes the trailers that say this gRPC code.
pub(crate) fn trailers(code: u16) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", code.into());
    trailers
}

struct Sending {
    steps: Steps,
    wait: Option<Pin<Box<tokio::time::Sleep>>>,
    wire: Arc<Proxy>,
}

impl HttpBody for Sending {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if let Some(wait) = &mut self.wait {
                std::task::ready!(wait.as_mut().poll(context));
                self.wait = None;
            }
            match self.steps.next() {
                None => return Poll::Ready(None),
                Some(Step::Bytes(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Step::Trailers(trailers)) => {
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                }
                Some(Step::Wait(time)) => self.wait = Some(Box::pin(tokio::time::sleep(time))),
                Some(Step::Cut) => self.wire.cut(),
                Some(Step::Reset) => {
                    return Poll::Ready(Some(Err(io::ErrorKind::BrokenPipe.into())));
                }
            }
        }
    }
}
