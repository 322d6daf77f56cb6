//! Calls a peer by its SPIFFE id.

mod error;
mod stream;

use std::{sync::Arc, time::Duration};

use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

use crate::tls::ALPN;

pub use error::{ConnectError, EndpointError, connection_cause, was_not_sent};
use stream::DialledStream;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Windows for the download direction: 8 MiB keep a 10 Gbit/s link of 5 ms full.
const STREAM_WINDOW: u32 = 2 * 1024 * 1024;
const CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;
const HEADER_LIST: u32 = 8 * 1024;
/// Calls waiting for the connection; more wait in their own callers.
const WAITING_CALLS: usize = 1024;
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// Calls peers by their SPIFFE id: host names are for finding them, not for knowing them.
#[derive(Clone, Debug)]
pub struct Dialer {
    tls: Arc<ClientConfig>,
    own: Arc<str>,
}

/// Where to connect to.
#[derive(Clone, Debug)]
struct Target {
    host: String,
    port: u16,
    name: ServerName<'static>,
}

// === impl Dialer ===

impl Dialer {
    pub(crate) fn new(tls: Arc<ClientConfig>, own: String) -> Self {
        Self { tls, own: own.into() }
    }

    /// Returns a channel to `endpoint`, `https://HOST:PORT`.
    ///
    /// It connects at its first call and again when the connection is lost; a call that finds no
    /// connection fails with UNAVAILABLE and a [`ConnectError`] among its sources (see
    /// [`connection_cause`]). The channel's tasks run on the present runtime.
    ///
    /// # Errors
    ///
    /// Returns [`EndpointError`] if `endpoint` is spelt otherwise.
    pub fn channel(&self, endpoint: &str) -> Result<Channel, EndpointError> {
        let (uri, target) = parse(endpoint)?;
        let dialer = self.clone();
        let connector = tower::service_fn(move |_: Uri| {
            let (dialer, target) = (dialer.clone(), target.clone());
            async move { dialer.connect(target).await.map(TokioIo::new) }
        });
        let endpoint = Endpoint::from(uri)
            .buffer_size(WAITING_CALLS)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .http2_max_header_list_size(HEADER_LIST)
            .http2_keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .keep_alive_while_idle(true);
        Ok(endpoint.connect_with_connector_lazy(connector))
    }

    async fn connect(&self, target: Target) -> Result<DialledStream, ConnectError> {
        let address = format!("{}:{}", target.host, target.port);
        let dial = TcpStream::connect((target.host.as_str(), target.port));
        let socket = match timeout(CONNECT_TIMEOUT, dial).await {
            Ok(Ok(socket)) => socket,
            Ok(Err(source)) => return Err(ConnectError::Unreachable { address, source }),
            Err(_elapsed) => {
                return Err(ConnectError::Silent { address, after: CONNECT_TIMEOUT });
            }
        };
        if let Err(source) = socket.set_nodelay(true) {
            return Err(ConnectError::Unreachable { address, source });
        }
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let shake = connector.connect(target.name, socket);
        let stream = match timeout(HANDSHAKE_TIMEOUT, shake).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(ConnectError::of_handshake(address, &self.own, error)),
            Err(_elapsed) => {
                return Err(ConnectError::Silent { address, after: HANDSHAKE_TIMEOUT });
            }
        };
        if stream.get_ref().1.alpn_protocol() != Some(ALPN) {
            return Err(ConnectError::NoHttp2 { address });
        }
        Ok(DialledStream::new(stream, address, Arc::clone(&self.own)))
    }
}

fn parse(endpoint: &str) -> Result<(Uri, Target), EndpointError> {
    let malformed = || EndpointError(endpoint.chars().take(256).collect());
    let Ok(uri) = endpoint.parse::<Uri>() else { return Err(malformed()) };
    let plain = uri.scheme_str() == Some("https") && matches!(uri.path(), "" | "/");
    let bare = uri.query().is_none() && !endpoint.contains('@');
    let (Some(host), Some(port), true, true) = (uri.host(), uri.port_u16(), plain, bare) else {
        return Err(malformed());
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let Ok(name) = ServerName::try_from(host.clone()) else { return Err(malformed()) };
    Ok((uri, Target { host, port, name }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_https_with_host_and_port() {
        for endpoint in
            ["https://127.0.0.1:7443", "https://bus.city.example:1/", "https://[::1]:7443"]
        {
            assert!(parse(endpoint).is_ok(), "{endpoint} was refused");
        }
        for endpoint in [
            "",
            "127.0.0.1:7443",
            "http://127.0.0.1:7443",
            "https://127.0.0.1",
            "https://:7443",
            "https://a:7443/path",
            "https://a:7443?query",
            "https://user@a:7443",
            "https://a:99999",
        ] {
            assert!(parse(endpoint).is_err(), "{endpoint} was taken");
        }
    }

    #[test]
    fn the_brackets_of_an_ipv6_host_are_not_part_of_it() {
        let (_, target) = parse("https://[::1]:7443").unwrap();

        assert_eq!((target.host.as_str(), target.port), ("::1", 7443));
    }
}
