//! `oncebus config check`.

use std::path::PathBuf;

use clap::Args;
use oncebus_gateway::{ConfigError, GatewayConfig, Setting, Source};
use serde_json::{Value, json};

use crate::{
    exit::CliError,
    output::{Column, OutputArgs},
    say,
};

const COLUMNS: [Column; 3] = [("key", "key"), ("from", "source"), ("value", "value")];

/// Flags of `config check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The gateway's configuration, a TOML file; ONCEBUS_GATEWAY_ variables override it as for a
    /// gateway that is started here
    file: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

// === impl CheckArgs ===

impl CheckArgs {
    /// Checks the file on the present runtime.
    ///
    /// # Errors
    ///
    /// Returns a failed check naming file, key, fault and cure.
    pub(super) fn run(self) -> Result<(), CliError> {
        let faulty = |error: ConfigError| CliError::check(error.to_string());
        let config = GatewayConfig::load(&self.file).map_err(faulty)?;
        config.check().map_err(faulty)?;
        let rows: Vec<_> = config.settings().iter().map(row).collect();
        self.output.rows(&COLUMNS, &rows);
        say::note(format_args!("{} is in order", self.file.display()));
        Ok(())
    }
}

fn row(Setting { key, value, source }: &Setting) -> Value {
    let source = match source {
        Source::File => "file",
        Source::Environment => "environment",
        Source::Default => "default",
    };
    json!({"key": key, "value": value, "source": source})
}
