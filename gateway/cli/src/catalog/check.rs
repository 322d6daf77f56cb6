//! `oncebus catalog check`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::folder;
use crate::{exit::CliError, output::OutputArgs};

/// Flags of `catalog check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The catalogue's folder
    dir: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

// === impl CheckArgs ===

impl CheckArgs {
    /// Checks the folder, and says how much it has.
    ///
    /// # Errors
    ///
    /// Returns a failed check with every fault.
    pub(super) fn run(self) -> Result<(), CliError> {
        let catalog = folder::load(&self.dir)?;
        let counts = [
            ("regions", catalog.regions().len()),
            ("departments", catalog.departments().len()),
            ("types", catalog.types().len()),
            ("stages", catalog.stages().len()),
            ("facts", catalog.facts().len()),
            ("items", catalog.items().len()),
            ("packages", catalog.packages().len()),
            ("forms", catalog.forms().len()),
        ];
        let (name, version) = (catalog.name(), catalog.version().to_string());
        let mut value = json!({"name": name, "version": version});
        for (table, count) in counts {
            value[table] = count.into();
        }
        let told: Vec<_> = counts.iter().map(|(table, count)| format!("{count} {table}")).collect();
        let told = told.join(", ");
        let sentence = format!("catalogue {name} is in order: {told}\nversion {version}");
        self.output.sentence(&sentence, &value);
        Ok(())
    }
}
