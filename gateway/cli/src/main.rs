//! `oncebus`: the one binary of the exchange bus.

mod adapter;
mod audit;
mod ca;
mod catalog;
mod cli;
mod client;
mod config;
mod demo;
mod dev;
mod exit;
mod extension;
mod gateway;
mod logging;
mod material;
mod output;
mod receipt;
mod sample;
mod say;
mod stop;

use std::process::ExitCode;

use clap::Parser as _;

use self::{cli::Cli, exit::Exit};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            // Help and version are answers; all else is wrong usage.
            let code = if answer.use_stderr() { Exit::Usage as u8 } else { 0 };
            let _gone = answer.print();
            return ExitCode::from(code);
        }
    };
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::note(format_args!("error: {error}"));
            error.exit_code()
        }
    }
}
