//! What a changed configuration changes only at the next start.

use super::{AdapterConfig, GatewayConfig, TlsConfig, bounds::KEYS};

// === impl GatewayConfig ===

impl GatewayConfig {
    /// Returns the keys whose values differ in `changed`, and which cannot change while the gateway
    /// runs, in the order of the documentation.
    pub(crate) fn restart_needed(&self, changed: &Self) -> Vec<&'static str> {
        // Every field is named here, so that none is forgotten: one that is reloadable is `_`.
        let Self {
            file: _,
            sources: _,
            origin,
            listen,
            data_dir,
            trail_dir,
            trail_guard,
            seal_recipients,
            region,
            catalog_dir: _,
            trust_domain,
            tls: TlsConfig { cert, key, ca },
            adapters,
            permissions: _,
            systems: _,
            retention: _,
            identifiers: _,
            duplicate_collection: _,
            bounds,
        } = self;
        let compared = [
            ("id", origin.to_string() == changed.origin.to_string()),
            ("trust_domain", *trust_domain == changed.trust_domain),
            ("listen", *listen == changed.listen),
            ("data_dir", *data_dir == changed.data_dir),
            ("trail_dir", *trail_dir == changed.trail_dir),
            ("trail_guard", *trail_guard == changed.trail_guard),
            ("seal_recipients", seal_recipients.to_string() == changed.seal_recipients.to_string()),
            ("region", *region == changed.region),
            ("tls.cert", *cert == changed.tls.cert),
            ("tls.key", *key == changed.tls.key),
            ("tls.ca", *ca == changed.tls.ca),
            ("adapter", in_order(adapters) == in_order(&changed.adapters)),
        ];
        let bounds =
            KEYS.iter().map(|key| (key.name, (key.get)(bounds) == (key.get)(&changed.bounds)));
        compared.into_iter().chain(bounds).filter(|(_, same)| !same).map(|(key, _)| key).collect()
    }
}

/// The order in which adapters are listed means nothing.
fn in_order(adapters: &[AdapterConfig]) -> Vec<&AdapterConfig> {
    let mut adapters: Vec<_> = adapters.iter().collect();
    adapters.sort_by(|one, other| one.department.as_str().cmp(other.department.as_str()));
    adapters
}
