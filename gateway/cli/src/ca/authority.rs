//! The authority: its key, its certificate and the trust domain it speaks for.

use std::path::Path;

use jiff::Timestamp;
use oncebus_transport::{IdentityError, TrustDomain};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SanType,
};
use x509_parser::{extensions::GeneralName, pem::Pem};

use super::{
    CaError,
    files::{Readers, private_dir, read, refuse_existing, write_new},
    issue::{Lifetime, uri},
};

/// The authority's certificate, in its own folder and beside each certificate that it issues.
pub(crate) const CERTIFICATE_FILE: &str = "ca.pem";
/// The authority's key, in its own folder.
pub(crate) const KEY_FILE: &str = "ca-key.pem";
/// An authority is valid for ten years.
const LIFETIME_DAYS: u32 = 3_650;
const URI_SCHEME: &str = "spiffe://";

/// A development authority: one key, one certificate, one trust domain.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(super) domain: TrustDomain,
    pub(super) certificate: String,
    pub(super) not_after: Timestamp,
    pub(super) issuer: Issuer<'static, KeyPair>,
}

/// What an authority's own certificate says.
struct Face {
    domain: TrustDomain,
    not_after: Timestamp,
}

// === impl Authority ===

impl Authority {
    /// Makes a new authority for `domain` in the folder `dir`.
    ///
    /// # Errors
    ///
    /// Returns [`CaError::Exists`] if there is one already.
    pub(crate) fn init(dir: &Path, domain: TrustDomain, now: Timestamp) -> Result<Self, CaError> {
        let (certificate, key) = (dir.join(CERTIFICATE_FILE), dir.join(KEY_FILE));
        refuse_existing([certificate.as_path(), &key])?;

        let authority = Self::new(domain, now)?;

        private_dir(dir)?;
        write_new(&key, authority.issuer.key().serialize_pem().as_bytes(), Readers::Owner)?;
        write_new(&certificate, authority.certificate.as_bytes(), Readers::Everybody)?;
        Ok(authority)
    }

    /// Opens the authority in the folder `dir`.
    ///
    /// # Errors
    ///
    /// Returns [`CaError`] naming the file that is missing or not what it must be.
    pub(crate) fn open(dir: &Path) -> Result<Self, CaError> {
        let path = dir.join(CERTIFICATE_FILE);
        let broken = |fault: String| CaError::NoAuthority { path: path.clone(), fault };
        let certificate = text(read(&path)?).map_err(broken)?;
        let key = text(read(&dir.join(KEY_FILE))?).map_err(broken)?;

        let Face { domain, not_after } = face(certificate.as_bytes()).map_err(broken)?;
        let key = KeyPair::from_pem(&key).map_err(|error| broken(error.to_string()))?;
        let issuer = Issuer::from_ca_cert_pem(&certificate, key)?;
        Ok(Self { domain, certificate, not_after, issuer })
    }

    /// Makes a new authority in memory.
    pub(super) fn new(domain: TrustDomain, now: Timestamp) -> Result<Self, CaError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let lifetime = Lifetime::days(LIFETIME_DAYS, now);
        let params = params(&domain, &key, lifetime)?;
        let certificate = params.self_signed(&key)?.pem();
        let not_after = lifetime.not_after();
        Ok(Self { domain, certificate, not_after, issuer: Issuer::new(params, key) })
    }

    /// Returns the trust domain of every identity it issues.
    pub(crate) fn trust_domain(&self) -> &TrustDomain {
        &self.domain
    }
}

fn params(
    domain: &TrustDomain,
    key: &KeyPair,
    lifetime: Lifetime,
) -> Result<CertificateParams, CaError> {
    let mut params = CertificateParams::default();
    // Two authorities never share a name: a chain is then sought under the right one only.
    let id = hex::encode(params.key_identifier(key));
    let id = id.get(..8).unwrap_or(&id);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "oncebus");
    params.distinguished_name.push(DnType::CommonName, format!("development authority {id}"));
    params.subject_alt_names = vec![SanType::URI(uri(&format!("{URI_SCHEME}{domain}"))?)];
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    lifetime.set(&mut params);
    Ok(params)
}

/// Reads what an authority's own certificate says of it.
fn face(pem: &[u8]) -> Result<Face, String> {
    let block = Pem::iter_from_buffer(pem).next().ok_or("there is no certificate in it")?;
    let block = block.map_err(|error| error.to_string())?;
    let certificate = block.parse_x509().map_err(|error| error.to_string())?;
    let names = certificate.subject_alternative_name().map_err(|error| error.to_string())?;
    let names = names.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
    let domain = match names {
        [GeneralName::URI(uri)] => uri.strip_prefix(URI_SCHEME),
        _ => None,
    };
    let domain = domain.ok_or("it names no trust domain (one URI, spiffe://NAME)")?;
    let domain = domain.parse().map_err(|error: IdentityError| error.to_string())?;
    let not_after = Timestamp::from_second(certificate.validity().not_after.timestamp())
        .map_err(|error| error.to_string())?;
    Ok(Face { domain, not_after })
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| error.to_string())
}
