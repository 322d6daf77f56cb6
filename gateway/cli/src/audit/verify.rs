//! `oncebus audit verify`: proofs are checked offline, with nothing but the log's key.

mod export;
mod receipt;
mod shown;

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use oncebus_trail::{Checkpoint, CheckpointError, Note, SignedCheckpoint, VerifierKey};
use serde_json::{Value, json};

use super::vkey;
use crate::{
    exit::{CliError, Exit},
    output::OutputArgs,
};

/// Flags of `audit verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    output: OutputArgs,
    /// Receipts (JSON or .tlog-proof), or folders that `audit export` wrote
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    keys: Keys,
}

/// Whose signatures are asked for.
#[derive(Debug, Args)]
struct Keys {
    /// The log's verifier key, or a file that holds it
    #[arg(long, value_name = "KEY", value_parser = vkey::read)]
    vkey: VerifierKey,
    /// Verifier key of a witness that must have cosigned, or a file that holds it; may be repeated
    #[arg(long = "cosigner", value_name = "KEY", value_parser = vkey::read)]
    cosigners: Vec<VerifierKey>,
}

/// What was proven: a sentence for people, and the same for scripts.
struct Proven {
    sentence: String,
    value: Value,
}

// === impl VerifyArgs ===

impl VerifyArgs {
    /// Checks all files; ends at the first that does not prove what it should.
    pub(super) fn run(self) -> Result<(), CliError> {
        for file in &self.files {
            let proven = if file.is_dir() {
                export::verify(file, &self.keys)?
            } else {
                receipt::verify(file, &self.keys)?
            };
            self.output.sentence(&proven.sentence, &proven.value);
        }
        Ok(())
    }
}

// === impl Keys ===

impl Keys {
    /// Checks all signatures that are asked for.
    fn open(&self, note: &str) -> Result<Checkpoint, CheckpointError> {
        let checkpoint = SignedCheckpoint::open(note, &self.vkey)?.checkpoint;
        let note = Note::parse(note)?;
        self.cosigners.iter().try_for_each(|cosigner| note.verify(cosigner))?;
        Ok(checkpoint)
    }

    /// Names the witnesses, for people.
    fn witnesses(&self) -> String {
        let names: Vec<_> = self.names();
        if names.is_empty() { String::new() } else { format!(", cosigned by {}", names.join(", ")) }
    }

    fn names(&self) -> Vec<&str> {
        self.cosigners.iter().map(|key| key.name().as_str()).collect()
    }

    /// Says what a proven checkpoint is, for scripts.
    fn value(&self, file: &Path, checkpoint: &Checkpoint) -> Value {
        json!({
            "file": file,
            "origin": checkpoint.origin.as_str(),
            "tree_size": checkpoint.size,
            "cosigned_by": self.names(),
        })
    }
}

fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    fs::read(file)
        .map_err(|error| CliError::usage(format!("cannot read {}: {error}", file.display())))
}

fn refused(file: &Path, why: impl std::fmt::Display) -> CliError {
    CliError::new(Exit::Verification, format!("{}: {why}", file.display()))
}
