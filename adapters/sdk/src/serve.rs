//! Serves an adapter to the gateways.

use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use oncebus_proto::{FILE_DESCRIPTOR_SET, v1::adapter_service_server::AdapterServiceServer};
use oncebus_transport::{
    Accepts, CallLimits, CallLimitsLayer, Credentials, CredentialsError, Identity, Limits,
    PathDeadline, Serving, Worker,
};
use tokio::{net::TcpListener, runtime::Handle};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic_health::{ServingStatus, server::HealthReporter};
use tower::Layer as _;

use crate::{
    Adapter, Description, FieldError, health, refusals::RefusalLog, service::Service, status,
};

/// Largest request of the adapter service: 1 MiB of data, and what is around it.
const MAX_REQUEST_BYTES: usize = (1024 + 64) * 1024;
/// Largest request of the services beside it.
const MAX_CONTROL_BYTES: usize = 64 * 1024;
/// Longest transfer of one content.
const TRANSFER: Duration = Duration::from_secs(10 * 60);

/// How an adapter is served. The defaults are right for most.
#[derive(Clone, Debug)]
pub struct Options {
    /// Limits of the listener.
    pub limits: Limits,
    /// How long the calls in flight may go on once the adapter is told to stop.
    pub drain: Duration,
    /// How often the health service asks the adapter.
    pub check_interval: Duration,
}

/// Why an adapter cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The adapter describes itself wrongly.
    #[error("the adapter's description is wrong")]
    Description(#[from] FieldError),
    /// The certificate is not this adapter's.
    #[error("the certificate is of {own}, but the adapter is {wanted}: give its own certificate")]
    Identity {
        /// SPIFFE id of the certificate.
        own: String,
        /// SPIFFE id that it should have.
        wanted: String,
    },
    /// The certificate cannot be used.
    #[error("the certificate cannot be used")]
    Tls(#[from] CredentialsError),
    /// The listener cannot be used.
    #[error("the listener cannot be used")]
    Listen(#[from] io::Error),
}

/// What answers calls, and how it is told whether the adapter is well.
struct Parts {
    routes: Routes,
    health: HealthReporter,
}

/// An adapter that takes calls. Dropping it cuts them.
pub struct Server<A> {
    adapter: Arc<A>,
    serving: Serving,
    health: HealthReporter,
    options: Options,
}

// === impl Server ===

impl<A: Adapter> Server<A> {
    /// Begins to take calls.
    ///
    /// # Errors
    ///
    /// Returns [`ServeError`] before anything is served: the adapter describes itself wrongly, the
    /// certificate is another's, or the listener cannot be used.
    pub async fn start(
        adapter: Arc<A>,
        listener: TcpListener,
        credentials: &Credentials,
        options: Options,
    ) -> Result<Self, ServeError> {
        let description = adapter.describe();
        let Parts { routes, health } = parts(Arc::clone(&adapter), description.clone())?;
        must_be_own(&description, credentials)?;
        health::set::<A>(&health, health::NOT_SERVING).await;

        let service = CallLimitsLayer::new(call_limits()).layer(routes.prepare());
        let worker = Worker::new(Handle::current(), service);
        let tls = credentials.server(Accepts::Gateways)?;
        let refusals = Arc::new(RefusalLog::default());
        let limits = options.limits.clone();
        let serving = oncebus_transport::serve(listener, tls, limits, vec![worker], refusals)?;
        tracing::info!(address = %serving.local_address(), "adapter listens");
        Ok(Self { adapter, serving, health, options })
    }

    /// Returns the address that is listened on, with its true port.
    pub fn local_address(&self) -> SocketAddr {
        self.serving.local_address()
    }

    /// Takes calls until `shutdown`; then lets those in flight end.
    pub async fn run_until(self, shutdown: CancellationToken) {
        let watch = health::watch(self.adapter.as_ref(), &self.health, self.options.check_interval);
        let _stopped = shutdown.run_until_cancelled(watch).await;

        health::set::<A>(&self.health, health::NOT_SERVING).await;
        let drained = self.serving.drain(self.options.drain).await;
        tracing::info!(cut = drained.cut, after = ?drained.after, "adapter stopped");
    }
}

impl<A> fmt::Debug for Server<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("serving", &self.serving).finish_non_exhaustive()
    }
}

// === impl Options ===

impl Default for Options {
    fn default() -> Self {
        Self {
            // A gateway passes the slowness of its caller on, and cuts that caller itself.
            limits: Limits {
                response_progress: 2 * Limits::default().response_progress,
                ..Limits::default()
            },
            drain: Duration::from_secs(30),
            check_interval: Duration::from_secs(10),
        }
    }
}

/// Serves `adapter` on `listener` until `shutdown`; then lets the calls in flight end.
///
/// Only gateways of the credentials' trust domain get in. Bind the listener to port 0 for a free one
/// and ask it for its address.
///
/// # Errors
///
/// Returns what [`Server::start`] does.
pub async fn serve<A: Adapter>(
    adapter: Arc<A>,
    listener: TcpListener,
    credentials: &Credentials,
    options: Options,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let server = Server::start(adapter, listener, credentials, options).await?;
    server.run_until(shutdown).await;
    Ok(())
}

/// Returns the services of an adapter without any transport, health as always well.
///
/// For tests and for whoever owns a server: who may call is then theirs to check.
///
/// # Errors
///
/// Returns [`ServeError::Description`] if the adapter describes itself wrongly.
pub async fn routes<A: Adapter>(adapter: Arc<A>) -> Result<Routes, ServeError> {
    let description = adapter.describe();
    let Parts { routes, health } = parts(adapter, description)?;
    health::set::<A>(&health, ServingStatus::Serving).await;
    Ok(routes)
}

fn parts<A: Adapter>(adapter: Arc<A>, description: Description) -> Result<Parts, ServeError> {
    description.check()?;
    let service = AdapterServiceServer::new(Service::new(adapter, description))
        .max_decoding_message_size(MAX_REQUEST_BYTES);
    let (reporter, health) = tonic_health::server::health_reporter();
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .expect("descriptor sets made by the compiler decode");
    let routes = Routes::new(service)
        .add_service(health.max_decoding_message_size(MAX_CONTROL_BYTES))
        .add_service(reflection.max_decoding_message_size(MAX_CONTROL_BYTES));
    Ok(Parts { routes, health: reporter })
}

fn must_be_own(description: &Description, credentials: &Credentials) -> Result<(), ServeError> {
    let wanted = Identity::Adapter {
        department: description.department.clone(),
        name: description.name.clone(),
    };
    if *credentials.own_identity() == wanted {
        return Ok(());
    }
    let own = credentials.own_spiffe_id();
    Err(ServeError::Identity { own, wanted: wanted.uri(credentials.trust_domain()) })
}

/// The times of calls: what moves a content may take minutes.
fn call_limits() -> CallLimits {
    let long =
        |prefix: &str| PathDeadline { prefix: prefix.to_owned(), default: TRANSFER, max: TRANSFER };
    CallLimits {
        paths: vec![
            long("/oncebus.v1.AdapterService/Fetch"),
            long("/oncebus.v1.AdapterService/Seal"),
            long("/grpc.health.v1.Health/Watch"),
        ],
        refuse: status::refuse,
        ..CallLimits::default()
    }
}
