//! `oncebus config`: a gateway's configuration, checked and put in force.

mod check;
mod reload;

use clap::Subcommand;

use self::{check::CheckArgs, reload::ReloadArgs};
use crate::exit::CliError;

/// Checks a gateway's configuration, or puts a changed one in force
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Checks a gateway's file and all that it names, and lists every value; calls nobody
    Check(CheckArgs),
    /// Has a running gateway read its file again: permissions and roles change at once
    Reload(ReloadArgs),
}

// === impl ConfigCommand ===

impl ConfigCommand {
    /// Runs the command.
    pub(crate) async fn run(self) -> Result<(), CliError> {
        match self {
            Self::Check(args) => args.run(),
            Self::Reload(args) => args.run().await,
        }
    }
}
