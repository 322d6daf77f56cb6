//! `connection.json`, read back: where the gateway is, and who may call it from here.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use oncebus_transport::{Accepts, Credentials, TrustDomain};
use serde::Deserialize;
use tonic::transport::Channel;

use crate::exit::{CliError, Exit};

/// A gateway and the systems that can call it from here.
#[derive(Debug, Deserialize)]
pub(crate) struct Profile {
    endpoint: String,
    ca_file: PathBuf,
    systems: BTreeMap<String, System>,
}

#[derive(Debug, Deserialize)]
struct System {
    spiffe_id: String,
    cert_file: PathBuf,
    key_file: PathBuf,
}

// === impl Profile ===

impl Profile {
    /// Reads a connection file.
    ///
    /// # Errors
    ///
    /// Names the file, and what is wrong in it.
    pub(crate) fn load(file: &Path) -> Result<Self, CliError> {
        let shown = file.display();
        let text = fs::read(file).map_err(|error| {
            CliError::usage(format!(
                "cannot read the profile {shown}: {error}; `oncebus dev` writes one"
            ))
        })?;
        serde_json::from_slice(&text)
            .map_err(|error| CliError::usage(format!("{shown} is no connection file: {error}")))
    }

    /// Returns a connection of one system to the gateway; it is made when it is first used.
    ///
    /// # Errors
    ///
    /// If the system is unknown, or its certificate cannot be used.
    pub(crate) fn connect(&self, system: &str) -> Result<Channel, CliError> {
        let Some(me) = self.systems.get(system) else {
            let known: Vec<_> = self.systems.keys().map(String::as_str).collect();
            let known = known.join(", ");
            return Err(CliError::usage(format!("no system {system:?}, give one of {known}")));
        };
        let unusable = |error: &dyn std::fmt::Display| {
            CliError::usage(format!("the certificate of {system} cannot be used: {error}"))
        };
        let domain = trust_domain(&me.spiffe_id).ok_or_else(|| unusable(&"no SPIFFE id"))?;
        let credentials = Credentials::load(&me.cert_file, &me.key_file, &self.ca_file, domain)
            .map_err(|error| unusable(&error))?;
        let dialer = credentials.dialer(Accepts::Gateways).map_err(|error| unusable(&error))?;
        dialer
            .channel(&self.endpoint)
            .map_err(|error| CliError::new(Exit::Connect, error.to_string()))
    }
}

/// Returns the trust domain that a SPIFFE id names.
fn trust_domain(spiffe_id: &str) -> Option<TrustDomain> {
    spiffe_id.strip_prefix("spiffe://")?.split('/').next()?.parse().ok()
}
