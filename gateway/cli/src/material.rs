//! `oncebus material`: what an agency system does.

mod answer;
mod bar;
mod fetch;
mod lookup;
mod publish;
mod receipt;

use clap::Subcommand;

use crate::exit::CliError;

/// Publishes, fetches and finds materials
#[derive(Debug, Subcommand)]
pub(crate) enum MaterialCommand {
    /// Publishes a file once; what is held already is not sent again
    Publish(Box<publish::PublishArgs>),
    /// Fetches a version into a file, verified to the byte
    Fetch(Box<fetch::FetchArgs>),
    /// Finds what is held of a type about a subject
    Find(lookup::FindArgs),
    /// Describes one version
    Get(lookup::GetArgs),
}

// === impl MaterialCommand ===

impl MaterialCommand {
    /// Runs the command.
    pub(crate) async fn run(self) -> Result<(), CliError> {
        match self {
            Self::Publish(args) => args.run().await,
            Self::Fetch(args) => args.run().await,
            Self::Find(args) => args.run().await,
            Self::Get(args) => args.run().await,
        }
    }
}
