//! Checks a peer's certificate: chain, time, usage, identity, kind.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore,
    SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use webpki::EndEntityCert;

use super::{
    NameError, identity_of,
    usage::{CLIENT_AUTH, LeafUsage, SERVER_AUTH},
};
use crate::{Accepts, Credentials, TrustDomain};

/// Checks a peer's certificate, on either side.
///
/// The chain and the SPIFFE id say who the peer is; host names say nothing.
#[derive(Debug)]
pub(crate) struct PeerVerifier {
    roots: Arc<RootCertStore>,
    subjects: Vec<DistinguishedName>,
    algorithms: WebPkiSupportedAlgorithms,
    domain: TrustDomain,
    accepts: Accepts,
    usage: &'static [u8],
}

/// Why a certificate that is trusted is not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unaccepted {
    #[error(transparent)]
    Name(NameError),
    #[error("{found} is not {wanted}")]
    Kind { found: String, wanted: Accepts },
}

// === impl PeerVerifier ===

impl PeerVerifier {
    pub(crate) fn of_clients(own: &Credentials, accepts: Accepts, with: &CryptoProvider) -> Self {
        Self::new(own, accepts, with, CLIENT_AUTH)
    }

    pub(crate) fn of_servers(own: &Credentials, accepts: Accepts, with: &CryptoProvider) -> Self {
        Self::new(own, accepts, with, SERVER_AUTH)
    }

    fn new(
        own: &Credentials,
        accepts: Accepts,
        provider: &CryptoProvider,
        usage: &'static [u8],
    ) -> Self {
        Self {
            roots: Arc::clone(&own.roots),
            subjects: own.roots.subjects(),
            algorithms: provider.signature_verification_algorithms,
            domain: own.domain.clone(),
            accepts,
            usage,
        }
    }

    fn check(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        self.check_chain(leaf, intermediates, now).map_err(untrusted)?;
        let (identity, uri) =
            identity_of(leaf, &self.domain).map_err(|e| unaccepted(Unaccepted::Name(e)))?;
        if !self.accepts.takes(&identity) {
            let wanted = self.accepts.clone();
            return Err(unaccepted(Unaccepted::Kind { found: uri, wanted }));
        }
        Ok(())
    }

    fn check_chain(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), webpki::Error> {
        let leaf = EndEntityCert::try_from(leaf)?;
        let usage = LeafUsage::new(self.usage);
        let roots = &self.roots.roots;
        leaf.verify_for_usage(self.algorithms.all, roots, intermediates, now, usage, None, None)?;
        Ok(())
    }
}

impl ClientCertVerifier for PeerVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.subjects
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check(leaf, intermediates, now).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("only TLS 1.3 is spoken".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ServerCertVerifier for PeerVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _host: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(leaf, intermediates, now).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("only TLS 1.3 is spoken".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn unaccepted(reason: Unaccepted) -> Error {
    CertificateError::Other(OtherError(Arc::new(reason))).into()
}

/// Names the common cases as TLS does, so that the peer is told by its alert.
fn untrusted(error: webpki::Error) -> Error {
    let error = match error {
        webpki::Error::CertExpired { time, not_after } => {
            CertificateError::ExpiredContext { time, not_after }
        }
        webpki::Error::CertNotValidYet { time, not_before } => {
            CertificateError::NotValidYetContext { time, not_before }
        }
        webpki::Error::UnknownIssuer => CertificateError::UnknownIssuer,
        webpki::Error::RequiredEkuNotFoundContext(_) => CertificateError::InvalidPurpose,
        other => CertificateError::Other(OtherError(Arc::new(other))),
    };
    error.into()
}
