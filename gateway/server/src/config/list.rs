//! Lists every value of a configuration, and where it came from.

use oncebus_core::{Digest, Role};

use super::{GatewayConfig, Source, bounds::KEYS, identifiers};

/// The key of what follows from a duplicate collection.
pub(super) const DUPLICATES: &str = "policy.duplicate_collection";

/// One value that a gateway runs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The key, as in the documentation.
    pub key: String,
    /// The value; paths are whole.
    pub value: String,
    /// Where it came from.
    pub source: Source,
}

// === impl GatewayConfig ===

impl GatewayConfig {
    /// Returns the SHA-256 of every value, hexadecimal, as records name the configuration.
    pub fn digest(&self) -> String {
        let lines: Vec<_> = self
            .settings()
            .into_iter()
            .map(|set| format!("{} = {}\n", set.key, set.value))
            .collect();
        hex::encode(Digest::of(lines.concat().as_bytes()).as_bytes())
    }

    /// Lists every value, in the order of the documentation.
    pub fn settings(&self) -> Vec<Setting> {
        let id = self.origin.to_string();
        let id = id.rsplit('/').next().unwrap_or_default().to_owned();
        let path = |path: &std::path::Path| path.display().to_string();
        let top = [
            ("id", id),
            ("trust_domain", self.trust_domain.to_string()),
            ("listen", self.listen.clone()),
            ("data_dir", path(&self.data_dir)),
            ("trail_dir", path(&self.trail_dir)),
            ("trail_guard", self.trail_guard.as_deref().map(path).unwrap_or_default()),
            ("catalog_dir", path(&self.catalog_dir)),
            ("seal_recipients", self.seal_recipients.to_string()),
            ("region", self.region.clone()),
        ];
        let sourced = |key: &str, value| {
            let source = self.sources.get(key).copied().unwrap_or(Source::Default);
            Setting { key: key.to_owned(), value, source }
        };
        let top = top.into_iter().map(|(key, value)| sourced(key, value));
        let bounds = KEYS.iter().map(|key| sourced(key.name, (key.get)(&self.bounds).to_string()));
        let tls = [("cert", &self.tls.cert), ("key", &self.tls.key), ("ca", &self.tls.ca)];
        let tls = tls.map(|(name, file)| Setting::written(format!("tls.{name}"), path(file)));
        let modes = identifiers::KEYS
            .map(|(key, identifier)| sourced(key, self.identifiers.of(identifier).as_str().into()));
        let duplicates = sourced(DUPLICATES, self.duplicate_collection.as_str().to_owned());
        let tables = self.tables().into_iter().chain([duplicates]);
        top.chain(tls).chain(tables).chain(modes).chain(bounds).collect()
    }

    fn tables(&self) -> Vec<Setting> {
        let adapters = self.adapters.iter().map(|adapter| {
            Setting::written(format!("adapter {}", adapter.department), adapter.endpoint.clone())
        });
        let permissions = self.permissions.iter().flat_map(|permission| {
            let key = |what| format!("permission {} {what}", permission.department);
            [(key("fetch"), &permission.fetch), (key("publish"), &permission.publish)]
        });
        let permissions = permissions.map(|(key, types)| match &types[..] {
            [] => Setting { key, value: "none".to_owned(), source: Source::Default },
            types => Setting::written(key, types.join(", ")),
        });
        let systems = self.systems.iter().map(|system| {
            Setting::written(format!("system {}", system.spiffe_id), role(system.role).to_owned())
        });
        let retention = &self.retention;
        let keep = ("retention.keep_days".to_owned(), retention.keep_days.to_string());
        let source = self.sources.get("retention.keep_days").copied().unwrap_or(Source::Default);
        let keep = Setting { key: keep.0, value: keep.1, source };
        let holds = retention.holds.iter().map(|hold| {
            let key = format!("retention.hold {} to {}", hold.from, hold.until);
            Setting::written(key, hold.reference.clone())
        });
        let mut rows: Vec<_> = std::iter::once(keep).chain(holds).collect();
        for (table, empty) in [
            ("adapter", self.adapters.is_empty()),
            ("permission", self.permissions.is_empty()),
            ("system", self.systems.is_empty()),
        ] {
            if empty {
                let (key, value) = (table.to_owned(), "none".to_owned());
                rows.push(Setting { key, value, source: Source::Default });
            }
        }
        adapters.chain(permissions).chain(systems).chain(rows).collect()
    }
}

// === impl Setting ===

impl Setting {
    fn written(key: String, value: String) -> Self {
        Self { key, value, source: Source::File }
    }
}

/// Returns a role as it is written.
fn role(role: Role) -> &'static str {
    match role {
        Role::Department => "department",
        Role::Auditor => "auditor",
        Role::Security => "security",
        Role::Operator => "operator",
    }
}
