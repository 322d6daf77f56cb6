//! Issues certificates: one identity each, for one side or both of a connection.

use std::{net::IpAddr, path::Path, time::Duration};

use jiff::{SignedDuration, Timestamp};
use oncebus_transport::{Credentials, Identity};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType, date_time_ymd, string::Ia5String,
};

use super::{
    Authority, CERTIFICATE_FILE, CaError,
    files::{Readers, private_dir, refuse_existing, write_new},
};

/// Certificates are valid from a little earlier, as clocks differ.
const BACKDATE: SignedDuration = SignedDuration::from_mins(5);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// From when until when a certificate is valid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetime {
    now: Timestamp,
    days: u32,
}

/// Names of a server's host. Stock clients check them; the bus itself goes by SPIFFE ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    dns: Vec<String>,
    ip: Vec<IpAddr>,
}

/// A certificate, its key and the authority that issued it; PEM.
#[derive(Debug)]
pub(crate) struct Issued {
    /// Whose it is.
    pub(crate) spiffe_id: String,
    /// When it expires.
    pub(crate) not_after: Timestamp,
    pub(super) certificate: String,
    pub(super) key: KeyPair,
    pub(super) authority: String,
    pub(super) certificate_der: Vec<u8>,
}

// === impl Lifetime ===

impl Lifetime {
    /// A year.
    pub(crate) const DEFAULT_DAYS: u32 = 365;
    /// No longer than an authority.
    pub(crate) const MAX_DAYS: u32 = 3_650;

    /// Returns so many days from now; certificates know whole seconds only.
    pub(crate) fn days(days: u32, now: Timestamp) -> Self {
        Self { now: Timestamp::from_second(now.as_second()).unwrap_or(now), days }
    }

    pub(super) fn not_after(self) -> Timestamp {
        let end = self
            .now
            .saturating_add(DAY.saturating_mul(i32::try_from(self.days).unwrap_or(i32::MAX)));
        end.unwrap_or(Timestamp::MAX)
    }

    pub(super) fn set(self, params: &mut CertificateParams) {
        let unix = |time: Timestamp| {
            let seconds = u64::try_from(time.as_second()).unwrap_or(0);
            date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
        };
        params.not_before = unix(self.now.saturating_sub(BACKDATE).unwrap_or(self.now));
        params.not_after = unix(self.not_after());
    }
}

// === impl Names ===

impl Names {
    /// Returns these names.
    pub(crate) fn new(dns: Vec<String>, ip: Vec<IpAddr>) -> Self {
        Self { dns, ip }
    }

    /// Takes this machine's own names for a server that has none; systems are no servers.
    pub(crate) fn or_loopback(mut self, identity: &Identity) -> Self {
        if matches!(identity, Identity::System { .. }) {
            return self;
        }
        if self.dns.is_empty() {
            self.dns = vec!["localhost".to_owned()];
        }
        if self.ip.is_empty() {
            self.ip = vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
        }
        self
    }

    fn add_to(&self, params: &mut CertificateParams) -> Result<(), CaError> {
        for name in &self.dns {
            let label = |label: &str| {
                (1..=63).contains(&label.len())
                    && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            };
            let written = name.strip_prefix("*.").unwrap_or(name);
            if 253 < name.len() || !written.split('.').all(label) {
                return Err(CaError::DnsName { name: name.chars().take(253).collect() });
            }
            params.subject_alt_names.push(SanType::DnsName(uri(name)?));
        }
        params.subject_alt_names.extend(self.ip.iter().copied().map(SanType::IpAddress));
        Ok(())
    }
}

// === impl Authority ===

impl Authority {
    /// Issues a certificate for `identity`, with a new ECDSA P-256 key.
    ///
    /// Systems may only call; gateways and adapters may also be called.
    ///
    /// # Errors
    ///
    /// Returns [`CaError`] if a name is not spelt as one, or the certificate would outlive its
    /// authority.
    pub(crate) fn issue(
        &self,
        identity: &Identity,
        names: &Names,
        lifetime: Lifetime,
    ) -> Result<Issued, CaError> {
        let spiffe_id = identity.uri(&self.domain);
        // What is issued must be read back as what was asked for.
        Identity::parse(&spiffe_id, &self.domain)?;
        let not_after = lifetime.not_after();
        if self.not_after < not_after {
            return Err(CaError::Outlives { wanted: not_after, end: self.not_after });
        }

        let mut params = leaf(identity);
        params.subject_alt_names = vec![SanType::URI(uri(&spiffe_id)?)];
        names.add_to(&mut params)?;
        lifetime.set(&mut params);

        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let issued = Issued {
            spiffe_id,
            not_after,
            certificate: certificate.pem(),
            certificate_der: certificate.der().to_vec(),
            key,
            authority: self.certificate.clone(),
        };
        issued.credentials(self)?;
        Ok(issued)
    }
}

// === impl Issued ===

impl Issued {
    /// Name of the certificate's file.
    pub(crate) const CERTIFICATE_FILE: &str = "cert.pem";
    /// Name of the key's file.
    pub(crate) const KEY_FILE: &str = "key.pem";

    /// Writes cert.pem, key.pem and ca.pem into the folder `dir`, which is made if missing.
    ///
    /// # Errors
    ///
    /// Returns [`CaError::Exists`] if one of them is there already; then nothing is written.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), CaError> {
        let certificate = dir.join(Self::CERTIFICATE_FILE);
        let key = dir.join(Self::KEY_FILE);
        let authority = dir.join(CERTIFICATE_FILE);
        refuse_existing([certificate.as_path(), &key, &authority])?;

        private_dir(dir)?;
        write_new(&key, self.key.serialize_pem().as_bytes(), Readers::Owner)?;
        write_new(&authority, self.authority.as_bytes(), Readers::Everybody)?;
        write_new(&certificate, self.certificate.as_bytes(), Readers::Everybody)
    }

    /// Returns it as the bus itself reads it.
    pub(super) fn credentials(&self, authority: &Authority) -> Result<Credentials, CaError> {
        let (certificate, key) = (self.certificate.as_bytes(), self.key.serialize_pem());
        let domain = authority.domain.clone();
        let roots = self.authority.as_bytes();
        Ok(Credentials::from_pem(certificate, key.as_bytes(), roots, domain)?)
    }
}

/// Returns what holds for every certificate of such an identity.
fn leaf(identity: &Identity) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let usages = match identity {
        Identity::System { department, name } => {
            params.distinguished_name.push(DnType::OrganizationalUnitName, department.as_str());
            params.distinguished_name.push(DnType::CommonName, name.as_str());
            vec![ExtendedKeyUsagePurpose::ClientAuth]
        }
        Identity::Adapter { department, name } => {
            params.distinguished_name.push(DnType::OrganizationalUnitName, department.as_str());
            params.distinguished_name.push(DnType::CommonName, name.as_str());
            vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth]
        }
        Identity::Gateway { id } => {
            params.distinguished_name.push(DnType::CommonName, id.as_str());
            vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth]
        }
    };
    params.extended_key_usages = usages;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params
}

pub(super) fn uri(text: &str) -> Result<Ia5String, CaError> {
    Ok(text.try_into()?)
}
