//! Takes Lookup and Fetch before the generated service does, and answers them byte by byte.

use std::{
    collections::HashSet,
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::{Buf as _, Bytes};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use oncebus_proto::v1::{self as pb, adapter_service_server::AdapterServiceServer};
use oncebus_tests::{Behaviour, Proxy, Route, Tag};
use prost::Message as _;
use tonic::{body::Body, codegen::Service, server::NamedService};

use crate::{
    fetch, lookup,
    recorder::Recorder,
    reply::{Reply, Step, trailers},
    shelf::Shelf,
};

/// gRPC's code NOT_FOUND.
const NOT_FOUND: u16 = 5;

/// The adapter as callers see it.
#[derive(Clone, Debug)]
pub(crate) struct Front {
    contract: AdapterServiceServer<Shelf>,
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shelf: Shelf,
    recorder: Arc<Recorder>,
    wire: Arc<Proxy>,
    /// Subjects whose first Fetch was honest, as they wanted it.
    registered: Mutex<HashSet<String>>,
}

// === impl Front ===

impl Front {
    pub(crate) fn new(
        contract: AdapterServiceServer<Shelf>,
        shelf: Shelf,
        recorder: Arc<Recorder>,
        wire: Arc<Proxy>,
    ) -> Self {
        let inner = Inner { shelf, recorder, wire, registered: Mutex::default() };
        Self { contract, inner: Arc::new(inner) }
    }
}

impl NamedService for Front {
    const NAME: &'static str = "oncebus.v1.AdapterService";
}

impl Service<Request<Body>> for Front {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let inner = Arc::clone(&self.inner);
        match request.uri().path() {
            "/oncebus.v1.AdapterService/Lookup" => Box::pin(async move {
                let Some(request) = message(request).await else { return refused() };
                Ok(inner.lookup(request).await.begin(Arc::clone(&inner.wire)))
            }),
            "/oncebus.v1.AdapterService/Fetch" => Box::pin(async move {
                let Some(request) = message(request).await else { return refused() };
                Ok(inner.fetch(request).await.begin(Arc::clone(&inner.wire)))
            }),
            _ => Box::pin(self.contract.call(request)),
        }
    }
}

// === impl Inner ===

impl Inner {
    async fn lookup(&self, request: pb::LookupRequest) -> Reply {
        let subject = request.subject.clone().unwrap_or_default();
        self.recorder.call("Lookup", &request.material_type, &subject.value);
        let Some(tag) = Tag::read(subject.value.as_bytes()) else {
            return Reply::messages(vec![pb::LookupResponse::default().encode_to_vec().into()]);
        };
        if tag.behaviour == Behaviour::LookupNever {
            std::future::pending::<()>().await;
        }
        lookup::answer(&request, &tag)
    }

    async fn fetch(&self, request: pb::FetchRequest) -> Reply {
        let subject = request.subject.unwrap_or_default().value;
        self.recorder.call("Fetch", &request.material_type, &subject);
        let offset = usize::try_from(request.offset).unwrap();
        let digest = request.digest.unwrap_or_default().value;
        if request.sealed {
            return match self.shelf.sealed(&digest) {
                Some(content) => fetch::honest(&content.slice(offset..)),
                None => Reply::steps([Step::Trailers(trailers(NOT_FOUND))]),
            };
        }
        let Some(tag) = Tag::read(subject.as_bytes()) else {
            return Reply::steps([Step::Trailers(trailers(NOT_FOUND))]);
        };
        let first = tag.route == Route::Registered
            && self.registered.lock().unwrap().insert(subject.clone());
        if first {
            return fetch::honest(&tag.content().slice(offset..));
        }
        if tag.behaviour == Behaviour::Never {
            std::future::pending::<()>().await;
        }
        fetch::answer(&tag, offset)
    }
}

/// Reads the one message of a request.
async fn message<M: prost::Message + Default>(request: Request<Body>) -> Option<M> {
    let mut framed: Bytes = request.into_body().collect().await.ok()?.to_bytes();
    if framed.len() < 5 {
        return None;
    }
    framed.advance(5);
    M::decode(framed).ok()
}

fn refused() -> Result<Response<Body>, Infallible> {
    let mut response = Response::new(Body::empty());
    response.headers_mut().extend(trailers(3));
    Ok(response)
}
