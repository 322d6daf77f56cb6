//! What goes to stderr while a command works.

use std::io::{self, IsTerminal as _};

use clap::{Args, ValueEnum};
use tracing_subscriber::{EnvFilter, fmt::format::FmtSpan};

use crate::exit::CliError;

/// Name of the variable that chooses what is logged.
pub(crate) const FILTER_VARIABLE: &str = "ONCEBUS_LOG";

/// Flags of every command.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// What is logged to stderr: error, warn, info, debug, or per part as in oncebus_core=debug,warn
    #[arg(long, env = FILTER_VARIABLE, value_name = "FILTER", global = true)]
    log: Option<String>,
    /// How it is logged
    #[arg(
        long,
        env = "ONCEBUS_LOG_FORMAT",
        value_name = "FORMAT",
        global = true,
        default_value = "text"
    )]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    /// A line for people
    Text,
    /// A JSON object for machines
    Json,
}

// === impl LogArgs ===

impl LogArgs {
    /// Starts logging; `usual` is what is logged unless the user says otherwise.
    ///
    /// # Errors
    ///
    /// Returns wrong usage if the filter is none.
    pub(crate) fn start(&self, usual: &str) -> Result<(), CliError> {
        let chosen = self.log.as_deref().filter(|filter| !filter.is_empty()).unwrap_or(usual);
        let filter = EnvFilter::try_new(chosen)
            .map_err(|error| CliError::usage(format!("--log {chosen:?}: {error}")))?;
        let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_span_events(FmtSpan::NONE)
            .with_ansi(colour)
            .with_writer(io::stderr);
        match self.log_format {
            LogFormat::Text => log.init(),
            LogFormat::Json => log.json().init(),
        }
        Ok(())
    }
}
