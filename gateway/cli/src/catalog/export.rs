//! `oncebus catalog export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use oncebus_gateway::MaterialType;
use serde_json::Value;

use super::folder;
use crate::{exit::CliError, output::csv_line, say};

/// Flags of `catalog export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The catalogue's folder
    dir: PathBuf,
    /// Form of the file on stdout
    #[arg(long, value_enum)]
    format: Format,
}

/// Form of an export.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Comma-separated values with a head (RFC 4180), UTF-8
    Csv,
}

// === impl ExportArgs ===

impl ExportArgs {
    /// Writes a head and a line for each type.
    ///
    /// # Errors
    ///
    /// Returns a failed check for a faulty folder.
    pub(super) fn run(self) -> Result<(), CliError> {
        let catalog = folder::load(&self.dir)?;
        let Format::Csv = self.format;
        let headings = MaterialType::ENTRY_HEADINGS;
        say::line(headings.join(","));
        for row in catalog.types() {
            let pairs = headings.iter().zip(row.entry());
            let cells: Value =
                pairs.map(|(heading, text)| ((*heading).to_owned(), Value::from(text))).collect();
            say::line(csv_line(&headings, &cells));
        }
        Ok(())
    }
}
