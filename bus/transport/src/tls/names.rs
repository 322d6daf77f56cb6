//! The identity in a certificate.

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use crate::{Identity, IdentityError, TrustDomain};

/// Why a certificate names no identity of the bus.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NameError {
    /// The certificate cannot be read.
    #[error("certificate cannot be read: {0}")]
    Unreadable(webpki::Error),
    /// No URI among the certificate's names; the common name does not count.
    #[error("certificate has no SPIFFE id: exactly one URI name is needed")]
    None,
    /// More than one URI: which one would speak?
    #[error("certificate has several URI names: exactly one is needed")]
    Several,
    /// The URI is no identity of the bus.
    #[error(transparent)]
    Foreign(#[from] IdentityError),
}

/// Returns the one identity in a certificate's URI names, and how it is spelt there.
pub(crate) fn identity_of(
    certificate: &CertificateDer<'_>,
    domain: &TrustDomain,
) -> Result<(Identity, String), NameError> {
    let certificate = EndEntityCert::try_from(certificate).map_err(NameError::Unreadable)?;
    let mut names = certificate.valid_uri_names();
    let name = names.next().ok_or(NameError::None)?;
    if names.next().is_some() {
        return Err(NameError::Several);
    }
    Ok((Identity::parse(name, domain)?, name.to_owned()))
}
