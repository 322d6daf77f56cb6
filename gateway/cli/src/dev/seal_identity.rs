//! The auditor's key of a development bus.

use oncebus_gateway::SealIdentity;

use super::home::{Home, disk, read_if_there};
use crate::{audit::seal_key, ca, exit::CliError};

/// Makes the key if it is missing, and returns its public half.
///
/// # Errors
///
/// Returns wrong usage if the file cannot be written, or is no key.
pub(super) fn ensure(home: &Home) -> Result<String, CliError> {
    let file = home.seal_identity();
    if let Some(text) = read_if_there(&file)? {
        let identity: SealIdentity = text.parse().map_err(|error| {
            CliError::usage(format!("{}: {error}, or remove it", file.display()))
        })?;
        return Ok(identity.recipient());
    }
    ca::private_dir(file.parent().unwrap_or(home.dir()))?;
    // A run that was cut while it wrote left half of a draft, never half of the key.
    let draft = file.with_extension("draft");
    if draft.exists() {
        std::fs::remove_file(&draft).map_err(|error| disk("remove", &draft, &error))?;
    }
    let recipient = seal_key::write_new(&draft)?;
    std::fs::rename(&draft, &file).map_err(|error| disk("write", &file, &error))?;
    Ok(recipient)
}
