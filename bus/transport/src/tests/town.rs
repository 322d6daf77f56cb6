//! A listener, and those who call it.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use rustls::{ClientConfig, pki_types::ServerName, sign::SingleCertAndKey};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Handle,
    sync::{Notify, mpsc},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::{Status, body::Body, transport::Channel};
use tower::{Service, ServiceExt};

use super::authority::Authority;
use crate::{
    Accepts, Credentials, Limits, Peer, Refusal, Refusals, RequestBody, Serving, Worker, serve, tls,
};

pub(super) const FIRE: &str = "spiffe://oncebus.test/dept/fire/system/window-1";
pub(super) const GATEWAY: &str = "spiffe://oncebus.test/gateway/gw-1";

/// No test waits longer for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A gateway's listener, its authority, and what it refused.
pub(super) struct Town {
    pub(super) authority: Authority,
    pub(super) serving: Serving,
    pub(super) service: Arc<Handler>,
    refused: mpsc::Receiver<Refusal>,
}

/// Answers `/peer` at once, `/wait` once it is let go, `/stream` with chunks until then, and `/endless`
/// without end.
#[derive(Debug, Default)]
pub(super) struct Handler {
    begun: Notify,
    go: Notify,
    pub(super) peers: Mutex<Vec<Arc<Peer>>>,
}

#[derive(Debug)]
struct Counter(mpsc::Sender<Refusal>);

/// A client without a certificate.
#[derive(Debug)]
struct Nothing;

// === impl Town ===

impl Town {
    pub(super) async fn with(limits: Limits) -> Self {
        let service = Arc::new(Handler::default());
        let worker = Worker::new(Handle::current(), answering(&service));
        Self::serving(limits, service, vec![worker]).await
    }

    pub(super) async fn serving(
        limits: Limits,
        service: Arc<Handler>,
        workers: Vec<Worker>,
    ) -> Self {
        let authority = Authority::new("town");
        let tls = authority.credentials(GATEWAY).server(Accepts::Systems).unwrap();
        let (counter, refused) = counter();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving = serve(listener, tls, limits, workers, counter).unwrap();
        Self { authority, serving, service, refused }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.serving.local_address()
    }

    pub(super) fn endpoint(&self) -> String {
        format!("https://{}", self.address())
    }

    /// A caller's channel, with a certificate of its own.
    pub(super) fn channel(&self, uri: &str) -> Channel {
        let credentials = self.authority.credentials(uri);
        credentials.dialer(Accepts::Gateways).unwrap().channel(&self.endpoint()).unwrap()
    }

    /// The next refusal.
    pub(super) async fn refusal(&mut self) -> Refusal {
        timeout(PATIENCE, self.refused.recv()).await.unwrap().unwrap()
    }

    pub(super) fn no_refusal(&mut self) -> bool {
        self.refused.try_recv().is_err()
    }

    /// Waits until so many connections are open.
    pub(super) async fn until_open(&self, wanted: usize) {
        let reached = async {
            while self.serving.connections() != wanted {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, reached).await.unwrap();
    }

    /// Opens a connection below HTTP/2, with the certificate of `credentials`.
    pub(super) async fn knock(&self, credentials: &Credentials) -> TlsStream<TcpStream> {
        let config = tls::client(credentials, Accepts::Gateways).unwrap();
        shake(self.address(), config).await.unwrap()
    }
}

impl Refusals for Counter {
    fn refused(&self, address: IpAddr, refusal: Refusal) {
        assert!(address.is_loopback());
        // A test that has ended counts no more.
        let _ = self.0.try_send(refusal);
    }
}

impl rustls::client::ResolvesClientCert for Nothing {
    fn resolve(
        &self,
        _authorities: &[&[u8]],
        _schemes: &[rustls::SignatureScheme],
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

// === impl Handler ===

impl Handler {
    /// Waits until a `/wait` call is being answered.
    pub(super) async fn begun(&self) {
        timeout(PATIENCE, self.begun.notified()).await.unwrap();
    }

    /// Lets a `/wait` or `/stream` call end.
    pub(super) fn let_go(&self) {
        self.go.notify_one();
    }

    /// Where the calls came from, in their order.
    pub(super) fn ports(&self) -> Vec<u16> {
        self.peers.lock().unwrap().iter().map(|peer| peer.address.port()).collect()
    }

    async fn answer(self: Arc<Self>, request: Request<RequestBody>) -> Response<Body> {
        let peer = request.extensions().get::<Arc<Peer>>().unwrap();
        self.peers.lock().unwrap().push(Arc::clone(peer));
        match request.uri().path() {
            "/wait" => {
                self.begun.notify_one();
                self.go.notified().await;
            }
            "/stream" => return Response::new(Body::new(StreamBody::new(self.chunks()))),
            "/endless" => return Response::new(Body::new(StreamBody::new(endless()))),
            _ => {}
        }
        Status::ok("").into_http()
    }

    fn chunks(
        self: Arc<Self>,
    ) -> impl futures_util::Stream<Item = Result<Frame<Bytes>, Status>> + Send + 'static {
        stream::unfold((self, 0), |(handler, sent)| async move {
            if sent == 1 {
                handler.begun.notify_one();
                handler.go.notified().await;
            }
            (sent < 2).then(|| (Ok(Frame::data(Bytes::from_static(b"chunk"))), (handler, sent + 1)))
        })
    }
}

fn endless() -> impl futures_util::Stream<Item = Result<Frame<Bytes>, Status>> + Send + 'static {
    stream::repeat_with(|| Ok(Frame::data(Bytes::from_static(&[7; 256 * 1024]))))
}

/// Counts refusals, and tells them in their order.
pub(super) fn counter() -> (Arc<dyn Refusals>, mpsc::Receiver<Refusal>) {
    let (counted, refused) = mpsc::channel(1_024);
    (Arc::new(Counter(counted)), refused)
}

/// The handler as a service.
fn answering(
    handler: &Arc<Handler>,
) -> impl Service<
    Request<RequestBody>,
    Response = Response<Body>,
    Error = Infallible,
    Future: Send + 'static,
> + Clone
+ Send
+ Sync
+ 'static {
    let handler = Arc::clone(handler);
    tower::service_fn(move |request| {
        let handler = Arc::clone(&handler);
        async move { Ok(handler.answer(request).await) }
    })
}

/// Calls `path`; the answer's body is still to come.
pub(super) async fn call(channel: &Channel, path: &str) -> Result<Response<Body>, Status> {
    let request = Request::post(path).body(Body::empty()).unwrap();
    let answer = timeout(PATIENCE, channel.clone().oneshot(request)).await.unwrap();
    answer.map_err(|error| Status::from_error(error.into()))
}

/// A client's configuration that shows this certificate, or none.
pub(super) fn showing(
    trusting: &Credentials,
    shown: Option<rustls::sign::CertifiedKey>,
) -> Arc<ClientConfig> {
    let mut config = ClientConfig::clone(&tls::client(trusting, Accepts::Gateways).unwrap());
    config.client_auth_cert_resolver = match shown {
        Some(pair) => Arc::new(SingleCertAndKey::from(pair)),
        None => Arc::new(Nothing),
    };
    Arc::new(config)
}

pub(super) async fn shake(
    address: SocketAddr,
    config: Arc<ClientConfig>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(address).await?;
    let name = ServerName::try_from("gateway.test").unwrap();
    timeout(PATIENCE, TlsConnector::from(config).connect(name, socket)).await.unwrap()
}
