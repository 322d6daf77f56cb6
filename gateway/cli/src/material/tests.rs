//! The commands against a gateway that is lost, lies, or forgets: real mutual TLS, in one process.

mod fake;
mod fetching;
mod publishing;

use std::path::PathBuf;

use clap::Parser;
use serde_json::Value;

use self::fake::Fake;
use super::MaterialCommand;
use crate::exit::CliError;

const PURPOSE: &str = "item=I14,case=C1,cause=APPROVAL,basis=Construction Law art. 8,officer=o7";

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: MaterialCommand,
}

/// Runs a command against `gateway`, and returns what the user is told.
async fn run(gateway: &Fake, line: &[&str]) -> Result<Value, CliError> {
    let profile = gateway.profile();
    let shared = ["--profile", profile.to_str().unwrap(), "--as", "planning", "--purpose", PURPOSE];
    let line = Line::parse_from([&["oncebus"], line, &shared].concat());
    match line.command {
        MaterialCommand::Publish(args) => args.publish().await,
        MaterialCommand::Fetch(args) => args.fetch().await,
        other => panic!("no transfer: {other:?}"),
    }
}

/// Returns what lies in the folder of a test, sorted.
fn names(dir: &tempfile::TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(dir.path()).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Returns bytes of which no two pieces are the same.
fn content(length: u32) -> Vec<u8> {
    (0..length).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn path(dir: &tempfile::TempDir, name: &str) -> PathBuf {
    dir.path().join(name)
}
