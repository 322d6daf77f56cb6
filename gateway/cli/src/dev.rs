//! `oncebus dev`: a whole bus on one machine, supervised in the foreground.

mod cast;
mod catalogue;
mod child;
mod config;
mod connection;
mod edited;
mod home;
mod identities;
mod samples;
mod seal_identity;
mod settings;
mod town;

use std::path::PathBuf;

use clap::Args;

use crate::{
    exit::{CliError, Exit},
    say,
    stop::Stop,
};

#[cfg(test)]
pub(crate) use self::catalogue::shipped as shipped_catalog;
pub(crate) use self::{
    cast::AUDITOR,
    town::{Plan, Town},
};

/// Runs a whole bus on this machine for trying: gateway, three departments, certificates, sample data
///
/// Runs in the foreground, and again on the same folder. Prints `ready`; then DIR/connection.json names
/// addresses, certificates and processes.
#[derive(Debug, Args)]
pub(crate) struct DevCommand {
    /// Folder for everything; it is made if missing
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Catalogue to use instead of the shipped one
    #[arg(long, value_name = "DIR")]
    catalog: Option<PathBuf>,
    /// Folder of the audit trail, if it is not to be within DIR
    #[arg(long, value_name = "DIR")]
    trail_dir: Option<PathBuf>,
    /// Adapter to use for a department instead of starting one
    #[arg(long, value_name = "DEPT=URL", value_parser = department_and_url)]
    adapter: Vec<(String, String)>,
}

// === impl DevCommand ===

impl DevCommand {
    /// Runs the bus until SIGTERM or SIGINT.
    ///
    /// # Errors
    ///
    /// Returns wrong usage for a flag or file, a failed check where a part does not start, and
    /// [`Exit::Partial`] where one ended by itself during the run.
    pub(crate) async fn run(self) -> Result<(), CliError> {
        let mut stop = Stop::on_signals()?;
        let plan = Plan {
            dir: self.dir,
            catalog: self.catalog,
            trail_dir: self.trail_dir,
            foreign_adapters: self.adapter.into_iter().collect(),
            log: "warn",
        };
        let mut town = tokio::select! {
            town = Town::start(plan) => town?,
            _asked = stop.asked() => return Ok(()),
        };
        say::line("ready");
        say::note(town.hints());
        let mut ended = Vec::new();
        loop {
            tokio::select! {
                _asked = stop.asked() => break,
                death = town.next_death() => {
                    say::note(format_args!("{death}: it is not started again; the rest goes on"));
                    ended.push(death);
                }
            }
        }
        ended.extend(town.stop().await);
        if ended.is_empty() {
            return Ok(());
        }
        Err(CliError::new(Exit::Partial, ended.join("; ")))
    }
}

fn department_and_url(text: &str) -> Result<(String, String), String> {
    let (department, url) = text.split_once('=').ok_or(
        "give the department's code, = and the adapter's address, for example \
         housing=https://127.0.0.1:7001",
    )?;
    Ok((department.to_owned(), url.to_owned()))
}
