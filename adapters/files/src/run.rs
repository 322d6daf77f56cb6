//! The adapter as a process.

use std::{io, net::SocketAddr, sync::Arc};

use oncebus_adapter::{
    CancellationToken, Credentials, CredentialsError, Options, ServeError, Server,
};
use tokio::net::TcpListener;

use crate::{FilesAdapter, FilesConfig, OpenError};

/// Why the adapter does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Certificate, key or authorities cannot be used.
    #[error("the adapter's credentials cannot be used")]
    Credentials(#[from] CredentialsError),
    /// The root folder cannot be used.
    #[error("the adapter's folder cannot be used")]
    Open(#[from] OpenError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// The adapter cannot be served.
    #[error("the adapter cannot be served")]
    Serve(#[from] ServeError),
}

/// Runs the adapter until `shutdown`, then lets the calls in flight end within 30 seconds.
///
/// `ready` gets the address, with its true port, as soon as connections are taken.
///
/// # Errors
///
/// Returns [`RunError`] if it cannot start.
pub async fn run(
    config: FilesConfig,
    shutdown: CancellationToken,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), RunError> {
    let credentials = Credentials::load(
        &config.certificate,
        &config.key,
        &config.authorities,
        config.trust_domain.clone(),
    )?;
    let adapter = Arc::new(FilesAdapter::open(&config)?);
    let unbound = |source| RunError::Listen { address: config.listen, source };
    let listener = TcpListener::bind(config.listen).await.map_err(unbound)?;
    let server = Server::start(adapter, listener, &credentials, Options::default()).await?;
    ready(server.local_address());
    server.run_until(shutdown).await;
    Ok(())
}
