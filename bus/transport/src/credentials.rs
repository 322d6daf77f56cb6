//! Our own certificate and key, and whom we trust.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    RootCertStore,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    sign::CertifiedKey,
};

use crate::{Accepts, Dialer, Identity, NameError, ServerTls, TrustDomain, tls};

/// A PEM file larger than this is not read: a bundle of some hundred authorities is far smaller.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Our own certificate chain and key, the authorities we trust, and our trust domain.
#[derive(Clone)]
pub struct Credentials {
    pub(crate) own: Arc<CertifiedKey>,
    pub(crate) roots: Arc<RootCertStore>,
    pub(crate) domain: TrustDomain,
    identity: Identity,
}

/// Why credentials cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{} is larger than 1 MiB: it cannot be a PEM file of certificates or a key", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// What should be PEM is not.
    #[error("{what} is not a PEM file that holds one")]
    Pem {
        /// `certificate`, `key` or `trust bundle`.
        what: &'static str,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// A PEM file without a certificate in it.
    #[error("{what} holds no certificate: look for a BEGIN CERTIFICATE line")]
    Empty {
        /// `certificate` or `trust bundle`.
        what: &'static str,
    },
    /// An authority's certificate cannot be used.
    #[error("the trust bundle holds a certificate that cannot be read")]
    Authority(#[source] rustls::Error),
    /// The key cannot be used, or belongs to another certificate.
    #[error("the key cannot be used with the certificate: issue both anew, together")]
    Key(#[source] rustls::Error),
    /// Our own certificate names no identity of the bus.
    #[error("our own certificate names no identity of the bus")]
    Identity(#[from] NameError),
    /// The TLS library refuses the configuration.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

impl Credentials {
    /// Reads PEM files: our certificate with its chain, our key, and the authorities we trust.
    ///
    /// # Errors
    ///
    /// Returns [`CredentialsError`] naming the file that cannot be read, or what is wrong within.
    pub fn load(
        certificate: &Path,
        key: &Path,
        authorities: &Path,
        domain: TrustDomain,
    ) -> Result<Self, CredentialsError> {
        Self::from_pem(&read(certificate)?, &read(key)?, &read(authorities)?, domain)
    }

    /// Takes the same three as PEM text.
    ///
    /// # Errors
    ///
    /// Returns [`CredentialsError`] saying what is wrong: no PEM, a key of another certificate, or a
    /// certificate that does not name exactly one identity of `domain`.
    pub fn from_pem(
        certificate: &[u8],
        key: &[u8],
        authorities: &[u8],
        domain: TrustDomain,
    ) -> Result<Self, CredentialsError> {
        let chain = certificates("certificate", certificate)?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|source| CredentialsError::Pem { what: "key", source })?;
        let mut roots = RootCertStore::empty();
        for authority in certificates("trust bundle", authorities)? {
            roots.add(authority).map_err(CredentialsError::Authority)?;
        }
        let leaf = chain.first().ok_or(CredentialsError::Empty { what: "certificate" })?;
        let (identity, _) = tls::identity_of(leaf, &domain)?;
        let own =
            CertifiedKey::from_der(chain, key, &tls::provider()).map_err(CredentialsError::Key)?;
        Ok(Self { own: Arc::new(own), roots: Arc::new(roots), domain, identity })
    }

    /// Returns who we are.
    pub fn own_identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns our SPIFFE id.
    pub fn own_spiffe_id(&self) -> String {
        self.identity.uri(&self.domain)
    }

    /// Returns our trust domain.
    pub fn trust_domain(&self) -> &TrustDomain {
        &self.domain
    }

    /// Returns our certificate's DER bytes, without its chain.
    pub fn certificate_der(&self) -> &[u8] {
        self.own.cert.first().map_or(&[], |leaf| leaf.as_ref())
    }

    /// Returns what a listener needs that takes these peers.
    ///
    /// # Errors
    ///
    /// Returns [`CredentialsError::Tls`] if the TLS library refuses the configuration.
    pub fn server(&self, accepts: Accepts) -> Result<ServerTls, CredentialsError> {
        Ok(tls::server(self, accepts)?)
    }

    /// Returns what calls these peers.
    ///
    /// # Errors
    ///
    /// Returns [`CredentialsError::Tls`] if the TLS library refuses the configuration.
    pub fn dialer(&self, accepts: Accepts) -> Result<Dialer, CredentialsError> {
        Ok(Dialer::new(tls::client(self, accepts)?, self.own_spiffe_id()))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key stays out of every log.
        f.debug_struct("Credentials")
            .field("identity", &self.own_spiffe_id())
            .finish_non_exhaustive()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CredentialsError> {
    let unread = |source| CredentialsError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unread)?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unread)?;
    if MAX_FILE_BYTES < bytes.len() as u64 {
        return Err(CredentialsError::TooLarge { path: path.to_owned() });
    }
    Ok(bytes)
}

fn certificates(
    what: &'static str,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, CredentialsError> {
    let found = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| CredentialsError::Pem { what, source })?;
    if found.is_empty() {
        return Err(CredentialsError::Empty { what });
    }
    Ok(found)
}
