//! `oncebus gateway rotate-subject-key`.

use std::path::PathBuf;

use clap::Args;
use oncebus_gateway::{GatewayConfig, rotate_subject_key};

use crate::{exit::CliError, say};

/// Flags of `gateway rotate-subject-key`.
#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// Configuration of the gateway, a TOML file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

// === impl RotateArgs ===

impl RotateArgs {
    /// Adds the key, and says what happens next.
    pub(super) fn run(&self) -> Result<(), CliError> {
        let config =
            GatewayConfig::load(&self.config).map_err(|error| CliError::misused(&error))?;
        let id = rotate_subject_key(&config)
            .map_err(|error| CliError::caused("the subject key is not rotated", &error))?;
        say::line(format_args!("subject key {id}"));
        say::note(format_args!(
            "start the gateway: it hides all subjects under this key; back up the key file first"
        ));
        Ok(())
    }
}
