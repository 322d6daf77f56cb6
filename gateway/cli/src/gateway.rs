//! `oncebus gateway`: runs one gateway until it is asked to stop.

mod cores;
mod rotate;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};
use oncebus_gateway::{Gateway, GatewayConfig};
use tokio::runtime::{Builder, Runtime};

use self::cores::Cores;
use crate::{exit::CliError, say, stop::StopArgs};

/// Threads of what is not on the data plane: publications, storage, the search index.
const CONTROL_THREADS: usize = 2;
/// Longest wait for blocking work when everything else has ended.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// Runs a gateway until SIGTERM or SIGINT; prints `ready https://ADDRESS` when it listens
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct GatewayCommand {
    #[command(subcommand)]
    act: Option<GatewayAct>,
    /// Configuration, a TOML file
    #[arg(long, value_name = "FILE", required = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    stop: StopArgs,
}

/// What is done to a gateway that does not run.
#[derive(Debug, Subcommand)]
pub(crate) enum GatewayAct {
    /// Adds a key that hides subjects; the gateway must not run, and hides all anew once it does
    RotateSubjectKey(rotate::RotateArgs),
}

// === impl GatewayCommand ===

impl GatewayCommand {
    /// Runs the gateway on runtimes of its own.
    ///
    /// # Errors
    ///
    /// Returns wrong usage for a faulty configuration, and a failed check where the gateway does not
    /// start or its trail dies.
    pub(crate) fn run(self) -> Result<(), CliError> {
        if let Some(GatewayAct::RotateSubjectKey(args)) = &self.act {
            return args.run();
        }
        let file = self.config.clone().unwrap_or_default();
        let config = GatewayConfig::load(&file).map_err(|error| CliError::misused(&error))?;
        let control = control()?;
        let cores = Cores::start().map_err(|error| no_runtime(&error))?;
        let ended = control.block_on(self.serve(config, &cores));
        cores.stop();
        control.shutdown_timeout(SHUTDOWN);
        ended
    }

    async fn serve(&self, config: GatewayConfig, cores: &Cores) -> Result<(), CliError> {
        let mut stop = self.stop.listen()?;
        let gateway = Gateway::start(config, cores.handles())
            .await
            .map_err(|error| CliError::caused("the gateway does not start", &error))?;
        say::line(format_args!("ready https://{}", gateway.address()));
        let failure = tokio::select! {
            asked = stop.asked() => {
                tracing::info!(asked, "stopping");
                None
            }
            failure = gateway.failed() => Some(failure),
        };
        gateway.stop().await;
        match failure {
            None => Ok(()),
            Some(failure) => {
                Err(CliError::check(format!("the audit trail cannot go on: {failure}")))
            }
        }
    }
}

fn control() -> Result<Runtime, CliError> {
    Builder::new_multi_thread()
        .worker_threads(CONTROL_THREADS)
        .thread_name("control")
        .enable_all()
        .build()
        .map_err(|error| no_runtime(&error))
}

fn no_runtime(error: &std::io::Error) -> CliError {
    CliError::check(format!("cannot start a thread: {error}"))
}
