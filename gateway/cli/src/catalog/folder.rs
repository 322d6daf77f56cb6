//! A catalogue's folder, read offline.

use std::path::Path;

use oncebus_gateway::Catalog;

use crate::exit::CliError;

/// Reads and checks a folder.
///
/// # Errors
///
/// Returns a failed check with every fault on a line of its own: file, line, column, fault, cure.
pub(super) fn load(dir: &Path) -> Result<Catalog, CliError> {
    Catalog::load(dir).map_err(|error| CliError::check(error.to_string()))
}
