//! The commands, and how each is run.

use clap::{Parser, Subcommand};
use tokio::runtime::Builder;

use crate::{
    adapter::AdapterCommand,
    audit::AuditCommand,
    ca::CaCommand,
    catalog::CatalogCommand,
    config::ConfigCommand,
    demo::DemoCommand,
    dev::DevCommand,
    exit::{self, CliError},
    gateway::GatewayCommand,
    logging::LogArgs,
    material::MaterialCommand,
};

/// What serving processes log unless the user says otherwise.
const SERVER_LOG: &str = "info";
/// What all other commands log: they say themselves what went wrong.
const CLIENT_LOG: &str = "error";

/// The exchange bus between a city's departments: every material is uploaded once, or not at all, and
/// each use of it is on the audit trail
#[derive(Debug, Parser)]
#[command(name = "oncebus", version, after_help = exit::HELP, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    log: LogArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(DemoCommand),
    Dev(DevCommand),
    Gateway(GatewayCommand),
    /// Runs a department's adapter until SIGTERM or SIGINT
    #[command(subcommand)]
    Adapter(AdapterCommand),
    #[command(subcommand)]
    Ca(CaCommand),
    #[command(subcommand)]
    Catalog(CatalogCommand),
    #[command(subcommand)]
    Material(MaterialCommand),
    #[command(subcommand)]
    Audit(AuditCommand),
    #[command(subcommand)]
    Config(ConfigCommand),
}

// === impl Cli ===

impl Cli {
    /// Runs the command to its end.
    ///
    /// # Errors
    ///
    /// Returns what the user is told, and the exit code.
    pub(crate) fn run(self) -> Result<(), CliError> {
        let log = match &self.command {
            Command::Gateway(_) | Command::Adapter(_) => SERVER_LOG,
            _ => CLIENT_LOG,
        };
        self.log.start(log)?;
        match self.command {
            Command::Gateway(command) => command.run(),
            Command::Ca(command) => command.run(),
            Command::Adapter(command) => wait_for(command.run()),
            Command::Dev(command) => wait_for(command.run()),
            Command::Demo(command) => wait_for(command.run()),
            Command::Catalog(command) => wait_for(command.run()),
            Command::Material(command) => wait_for(command.run()),
            Command::Audit(command) => wait_for(command.run()),
            Command::Config(command) => wait_for(command.run()),
        }
    }
}

/// Runs a command on this thread, and file work beside it.
fn wait_for(command: impl Future<Output = Result<(), CliError>>) -> Result<(), CliError> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::check(format!("cannot start a runtime: {error}")))?
        .block_on(command)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_flag_is_defined_soundly() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_commands_that_scripts_rely_on_are_there() {
        for line in [
            "oncebus demo --json --keep d --catalog c",
            "oncebus dev --dir d --catalog c --trail-dir t --adapter housing=https://127.0.0.1:1",
            "oncebus gateway --config f --until-stdin-closes",
            "oncebus adapter files --config f --until-stdin-closes",
            "oncebus ca init --dir d --trust-domain city.example",
            "oncebus ca issue --dir d --system housing/approval --out o --days 9 --p12",
            "oncebus ca issue --dir d --adapter housing/files --out o --dns n --dns m --ip ::1",
            "oncebus ca issue --dir d --gateway g1 --out o --ip 10.0.0.1 --ip 10.0.0.2",
            "oncebus ca show --dir d",
            "oncebus config check gateway.toml -o json",
            "oncebus config reload --profile f --as operator -o json",
            "oncebus config reload",
        ] {
            let parsed = Cli::try_parse_from(line.split(' '));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn the_trail_is_read_in_many_ways() {
        for line in [
            "search --department d --case C1 --subject credit:A --min-latency 5 -o csv",
            "search --id u --trace-id t --digest d --cache hit --since 2026-03-02",
            "show 7",
            "tail -n 5 --kind outcome",
            "tail --from 9 -o jsonl",
            "export --out DIR --format csv --type M01",
            "reuse --by month,type --since 2026-01-01",
            "subject credit:A --type M01 --until 2026-03-02",
            "prove 7 --out p.tlog-proof",
            "diff-checkpoints old.checkpoint new.checkpoint",
        ] {
            let line = format!("oncebus audit {line} --as auditor");
            let parsed = Cli::try_parse_from(line.split(' '));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn a_certificate_is_for_exactly_one() {
        for line in [
            "oncebus ca issue --dir d --out o",
            "oncebus ca issue --dir d --out o --gateway g1 --system housing/approval",
            "oncebus ca issue --dir d --out o --system housing",
            "oncebus ca issue --dir d --out o --gateway g1 --days 0",
            "oncebus ca issue --dir d --out o --gateway g1 --days 3651",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line} was taken");
        }
    }

    #[test]
    fn help_names_every_exit_code() {
        let help = Cli::command().render_help().to_string();

        for code in 0..=7 {
            assert!(help.contains(&format!("\n  {code}  ")), "{code} is missing in {help}");
        }
    }
}
