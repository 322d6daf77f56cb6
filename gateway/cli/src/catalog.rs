//! `oncebus catalog`: which materials there are, and whether a folder of them is in order.

mod check;
mod diff;
mod export;
mod folder;
mod show;
mod types;

use clap::Subcommand;

use self::{
    check::CheckArgs, diff::DiffArgs, export::ExportArgs, show::ShowArgs, types::TypesArgs,
};
use crate::exit::CliError;

/// Reads the catalogue
#[derive(Debug, Subcommand)]
pub(crate) enum CatalogCommand {
    /// Lists the types of material that the running gateway knows
    Types(TypesArgs),
    /// Checks a folder wholly: every fault with file, line, column and cure
    Check(CheckArgs),
    /// Shows what a folder says: all rows, or one type, item, package or form
    Show(ShowArgs),
    /// Writes the entries of the types for the city's platform: nine things each
    Export(ExportArgs),
    /// Compares two folders, and tells whether a running gateway takes the new one
    Diff(DiffArgs),
}

// === impl CatalogCommand ===

impl CatalogCommand {
    /// Runs the command.
    pub(crate) async fn run(self) -> Result<(), CliError> {
        match self {
            Self::Types(args) => args.run().await,
            Self::Check(args) => args.run(),
            Self::Show(args) => args.run(),
            Self::Export(args) => args.run(),
            Self::Diff(args) => args.run(),
        }
    }
}
