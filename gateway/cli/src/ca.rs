//! `oncebus ca`: a development authority and its certificates.
//!
//! A city's own authority issues certificates of the same form; this one is for trying and testing.

mod args;
mod authority;
mod error;
mod files;
mod issue;
mod key_store;
mod show;

#[cfg(test)]
mod tests;

use clap::Subcommand;
use oncebus_gateway::{Clock as _, SystemClock};

use crate::exit::CliError;

pub(crate) use self::{
    authority::{Authority, CERTIFICATE_FILE, KEY_FILE},
    error::CaError,
    files::private_dir,
    issue::{Issued, Lifetime, Names},
};

/// Makes a development authority and certificates
#[derive(Debug, Subcommand)]
pub(crate) enum CaCommand {
    /// Make a new authority: ca.pem and ca-key.pem
    Init(args::InitArgs),
    /// Issue a certificate: cert.pem, key.pem and ca.pem
    Issue(args::IssueArgs),
    /// Show the certificates in a file, or in the *.pem files of a folder
    Show(show::ShowArgs),
}

// === impl CaCommand ===

impl CaCommand {
    /// Does it.
    ///
    /// # Errors
    ///
    /// Returns wrong usage naming the flag or file.
    pub(crate) fn run(self) -> Result<(), CliError> {
        let now = SystemClock.now();
        match self {
            Self::Init(args) => Ok(args.run(now)?),
            Self::Issue(args) => Ok(args.run(now)?),
            Self::Show(args) => args.run(),
        }
    }
}
