//! Checks a configuration wholly: with the catalogue, the certificates and the addresses it names.

use std::{collections::HashSet, sync::Arc};

use oncebus_core::{Catalog, DeptId, Permissions};
use oncebus_transport::{Accepts, Credentials, Identity};

use super::{ConfigError, ConfigFault, GatewayConfig};

/// What a configuration comes to.
#[derive(Debug)]
pub struct Checked {
    /// The types and departments.
    pub catalog: Arc<Catalog>,
    /// Which department may do what.
    pub permissions: Permissions,
    pub(crate) credentials: Credentials,
}

// === impl GatewayConfig ===

impl GatewayConfig {
    /// Reads every file that the configuration names and checks all of it; nothing is written, and
    /// nobody is called. Must be called within a runtime, where the adapters' clients would live.
    ///
    /// # Errors
    ///
    /// Names the file, the key, what is wrong and what to do about it.
    pub fn check(&self) -> Result<Checked, ConfigError> {
        self.checked().map_err(|fault| fault.within(&self.file))
    }

    fn checked(&self) -> Result<Checked, ConfigFault> {
        let catalog = Catalog::load(&self.catalog_dir)?;
        let permissions = Permissions::check(&self.permissions, &catalog)?;
        self.check_systems(&catalog)?;
        let tls = &self.tls;
        let domain = self.trust_domain.clone();
        let credentials = Credentials::load(&tls.cert, &tls.key, &tls.ca, domain)?;
        self.check_adapters(&catalog, &credentials)?;
        Ok(Checked { catalog: Arc::new(catalog), permissions, credentials })
    }

    fn check_systems(&self, catalog: &Catalog) -> Result<(), ConfigFault> {
        let mut seen = HashSet::new();
        for system in &self.systems {
            let id = &system.spiffe_id;
            let identity = Identity::parse(id, &self.trust_domain).map_err(ConfigFault::System)?;
            let department = match &identity {
                Identity::System { department, .. } => department.parse::<DeptId>().ok(),
                Identity::Adapter { .. } | Identity::Gateway { .. } => None,
            };
            if department.and_then(|code| catalog.department(&code)).is_none() {
                return Err(ConfigFault::NoSystem(id.clone()));
            }
            if !seen.insert(id) {
                return Err(ConfigFault::TwoRoles(id.clone()));
            }
        }
        Ok(())
    }

    fn check_adapters(
        &self,
        catalog: &Catalog,
        credentials: &Credentials,
    ) -> Result<(), ConfigFault> {
        for adapter in &self.adapters {
            if catalog.department(&adapter.department).is_none() {
                return Err(ConfigFault::AdapterDepartment(adapter.department.clone()));
            }
            let accepts = Accepts::AdaptersOf(adapter.department.to_string());
            let _never_called = credentials.dialer(accepts)?.channel(&adapter.endpoint)?;
        }
        Ok(())
    }
}
