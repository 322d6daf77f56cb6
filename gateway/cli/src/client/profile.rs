//! `connection.json`, read back: where the gateway is, and who may call it from here.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use oncebus_trail::VerifierKey;
use oncebus_transport::{Accepts, Credentials, CredentialsError, TrustDomain};
use serde::Deserialize;
use tonic::transport::Channel;

use crate::exit::{CliError, Exit};

/// A connection file larger than this is not read: one of a hundred systems is far smaller.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// A gateway and the systems that can call it from here.
#[derive(Debug, Deserialize)]
pub(crate) struct Profile {
    endpoint: String,
    ca_file: PathBuf,
    trail_vkey: Option<String>,
    systems: BTreeMap<String, System>,
}

#[derive(Debug, Deserialize)]
struct System {
    spiffe_id: String,
    cert_file: PathBuf,
    key_file: PathBuf,
    seal_identity_file: Option<PathBuf>,
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
        let mut text = Vec::new();
        let read = File::open(file)
            .and_then(|opened| opened.take(MAX_FILE_BYTES + 1).read_to_end(&mut text));
        let read = read.map_err(|error| {
            CliError::usage(format!(
                "cannot read the profile {shown}: {error}; `oncebus dev` writes one"
            ))
        })?;
        if u64::try_from(read).is_ok_and(|read| MAX_FILE_BYTES < read) {
            return Err(CliError::usage(format!("{shown} is over 1 MiB, no connection file is")));
        }
        serde_json::from_slice(&text)
            .map_err(|error| CliError::usage(format!("{shown} is no connection file: {error}")))
    }

    /// Returns the key that checks the checkpoints of the gateway's trail.
    ///
    /// # Errors
    ///
    /// If the file names none, or it is no key.
    pub(crate) fn trail_key(&self) -> Result<VerifierKey, CliError> {
        let Some(key) = &self.trail_vkey else {
            return Err(CliError::usage("the profile has no trail_vkey, give --vkey KEY"));
        };
        key.parse().map_err(|error| CliError::usage(format!("trail_vkey of the profile: {error}")))
    }

    /// Returns the file of the key that opens sealed parts; `None` where the system has none.
    pub(crate) fn seal_identity(&self, system: &str) -> Option<PathBuf> {
        self.systems.get(system)?.seal_identity_file.clone()
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
        let unusable = |error: &CredentialsError| {
            let cause = CliError::misused(error);
            CliError::usage(format!("cannot call as {system}: {cause}"))
        };
        let domain = trust_domain(&me.spiffe_id).ok_or_else(|| {
            let id = &me.spiffe_id;
            CliError::usage(format!("cannot call as {system}: {id:?} is no SPIFFE id"))
        })?;
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
