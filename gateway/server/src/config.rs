//! The gateway's configuration: one TOML file, raw in, checked out.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use figment::{
    Figment,
    providers::{Env, Format as _, Toml},
};
use oncebus_core::{DeptId, FieldError, Permission, Role};
use oncebus_trail::{Origin, OriginError};
use oncebus_transport::{IdentityError, Limits, TrustDomain};
use serde::Deserialize;

/// What a gateway is told.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// Name of this gateway's log: trust domain and id.
    pub origin: Origin,
    /// Where to listen for systems; port 0 takes any free one.
    pub listen: String,
    /// Folder of registry, search index and keys.
    pub data_dir: PathBuf,
    /// Folder of the trail.
    pub trail_dir: PathBuf,
    /// Folder of the catalogue.
    pub catalog_dir: PathBuf,
    /// Trust domain of every identity.
    pub trust_domain: TrustDomain,
    /// Certificate with its chain, key, and the authorities to trust; PEM.
    pub tls: TlsConfig,
    /// The departments' adapters.
    pub adapters: Vec<AdapterConfig>,
    /// Which department may do what; all else is denied.
    pub permissions: Vec<Permission>,
    /// Systems with another role than `department`.
    pub systems: Vec<SystemConfig>,
    /// Limits of connections.
    pub limits: Limits,
}

/// Files of the gateway's own identity.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// Certificate with its chain.
    pub cert: PathBuf,
    /// Private key.
    pub key: PathBuf,
    /// Authorities to trust.
    pub ca: PathBuf,
}

/// Where a department's adapter listens.
#[derive(Clone, Debug)]
pub struct AdapterConfig {
    /// The department.
    pub department: DeptId,
    /// `https://HOST:PORT`.
    pub endpoint: String,
    /// Longest wait for an answer of it, or for the first byte of one; up to 60 s.
    pub first_byte: Duration,
}

/// What a system may do beside its department's own business.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemConfig {
    /// The system.
    pub spiffe_id: String,
    /// Its role.
    pub role: Role,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file does not say what it must, or says something unknown.
    #[error("{file}: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// Key, fault and place.
        source: Box<figment::Error>,
    },
    /// The trust domain is none.
    #[error("trust_domain: {0}")]
    TrustDomain(#[from] IdentityError),
    /// The id makes no name of a log.
    #[error("id: {0}")]
    Origin(#[from] OriginError),
    /// A department's code is none.
    #[error("adapter: {0}")]
    Department(#[from] FieldError),
    /// A department has two adapters.
    #[error("adapter: department {0} is listed twice, remove one")]
    TwoAdapters(DeptId),
    /// An adapter has no time, or too much.
    #[error("adapter of {department}: first_byte_s is {got}, give 1 to 60")]
    FirstByte {
        /// The department.
        department: DeptId,
        /// What the file says.
        got: u64,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: String,
    trust_domain: String,
    listen: String,
    data_dir: PathBuf,
    trail_dir: Option<PathBuf>,
    catalog_dir: PathBuf,
    tls: TlsConfig,
    #[serde(default)]
    adapter: Vec<RawAdapter>,
    #[serde(default)]
    permission: Vec<Permission>,
    #[serde(default)]
    system: Vec<SystemConfig>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAdapter {
    department: String,
    endpoint: String,
    #[serde(default = "first_byte_s")]
    first_byte_s: u64,
}

// === impl GatewayConfig ===

impl GatewayConfig {
    /// Reads a TOML file; `ONCEBUS_GATEWAY_LISTEN` and the like override its top-level keys.
    /// Relative paths are relative to the file's folder.
    ///
    /// # Errors
    ///
    /// Names the file, the key and what is wrong with it.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let figment = Figment::new()
            .merge(Toml::file_exact(file))
            .merge(Env::prefixed("ONCEBUS_GATEWAY_").ignore(&["tls", "adapter"]));
        let raw: Raw = figment.extract().map_err(|source| ConfigError::Unreadable {
            file: file.display().to_string(),
            source: Box::new(source),
        })?;
        raw.check(file.parent().unwrap_or(Path::new(".")))
    }
}

impl Raw {
    fn check(self, base: &Path) -> Result<GatewayConfig, ConfigError> {
        let trust_domain: TrustDomain = self.trust_domain.parse()?;
        let origin = format!("{}/gateway/{}", self.trust_domain, self.id).parse()?;
        let data_dir = base.join(self.data_dir);
        let trail_dir = match self.trail_dir {
            Some(dir) => base.join(dir),
            None => data_dir.join("trail"),
        };
        let tls = TlsConfig {
            cert: base.join(self.tls.cert),
            key: base.join(self.tls.key),
            ca: base.join(self.tls.ca),
        };
        Ok(GatewayConfig {
            origin,
            listen: self.listen,
            trail_dir,
            catalog_dir: base.join(self.catalog_dir),
            data_dir,
            trust_domain,
            tls,
            adapters: adapters(self.adapter)?,
            permissions: self.permission,
            systems: self.system,
            limits: Limits::default(),
        })
    }
}

fn adapters(listed: Vec<RawAdapter>) -> Result<Vec<AdapterConfig>, ConfigError> {
    let mut adapters: Vec<AdapterConfig> = Vec::new();
    for RawAdapter { department, endpoint, first_byte_s } in listed {
        let department: DeptId = department.parse()?;
        if adapters.iter().any(|earlier| earlier.department == department) {
            return Err(ConfigError::TwoAdapters(department));
        }
        if !(1..=60).contains(&first_byte_s) {
            return Err(ConfigError::FirstByte { department, got: first_byte_s });
        }
        let first_byte = Duration::from_secs(first_byte_s);
        adapters.push(AdapterConfig { department, endpoint, first_byte });
    }
    Ok(adapters)
}

/// Of adapters that the file says nothing else of.
const fn first_byte_s() -> u64 {
    5
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(first_byte_s: u64) -> Result<Vec<AdapterConfig>, ConfigError> {
        let (department, endpoint) = ("market".to_owned(), "https://127.0.0.1:1".to_owned());
        adapters(vec![RawAdapter { department, endpoint, first_byte_s }])
    }

    #[test]
    fn an_adapter_has_one_to_sixty_seconds_for_its_first_byte() {
        for seconds in [1, 5, 60] {
            assert_eq!(listed(seconds).unwrap()[0].first_byte, Duration::from_secs(seconds));
        }
        for seconds in [0, 61, u64::MAX] {
            assert!(listed(seconds).is_err(), "{seconds} was taken");
        }
    }
}
