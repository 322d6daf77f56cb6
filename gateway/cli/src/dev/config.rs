//! Writes the configuration of the gateway and of the adapters.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use oncebus_transport::TrustDomain;
use serde::Serialize;

use super::{
    cast::{ADAPTER, AUDIT_DEPARTMENT, AUDITOR, Cast, GATEWAY, Member, OPERATOR, SECURITY},
    edited,
    home::{Home, write_whole},
    identities,
    settings::Settings,
};
use crate::{
    ca::{self, Issued},
    exit::CliError,
};

const HEAD: &str = "# Written by `oncebus dev` at each start; changes are lost.\n\n";

/// Addresses and folders that the configuration is made of.
#[derive(Debug)]
pub(super) struct Setting<'a> {
    pub(super) home: &'a Home,
    pub(super) cast: &'a Cast,
    pub(super) settings: &'a Settings,
    pub(super) domain: &'a TrustDomain,
    /// Public half of the auditor's key.
    pub(super) seal_recipient: &'a str,
    /// Address of each adapter that is not started here, by department.
    pub(super) foreign_adapters: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Gateway<'a> {
    id: &'static str,
    trust_domain: &'a str,
    listen: String,
    data_dir: PathBuf,
    trail_dir: &'a Path,
    catalog_dir: PathBuf,
    seal_recipients: [&'a str; 1],
    tls: Tls,
    adapter: Vec<AdapterAddress<'a>>,
    permission: Vec<Permission<'a>>,
    system: [SystemRole; 3],
}

#[derive(Serialize)]
struct Adapter<'a> {
    department: &'a str,
    name: &'static str,
    trust_domain: &'a str,
    listen: String,
    root: PathBuf,
    types: &'a [String],
    tls: Tls,
}

#[derive(Serialize)]
struct Tls {
    cert: PathBuf,
    key: PathBuf,
    ca: PathBuf,
}

#[derive(Serialize)]
struct AdapterAddress<'a> {
    department: &'a str,
    endpoint: String,
}

#[derive(Serialize)]
struct Permission<'a> {
    department: &'a str,
    fetch: Vec<&'a str>,
    publish: &'a [String],
}

#[derive(Serialize)]
struct SystemRole {
    spiffe_id: String,
    role: &'static str,
}

// === impl Setting ===

impl Setting<'_> {
    /// Writes the configuration of the gateway, where people have not edited it, and of each adapter
    /// that is started here.
    ///
    /// # Errors
    ///
    /// Returns wrong usage if a file cannot be written.
    pub(super) fn write(&self) -> Result<(), CliError> {
        let file = self.home.gateway_config();
        edited::write(&file, &toml(&file, &self.gateway())?)?;
        for member in self.own_adapters() {
            let file = self.home.adapter_config(&member.department);
            let text = toml(&file, &self.adapter(member))?;
            write_whole(&file, format!("{HEAD}{text}").as_bytes())?;
        }
        Ok(())
    }

    /// Returns the departments whose adapters are started here.
    pub(super) fn own_adapters(&self) -> impl Iterator<Item = &Member> {
        let foreign = self.foreign_adapters;
        self.cast.members.iter().filter(|member| !foreign.contains_key(&member.department))
    }

    /// Returns where a department's adapter is.
    pub(super) fn endpoint(&self, department: &str) -> String {
        let own = || format!("https://{}", self.adapter_address(department));
        self.foreign_adapters.get(department).cloned().unwrap_or_else(own)
    }

    fn gateway(&self) -> Gateway<'_> {
        let members = &self.cast.members;
        // Each is called what it is.
        let system = |role| SystemRole {
            spiffe_id: identities::system(AUDIT_DEPARTMENT, role).uri(self.domain),
            role,
        };
        let address = |member: &'_ Member| self.endpoint(&member.department);
        Gateway {
            id: GATEWAY,
            trust_domain: self.domain.as_str(),
            listen: loopback(self.settings.gateway_port),
            data_dir: self.home.gateway_data(),
            trail_dir: &self.settings.trail_dir,
            catalog_dir: self.home.catalog(),
            seal_recipients: [self.seal_recipient],
            tls: Tls::within(&self.home.gateway_tls()),
            adapter: members
                .iter()
                .map(|m| AdapterAddress { department: &m.department, endpoint: address(m) })
                .collect(),
            permission: members
                .iter()
                .map(|member| Permission {
                    department: &member.department,
                    fetch: self.cast.may_ask_for(),
                    publish: &member.publishes,
                })
                .collect(),
            system: [system(AUDITOR), system(OPERATOR), system(SECURITY)],
        }
    }

    fn adapter<'m>(&'m self, member: &'m Member) -> Adapter<'m> {
        Adapter {
            department: &member.department,
            name: ADAPTER,
            trust_domain: self.domain.as_str(),
            listen: self.adapter_address(&member.department),
            root: self.home.adapter_data(&member.department),
            types: &member.keeps,
            tls: Tls::within(&self.home.adapter_tls(&member.department)),
        }
    }

    fn adapter_address(&self, department: &str) -> String {
        loopback(self.settings.adapter_ports.get(department).copied().unwrap_or_default())
    }
}

// === impl Tls ===

impl Tls {
    fn within(dir: &Path) -> Self {
        Self {
            cert: dir.join(Issued::CERTIFICATE_FILE),
            key: dir.join(Issued::KEY_FILE),
            ca: dir.join(ca::CERTIFICATE_FILE),
        }
    }
}

fn loopback(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

fn toml(path: &Path, config: &impl Serialize) -> Result<String, CliError> {
    toml::to_string(config).map_err(|error| {
        // A folder whose name is no text cannot stand in a TOML file.
        CliError::usage(format!("cannot write {}: {error}", path.display()))
    })
}
