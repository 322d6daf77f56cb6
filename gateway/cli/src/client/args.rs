//! Flags that many commands have.

use std::path::PathBuf;

use clap::Args;
use oncebus_gateway::{Rng as _, SystemRng};
use oncebus_proto::v1 as pb;
use oncebus_trail::VerifierKey;
use tonic::transport::Channel;

use super::{Profile, purpose};
use crate::exit::CliError;

/// Which gateway to call, as whom.
#[derive(Debug, Args)]
pub(crate) struct ProfileArgs {
    /// Connection file of the bus
    #[arg(long, value_name = "FILE", env = "ONCEBUS_PROFILE", default_value = "connection.json")]
    profile: PathBuf,
    /// System of the connection file to call as
    #[arg(id = "as", long = "as", value_name = "SYSTEM", env = "ONCEBUS_AS")]
    system: String,
}

/// Why a call is made, and the name it keeps however often it is made.
#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// Why: item=I14,case=C1,cause=APPROVAL,basis=LAW,officer=ID[,authorization=STATUTORY_DUTY or
    /// HOLDER_CONSENT:REF]; a comma within a value is written \,
    #[arg(long, value_name = "KEY=VALUE,...", env = "ONCEBUS_PURPOSE", value_parser = purpose)]
    purpose: pb::Purpose,
    /// UUID of the request; a retry gives the same one [default: a new one]
    #[arg(long, value_name = "UUID")]
    request_id: Option<String>,
}

// === impl ProfileArgs ===

impl ProfileArgs {
    /// Opens the connection.
    pub(crate) fn connect(&self) -> Result<Channel, CliError> {
        Profile::load(&self.profile)?.connect(&self.system)
    }

    /// Returns the file of the key that opens sealed parts, as the profile names it.
    ///
    /// # Errors
    ///
    /// If the profile names none for the system.
    pub(crate) fn seal_identity(&self) -> Result<PathBuf, CliError> {
        Profile::load(&self.profile)?.seal_identity(&self.system).ok_or_else(|| {
            let system = &self.system;
            CliError::usage(format!(
                "the profile has no seal_identity_file of {system}, give --identity FILE"
            ))
        })
    }

    /// Returns the key that checks the checkpoints of the gateway's trail.
    pub(crate) fn trail_key(&self) -> Result<VerifierKey, CliError> {
        Profile::load(&self.profile)?.trail_key()
    }
}

// === impl CallArgs ===

impl CallArgs {
    /// Returns why the call is made.
    pub(crate) fn purpose(&self) -> pb::Purpose {
        self.purpose.clone()
    }

    /// Returns the given request id, or a new one.
    pub(crate) fn request_id(&self) -> String {
        self.request_id.clone().unwrap_or_else(request_id)
    }
}

/// Draws an id for a request.
pub(crate) fn request_id() -> String {
    let mut random = [0; 16];
    SystemRng.fill(&mut random);
    uuid::Builder::from_random_bytes(random).into_uuid().to_string()
}

/// Reads `SCHEME:VALUE`.
///
/// # Errors
///
/// Says how a subject is written.
pub(crate) fn subject(text: &str) -> Result<pb::Subject, String> {
    let schemes = ["project", "credit", "citizen", "license"];
    match text.split_once(':') {
        Some((scheme, value)) if schemes.contains(&scheme) && !value.is_empty() => {
            Ok(pb::Subject { scheme: scheme.to_owned(), value: value.to_owned() })
        }
        _ => Err(format!("give SCHEME:VALUE with a scheme of {}", schemes.join(", "))),
    }
}
