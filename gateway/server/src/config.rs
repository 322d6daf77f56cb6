//! The gateway's configuration: one TOML file, raw in, checked out.

mod bounds;
mod check;
mod compare;
mod fault;
mod identifiers;
mod list;
mod memory;
mod retention;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::Duration,
};

use figment::{
    Figment,
    providers::{Env, Format as _, Toml},
};
use oncebus_core::{DeptId, DuplicateCollection, IdentifierModes, Permission, Role};
use oncebus_store::SealRecipients;
use oncebus_trail::Origin;
use oncebus_transport::TrustDomain;
use serde::Deserialize;

use self::retention::RawRetention;
pub use self::{
    bounds::Bounds,
    check::Checked,
    fault::{ConfigError, ConfigFault},
    list::Setting,
    retention::{Hold, Retention},
};

/// Longest file that is read, in bytes; it bounds the lists in it too.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// Longest region, in bytes.
const MAX_REGION_BYTES: usize = 32;
/// Beginning of the variables that override top-level texts and the numbers of `[cache]` and `[limits]`,
/// as `ONCEBUS_GATEWAY_CACHE__CONTENT_MIB`.
const ENVIRONMENT: &str = "ONCEBUS_GATEWAY_";

/// What a gateway is told.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// The file that says so, whole.
    pub file: PathBuf,
    /// Where each top-level text and each limit came from.
    sources: HashMap<&'static str, Source>,
    /// Name of this gateway's log: trust domain and id.
    pub origin: Origin,
    /// Where to listen for systems; port 0 takes any free one.
    pub listen: String,
    /// Folder of registry, search index and keys.
    pub data_dir: PathBuf,
    /// Folder of the trail.
    pub trail_dir: PathBuf,
    /// File that keeps the trail's newest checkpoint, on another disk and in no backup of the trail.
    pub trail_guard: Option<PathBuf>,
    /// Whose keys the sealed parts of records are encrypted to.
    pub seal_recipients: SealRecipients,
    /// Region of the gateway, as records name it; empty for none.
    pub region: String,
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
    /// How long records are kept.
    pub retention: Retention,
    /// How strictly identifiers of requests are checked.
    pub identifiers: IdentifierModes,
    /// What follows from an upload of what a department has already.
    pub duplicate_collection: DuplicateCollection,
    /// How much may be remembered and under way.
    pub bounds: Bounds,
}

/// Files of the gateway's own identity.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table of cert, key and ca")]
pub struct TlsConfig {
    /// Certificate with its chain.
    pub cert: PathBuf,
    /// Private key.
    pub key: PathBuf,
    /// Authorities to trust.
    pub ca: PathBuf,
}

/// Where a department's adapter listens.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// Where a value of a configuration came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The file.
    File,
    /// A variable of the environment.
    Environment,
    /// Nobody gave one.
    Default,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: String,
    trust_domain: String,
    listen: String,
    data_dir: PathBuf,
    trail_dir: Option<PathBuf>,
    trail_guard: Option<PathBuf>,
    catalog_dir: PathBuf,
    #[serde(default)]
    seal_recipients: Vec<String>,
    #[serde(default)]
    region: String,
    tls: TlsConfig,
    #[serde(default)]
    adapter: Vec<RawAdapter>,
    #[serde(default)]
    permission: Vec<Permission>,
    #[serde(default)]
    system: Vec<SystemConfig>,
    #[serde(default)]
    retention: RawRetention,
    #[serde(default)]
    identifiers: IdentifierModes,
    #[serde(default)]
    policy: RawPolicy,
    #[serde(default)]
    cache: BTreeMap<String, u64>,
    #[serde(default)]
    limits: BTreeMap<String, u64>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawPolicy {
    duplicate_collection: DuplicateCollection,
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
    /// Reads a TOML file; `ONCEBUS_GATEWAY_LISTEN` and the like override its top-level texts.
    /// Relative paths are relative to the file's folder. What the files say that it names is for
    /// [`GatewayConfig::check`].
    ///
    /// # Errors
    ///
    /// Names the file, the key and what is wrong with it.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        Self::read(file).map_err(|fault| fault.within(file))
    }

    fn read(file: &Path) -> Result<Self, ConfigFault> {
        let text = read_text(file).map_err(ConfigFault::Unreadable)?;
        // The process may go elsewhere before it reads the file again.
        let file = std::path::absolute(file).map_err(ConfigFault::Unreadable)?;
        let tables =
            ["tls", "adapter", "permission", "system", "retention", "identifiers", "policy"];
        let figment = Figment::new()
            .merge(Toml::string(&text))
            .merge(Env::prefixed(ENVIRONMENT).ignore(&tables).split("__"));
        let raw: Raw = figment.extract()?;
        raw.check(file, sources(&figment))
    }
}

impl Raw {
    /// Keys of the top-level texts, and of the one list among them.
    const TEXTS: [&str; 9] = [
        "id",
        "trust_domain",
        "listen",
        "data_dir",
        "trail_dir",
        "trail_guard",
        "catalog_dir",
        "seal_recipients",
        "region",
    ];

    fn check(
        self,
        file: PathBuf,
        sources: HashMap<&'static str, Source>,
    ) -> Result<GatewayConfig, ConfigFault> {
        let base = file.parent().unwrap_or(Path::new("."));
        let trust_domain: TrustDomain =
            self.trust_domain.parse().map_err(ConfigFault::TrustDomain)?;
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
            trail_guard: self.trail_guard.map(|file| base.join(file)),
            seal_recipients: SealRecipients::parse(&self.seal_recipients)
                .map_err(ConfigFault::SealRecipients)?,
            region: region(self.region)?,
            catalog_dir: base.join(self.catalog_dir),
            data_dir,
            trust_domain,
            tls,
            adapters: adapters(self.adapter)?,
            permissions: self.permission,
            systems: self.system,
            retention: self.retention.try_into()?,
            identifiers: self.identifiers,
            duplicate_collection: self.policy.duplicate_collection,
            bounds: bounds::checked(self.cache, self.limits)?,
            file,
            sources,
        })
    }
}

fn sources(figment: &Figment) -> HashMap<&'static str, Source> {
    let source = |key| {
        let origin = figment.find_metadata(key)?;
        let environment = origin.name.contains("environment");
        Some((key, if environment { Source::Environment } else { Source::File }))
    };
    let bounds = bounds::KEYS.iter().map(|key| key.name);
    let identifiers = identifiers::KEYS.map(|(key, _)| key);
    let tables =
        ["retention.keep_days", list::DUPLICATES].into_iter().chain(identifiers).chain(bounds);
    Raw::TEXTS.into_iter().chain(tables).filter_map(source).collect()
}

fn read_text(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(file)?.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)?;
    if u64::try_from(read).is_ok_and(|read| MAX_FILE_BYTES < read) {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than 1 MiB"));
    }
    Ok(text)
}

/// Checks that a region fits into records.
fn region(text: String) -> Result<String, ConfigFault> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if text.len() <= MAX_REGION_BYTES && text.bytes().all(plain) {
        Ok(text)
    } else {
        Err(ConfigFault::Region)
    }
}

fn adapters(listed: Vec<RawAdapter>) -> Result<Vec<AdapterConfig>, ConfigFault> {
    let mut adapters: Vec<AdapterConfig> = Vec::new();
    for RawAdapter { department, endpoint, first_byte_s } in listed {
        let department: DeptId = department.parse().map_err(ConfigFault::AdapterCode)?;
        if adapters.iter().any(|earlier| earlier.department == department) {
            return Err(ConfigFault::TwoAdapters(department));
        }
        if !(1..=60).contains(&first_byte_s) {
            return Err(ConfigFault::FirstByte { department, got: first_byte_s });
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
