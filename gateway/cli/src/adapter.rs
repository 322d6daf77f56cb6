//! `oncebus adapter`: runs a department's ready-made adapter until it is asked to stop.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use oncebus_adapter_files::FilesConfig;
use tokio_util::sync::CancellationToken;

use crate::{exit::CliError, say, stop::StopArgs};

/// The ready-made adapters: each is configured, not coded.
#[derive(Debug, Subcommand)]
pub(crate) enum AdapterCommand {
    /// Serve a folder of files; prints `ready https://ADDRESS` when it listens
    Files(FilesArgs),
}

#[derive(Debug, Args)]
pub(crate) struct FilesArgs {
    /// Configuration, a TOML file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    #[command(flatten)]
    stop: StopArgs,
}

// === impl AdapterCommand ===

impl AdapterCommand {
    /// Runs the adapter.
    ///
    /// # Errors
    ///
    /// Returns wrong usage for a faulty configuration, and a failed check where it does not start.
    pub(crate) async fn run(self) -> Result<(), CliError> {
        match self {
            Self::Files(args) => args.run().await,
        }
    }
}

// === impl FilesArgs ===

impl FilesArgs {
    async fn run(self) -> Result<(), CliError> {
        let config = FilesConfig::load(&self.config).map_err(|error| CliError::misused(&error))?;
        let mut stop = self.stop.listen()?;
        let shutdown = CancellationToken::new();
        let serving = oncebus_adapter_files::run(config, shutdown.clone(), |address| {
            say::line(format_args!("ready https://{address}"));
        });
        let mut serving = std::pin::pin!(serving);
        let served = tokio::select! {
            asked = stop.asked() => {
                tracing::info!(asked, "stopping");
                shutdown.cancel();
                serving.await
            }
            served = &mut serving => served,
        };
        served.map_err(|error| CliError::caused("the adapter does not run", &error))
    }
}
