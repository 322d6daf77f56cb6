//! TLS as the bus speaks it: 1.3 only, certificates on both sides, nothing resumed.

mod names;
mod usage;
mod verifier;

use std::sync::Arc;

use rustls::{
    ClientConfig, ServerConfig,
    client::Resumption,
    crypto::{CryptoProvider, aws_lc_rs},
    server::NoServerSessionStorage,
    sign::SingleCertAndKey,
    version::TLS13,
};

use crate::{Accepts, Credentials, TrustDomain};

pub use names::NameError;
pub(crate) use names::identity_of;
pub(crate) use verifier::{PeerVerifier, Unaccepted};

/// The one application protocol: gRPC needs HTTP/2.
pub(crate) const ALPN: &[u8] = b"h2";

/// What a listener needs to know its peers.
#[derive(Clone, Debug)]
pub struct ServerTls {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) domain: TrustDomain,
}

/// Returns the cryptography: aws-lc, post-quantum key exchange first.
pub(crate) fn provider() -> CryptoProvider {
    use aws_lc_rs::kx_group::{SECP256R1, X25519, X25519MLKEM768};
    CryptoProvider {
        kx_groups: vec![X25519MLKEM768, X25519, SECP256R1],
        ..aws_lc_rs::default_provider()
    }
}

pub(crate) fn server(
    credentials: &Credentials,
    accepts: Accepts,
) -> Result<ServerTls, rustls::Error> {
    let provider = Arc::new(provider());
    let verifier = PeerVerifier::of_clients(credentials, accepts, &provider);
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(&credentials.own))));
    config.alpn_protocols = vec![ALPN.to_vec()];
    // A resumed session would skip the check of the client's certificate.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(ServerTls { config: Arc::new(config), domain: credentials.domain.clone() })
}

pub(crate) fn client(
    credentials: &Credentials,
    accepts: Accepts,
) -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(provider());
    let verifier = PeerVerifier::of_servers(credentials, accepts, &provider);
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(&credentials.own))));
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    Ok(Arc::new(config))
}
