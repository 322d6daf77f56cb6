//! `connection.json`: what scripts and the callers' commands need to know of a running bus.

use std::{collections::BTreeMap, path::PathBuf};

use oncebus_transport::TrustDomain;
use serde::Serialize;

use super::{
    cast::{AUDIT_DEPARTMENT, AUDITOR, OPERATOR, SECURITY},
    config::Setting,
    home::Home,
    identities,
};
use crate::ca::{self, Issued};

/// A DNS name in every gateway's certificate.
const SERVER_NAME: &str = "localhost";

/// What is known of the processes once they run.
#[derive(Debug)]
pub(super) struct Processes {
    /// Process of the gateway.
    pub(super) gateway_pid: u32,
    /// `https://HOST:PORT` of the gateway.
    pub(super) gateway_endpoint: String,
    /// Key that checks the checkpoints of the gateway's trail.
    pub(super) trail_vkey: String,
    /// Process of each adapter that was started here, by department.
    pub(super) adapter_pids: BTreeMap<String, u32>,
}

/// What scripts need to know of a running bus. Fields are only ever added; paths are absolute.
#[derive(Debug, Serialize)]
pub(super) struct Connection {
    /// `https://HOST:PORT` of the gateway.
    pub(super) endpoint: String,
    /// A DNS name in the gateway's certificate, for clients that check one.
    pub(super) server_name: String,
    /// The authority to trust.
    pub(super) ca_file: PathBuf,
    /// The authority's key, so that scripts can issue more certificates.
    pub(super) ca_key_file: PathBuf,
    /// Process of the gateway.
    pub(super) gateway_pid: u32,
    /// Folder of the trail.
    pub(super) trail_dir: PathBuf,
    /// Key that checks the trail's checkpoints (C2SP signed-note verifier key).
    pub(super) trail_vkey: String,
    /// Folder of the catalogue.
    pub(super) catalog_dir: PathBuf,
    /// The systems with a certificate, by name.
    pub(super) systems: BTreeMap<String, System>,
    /// The adapters, by department.
    pub(super) adapters: BTreeMap<String, Adapter>,
}

/// A system and its certificate.
#[derive(Debug, Serialize)]
pub(super) struct System {
    /// Department it belongs to.
    pub(super) department: String,
    /// Its identity.
    pub(super) spiffe_id: String,
    /// Its certificate.
    pub(super) cert_file: PathBuf,
    /// Its key.
    pub(super) key_file: PathBuf,
    /// The key that opens sealed parts; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seal_identity_file: Option<PathBuf>,
    /// Codes of the types that it may publish.
    pub(super) publishes: Vec<String>,
    /// Codes of the types that it may fetch.
    pub(super) fetches: Vec<String>,
}

/// An adapter.
#[derive(Debug, Serialize)]
pub(super) struct Adapter {
    /// Its process; absent where this bus did not start it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pid: Option<u32>,
    /// `https://HOST:PORT`.
    pub(super) endpoint: String,
    /// Folder with its materials; absent where this bus did not start it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data_dir: Option<PathBuf>,
}

// === impl Connection ===

impl Connection {
    /// Returns what is to be known of a bus that runs in this setting.
    pub(super) fn of(setting: &Setting<'_>, processes: Processes) -> Self {
        let Setting { home, cast, settings, domain, .. } = setting;
        let mut systems = BTreeMap::new();
        for member in &cast.members {
            let department = member.department.as_str();
            let mut system = System::of(home, domain, (department, department));
            system.publishes.clone_from(&member.publishes);
            system.fetches.clone_from(&cast.fetches);
            systems.insert(department.to_owned(), system);
        }
        for name in [AUDITOR, OPERATOR, SECURITY] {
            let mut system = System::of(home, domain, (AUDIT_DEPARTMENT, name));
            system.seal_identity_file = (name == AUDITOR).then(|| home.seal_identity());
            systems.insert(name.to_owned(), system);
        }
        let adapter = |department: &str| {
            let pid = processes.adapter_pids.get(department).copied();
            Adapter {
                pid,
                endpoint: setting.endpoint(department),
                data_dir: pid.map(|_own| home.adapter_data(department)),
            }
        };
        let departments = cast.members.iter().map(|member| member.department.clone());
        Self {
            adapters: departments.map(|name| (name.clone(), adapter(&name))).collect(),
            endpoint: processes.gateway_endpoint,
            server_name: SERVER_NAME.to_owned(),
            ca_file: home.authority().join(ca::CERTIFICATE_FILE),
            ca_key_file: home.authority().join(ca::KEY_FILE),
            gateway_pid: processes.gateway_pid,
            trail_dir: settings.trail_dir.clone(),
            trail_vkey: processes.trail_vkey,
            catalog_dir: home.catalog(),
            systems,
        }
    }
}

// === impl System ===

impl System {
    /// Returns the system of that department and name, which may do nothing yet.
    fn of(home: &Home, domain: &TrustDomain, (department, name): (&str, &str)) -> Self {
        let dir = home.system_tls(name);
        Self {
            department: department.to_owned(),
            spiffe_id: identities::system(department, name).uri(domain),
            cert_file: dir.join(Issued::CERTIFICATE_FILE),
            key_file: dir.join(Issued::KEY_FILE),
            seal_identity_file: None,
            publishes: Vec::new(),
            fetches: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
