//! HTTP/2 with every limit set, and what each request of a connection carries.

use std::{convert::Infallible, sync::Arc};

use futures_util::future::{BoxFuture, ready};
use http::{Method, Request, Response, StatusCode};
use hyper::{
    body::Incoming,
    server::conn::http2::{Builder, Connection},
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::body::Body;
use tower::{ServiceExt, util::BoxCloneSyncService};

use super::{
    RequestBody,
    activity::Activity,
    call_body::CallBody,
    streams::{StreamExecutor, Streams},
};
use crate::{Limits, Peer};

/// Answers the requests of one connection.
#[derive(Debug)]
pub(super) struct Session {
    peer: Arc<Peer>,
    activity: Arc<Activity>,
    streams: Arc<Streams>,
    service: BoxCloneSyncService<Request<RequestBody>, Response<Body>, Infallible>,
}

/// Speaks HTTP/2 on `stream`; no limit is left to a default.
pub(super) fn http2<I: AsyncRead + AsyncWrite + Unpin>(
    limits: &Limits,
    stream: I,
    session: Session,
) -> Connection<TokioIo<I>, Session, StreamExecutor> {
    let mut builder = Builder::new(session.streams.executor());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .initial_stream_window_size(limits.stream_window)
        .initial_connection_window_size(limits.connection_window)
        .adaptive_window(false)
        .max_frame_size(16 * 1024)
        .header_table_size(4 * 1024)
        .max_header_list_size(limits.header_list)
        .max_send_buf_size(limits.send_buffer as usize)
        .max_pending_accept_reset_streams(limits.pending_resets)
        .max_local_error_reset_streams(limits.local_resets)
        .keep_alive_interval(limits.ping_interval)
        .keep_alive_timeout(limits.ping_timeout);
    builder.serve_connection(TokioIo::new(stream), session)
}

// === impl Session ===

impl Session {
    pub(super) fn new(
        peer: Arc<Peer>,
        activity: Arc<Activity>,
        streams: Arc<Streams>,
        service: BoxCloneSyncService<Request<RequestBody>, Response<Body>, Infallible>,
    ) -> Self {
        Self { peer, activity, streams, service }
    }
}

impl hyper::service::Service<Request<Incoming>> for Session {
    type Response = Response<CallBody>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<CallBody>, Infallible>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let call = self.activity.begin();
        let (delivery, hang_up) = self.streams.begin();
        if request.method() == Method::CONNECT {
            // An answer of success would turn the stream into a tunnel, run in a task beside it.
            let mut refused = Response::new(CallBody::new(Body::empty(), delivery, call));
            *refused.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            return Box::pin(ready(Ok(refused)));
        }
        request.extensions_mut().insert(Arc::clone(&self.peer));
        request.extensions_mut().insert(hang_up.clone());
        let request = request.map(|incoming| RequestBody::new(incoming, hang_up));
        let service = self.service.clone();
        Box::pin(async move {
            let answer = service.oneshot(request).await?;
            Ok(answer.map(|body| CallBody::new(body, delivery, call)))
        })
    }
}
