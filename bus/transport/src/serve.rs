//! The accept loop, and the connections it deals to the workers.

mod acceptor;
mod activity;
mod admission;
mod call_body;
mod chunk;
mod connection;
mod delivery;
mod handshake;
mod hang_up;
mod http2;
mod pace;
mod request_body;
mod streams;

use std::{convert::Infallible, fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use http::{Request, Response};
use nix::sys::resource::{Resource, getrlimit};
use tokio::{
    net::TcpListener,
    runtime::Handle,
    time::{Instant, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::body::Body;
use tower::{Service, util::BoxCloneSyncService};

use crate::{Limits, Refusal, Refusals, ServerTls};
use admission::Admission;
pub use hang_up::HangUp;
use pace::Pace;
pub use request_body::RequestBody;

/// How long cut connections may take to let go of their sockets.
const CUT_GRACE: Duration = Duration::from_secs(1);

/// One runtime of the data plane, and what answers calls there.
///
/// Handshake, HTTP/2 and calls of a connection all run on the runtime that it was dealt to. Several
/// workers may share one runtime.
#[derive(Clone)]
pub struct Worker {
    runtime: Handle,
    service: BoxCloneSyncService<Request<RequestBody>, Response<Body>, Infallible>,
}

/// A listener at work. Dropping it cuts every connection.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    admission: Arc<Admission>,
    stopping: Stopping,
    tasks: TaskTracker,
}

/// How a [`Serving::drain`] went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still busy when the grace was over, and were cut.
    pub cut: usize,
    /// How long it took.
    pub after: Duration,
}

/// What all connections of a listener share.
#[derive(Debug)]
struct Shared {
    tls: ServerTls,
    limits: Limits,
    refusals: Arc<dyn Refusals>,
    stopping: Stopping,
}

/// The two steps of stopping.
#[derive(Clone, Debug)]
struct Stopping {
    /// No new connections or calls; those in flight go on.
    drain: CancellationToken,
    /// Nothing goes on.
    cut: CancellationToken,
}

/// A worker with the state that its connections share.
#[derive(Clone, Debug)]
struct Lane {
    worker: Worker,
    pace: Arc<Pace>,
}

/// Serves `listener` until the answer is drained or dropped.
///
/// The accept loop runs on the present runtime, holds every limit and deals the sockets to `workers` in
/// turn. The listener's own limits shrink to half of the process's file limit.
///
/// # Errors
///
/// Returns the system's error if the listener has no address or the file limit cannot be read, and
/// `InvalidInput` without a worker.
pub fn serve(
    listener: TcpListener,
    tls: ServerTls,
    limits: Limits,
    workers: Vec<Worker>,
    refusals: Arc<dyn Refusals>,
) -> io::Result<Serving> {
    if workers.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a listener needs a worker"));
    }
    let (file_limit, _hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let limits = limits.within(file_limit);
    let address = listener.local_addr()?;
    let admission = Arc::new(Admission::new(&limits));
    let stopping = Stopping { drain: CancellationToken::new(), cut: CancellationToken::new() };
    let tasks = TaskTracker::new();
    let lanes = workers.into_iter().map(|worker| Lane::new(worker, &limits)).collect();
    let shared = Shared { tls, limits, refusals, stopping: stopping.clone() };
    let acceptor = acceptor::Acceptor {
        listener,
        lanes,
        admission: Arc::clone(&admission),
        shared: Arc::new(shared),
        tasks: tasks.clone(),
    };
    tasks.spawn(acceptor.run());
    Ok(Serving { address, admission, stopping, tasks })
}

// === impl Worker ===

impl Worker {
    /// Makes a worker whose calls `service` answers, on `runtime`.
    pub fn new<S>(runtime: Handle, service: S) -> Self
    where
        S: Service<Request<RequestBody>, Response = Response<Body>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        Self { runtime, service: BoxCloneSyncService::new(service) }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("runtime", &self.runtime).finish_non_exhaustive()
    }
}

// === impl Lane ===

impl Lane {
    fn new(worker: Worker, limits: &Limits) -> Self {
        Self { worker, pace: Arc::new(Pace::new(limits.handshake_steps)) }
    }
}

// === impl Serving ===

impl Serving {
    /// Returns the address that is listened on, with its true port.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Returns how many connections are open, unfinished handshakes apart.
    pub fn connections(&self) -> usize {
        self.admission.open()
    }

    /// Refuses new connections and calls, lets the calls in flight end within `grace`, then cuts.
    pub async fn drain(self, grace: Duration) -> Drained {
        let start = Instant::now();
        self.stopping.drain.cancel();
        self.tasks.close();
        let ended = timeout(grace, self.tasks.wait()).await.is_ok();
        let cut = if ended { 0 } else { self.admission.open() };
        self.stopping.cut.cancel();
        if timeout(CUT_GRACE, self.tasks.wait()).await.is_err() {
            tracing::warn!(connections = cut, "cut connections did not end in their time");
        }
        Drained { cut, after: start.elapsed() }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stopping.drain.cancel();
        self.stopping.cut.cancel();
    }
}

// === impl Shared ===

impl Shared {
    /// Counts a refused connection.
    fn refuse(&self, address: SocketAddr, refusal: Refusal) {
        tracing::debug!(%address, %refusal, "connection refused");
        self.refusals.refused(address.ip().to_canonical(), refusal);
    }
}
