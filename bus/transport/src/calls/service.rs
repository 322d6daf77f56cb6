//! The service that holds each call to its limits.

use std::{
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, Request, Response};
use tokio::{
    select,
    time::{Instant, Sleep, sleep_until},
};
use tonic::{Code, Status, body::Body};
use tower::Service;

use super::{CallBody, CallLimits, Deadline, timeout::grpc_timeout};

/// Holds each call to its limits.
///
/// - A `grpc-timeout` that does not parse, and too many metadata entries, are `INVALID_ARGUMENT`.
/// - The call ends at its deadline with `DEADLINE_EXCEEDED`, in the middle of its answer too.
/// - The [`Deadline`] is in the request's extensions, for whoever calls on.
#[derive(Clone, Debug)]
pub struct CallLimited<S> {
    inner: S,
    limits: Arc<CallLimits>,
}

impl<S> CallLimited<S> {
    pub(super) fn new(inner: S, limits: Arc<CallLimits>) -> Self {
        Self { inner, limits }
    }
}

impl<S, B> Service<Request<B>> for CallLimited<S>
where
    S: Service<Request<B>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // Use the service that was polled ready, and leave its clone behind.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let limits = Arc::clone(&self.limits);
        let deadline = match admit(&limits, &request) {
            Ok(deadline) => deadline,
            Err(status) => return Box::pin(async move { Ok(status.into_http()) }),
        };
        request.extensions_mut().insert(Deadline(deadline));
        Box::pin(async move {
            let mut over = Box::pin(sleep_until(deadline));
            select! {
                biased;
                answer = inner.call(request) => Ok(cover(answer?, over, limits)),
                () = &mut over => Ok(too_late(&limits).into_http()),
            }
        })
    }
}

/// The call was not done in its time.
pub(super) fn too_late(limits: &CallLimits) -> Status {
    let message = "the call's deadline passed; try again with a longer one".to_owned();
    (limits.refuse)(Code::DeadlineExceeded, "DEADLINE", message)
}

fn admit<B>(limits: &CallLimits, request: &Request<B>) -> Result<Instant, Status> {
    let entries = metadata_entries(request.headers());
    if limits.metadata_entries < entries {
        let most = limits.metadata_entries;
        let message = format!("request has {entries} metadata entries, at most {most} are taken");
        return Err((limits.refuse)(Code::InvalidArgument, "METADATA_TOO_LARGE", message));
    }
    match grpc_timeout(request.headers()) {
        Ok(asked) => Ok(Instant::now() + limits.time(request.uri().path(), asked)),
        Err(error) => {
            let message = error.to_string();
            Err((limits.refuse)(Code::InvalidArgument, "TIMEOUT_MALFORMED", message))
        }
    }
}

/// Counts what the caller adds, not what gRPC itself needs.
fn metadata_entries(headers: &HeaderMap) -> usize {
    let own = |name: &HeaderName| {
        matches!(name.as_str(), "content-type" | "te" | "user-agent" | "host")
            || name.as_str().starts_with("grpc-")
    };
    headers.keys().filter(|name| !own(name)).map(|name| headers.get_all(name).iter().count()).sum()
}

fn cover(answer: Response<Body>, over: Pin<Box<Sleep>>, limits: Arc<CallLimits>) -> Response<Body> {
    answer.map(|body| Body::new(CallBody::until(over, body, limits)))
}
