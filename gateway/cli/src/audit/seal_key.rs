//! `oncebus audit seal-key`: an auditor's own key, which opens the sealed parts of records.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use clap::Args;
use oncebus_gateway::SealIdentity;

use crate::{exit::CliError, say};

/// Flags of `audit seal-key`.
#[derive(Debug, Args)]
pub(crate) struct SealKeyArgs {
    /// New file for the key, which only its owner may read; keep it off the gateway's machine
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

// === impl SealKeyArgs ===

impl SealKeyArgs {
    /// Writes a new key, and prints what the gateway's `seal_recipients` takes.
    pub(super) fn run(&self) -> Result<(), CliError> {
        let recipient = write_new(&self.out)?;
        say::line(format_args!("{recipient}"));
        Ok(())
    }
}

/// Draws a key, keeps it in a new file, mode 0600, and returns its public half, `age1...`.
///
/// # Errors
///
/// Returns wrong usage if there is a file already, or it cannot be written.
pub(crate) fn write_new(file: &Path) -> Result<String, CliError> {
    let identity = SealIdentity::draw();
    let write = || -> io::Result<()> {
        let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        new.write_all(identity.to_text().as_bytes())?;
        new.sync_all()
    };
    write().map_err(|error| {
        CliError::usage(format!(
            "cannot write {}: {error}; give a new file, a key is never overwritten",
            file.display()
        ))
    })?;
    Ok(identity.recipient())
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn a_key_is_written_for_its_owner_alone_and_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("auditor.age-identity");

        let recipient = write_new(&file).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let refused = write_new(&file).unwrap_err();

        assert_eq!(text.parse::<SealIdentity>().unwrap().recipient(), recipient);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(refused.message.contains("never overwritten"), "{refused}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
}
