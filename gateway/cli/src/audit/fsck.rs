//! `oncebus audit fsck`: the files of a trail, checked without its gateway.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use oncebus_gateway::{PartState, check_sealed as check};
use oncebus_trail::{Inspection, SignedCheckpoint, VerifierKey, fsck};
use serde_json::{Value, json};

use super::vkey;
use crate::{
    exit::{CliError, Exit},
    output::OutputArgs,
};

/// Flags of `audit fsck`.
#[derive(Debug, Args)]
pub(crate) struct FsckArgs {
    #[command(flatten)]
    output: OutputArgs,
    /// Folder of the trail
    dir: PathBuf,
    /// The log's verifier key, or a file that holds it
    #[arg(long, value_name = "KEY", value_parser = vkey::read)]
    vkey: VerifierKey,
    /// Checkpoint that was kept: a tail that was cut since is found; may be repeated
    #[arg(long, value_name = "FILE")]
    since: Vec<PathBuf>,
}

/// Compares sealed parts with what their records say of them.
#[derive(Debug, Default)]
struct SealedParts {
    /// Records whose part was erased.
    erased: u64,
}

// === impl FsckArgs ===

impl FsckArgs {
    /// Reads everything and names the first fault.
    pub(super) fn run(self) -> Result<(), CliError> {
        if !self.dir.is_dir() {
            let dir = self.dir.display();
            return Err(CliError::usage(format!("{dir} is no folder: name the trail's")));
        }
        let since: Vec<_> =
            self.since.iter().map(|file| kept(file, &self.vkey)).collect::<Result<_, _>>()?;
        let mut parts = SealedParts::default();
        let found = fsck(&self.dir, &self.vkey, &since, &mut |leaf, part| parts.check(leaf, part));
        match found {
            Ok(inspection) => {
                let sentence = sentence(&inspection, parts.erased, since.len());
                self.output.sentence(&sentence, &value(&inspection, parts.erased, &self.vkey));
                Ok(())
            }
            Err(fault) => {
                let value = json!({
                    "sound": false,
                    "file": fault.file,
                    "index": fault.index,
                    "fault": fault.kind.name(),
                    "what": fault.kind.to_string(),
                    "cure": fault.kind.cure(),
                });
                let from =
                    fault.index.map_or(String::new(), |index| format!(", from record {index} on"));
                let sentence = format!("not sound: first fault in {}{from}", fault.file.display());
                self.output.sentence(&sentence, &value);
                Err(CliError::new(Exit::Verification, fault.to_string()))
            }
        }
    }
}

// === impl SealedParts ===

impl SealedParts {
    fn check(&mut self, leaf: &[u8], part: &[u8]) -> Result<(), String> {
        let state = check(leaf, part).map_err(|fault| fault.to_string())?;
        if state == PartState::Erased {
            self.erased += 1;
        }
        Ok(())
    }
}

/// Reads a checkpoint that somebody kept.
fn kept(file: &Path, key: &VerifierKey) -> Result<SignedCheckpoint, CliError> {
    let shown = file.display();
    let note = fs::read_to_string(file)
        .map_err(|error| CliError::usage(format!("cannot read {shown}: {error}")))?;
    SignedCheckpoint::open(&note, key)
        .map_err(|error| CliError::new(Exit::Verification, format!("{shown}: {error}")))
}

fn sentence(found: &Inspection, erased: u64, since: usize) -> String {
    let Inspection { size, records, pruned, sealed, unpublished, torn_bytes, root: _ } = found;
    let mut text = format!(
        "sound: {size} records published, {records} read, {pruned} dropped by retention, \
         {sealed} with a sealed part, {erased} erased, {unpublished} not published yet"
    );
    if since != 0 {
        text += &format!("; grown from {since} kept checkpoints");
    }
    if *torn_bytes != 0 {
        text += &format!("; {torn_bytes} bytes of an unfinished frame, cut at the next start");
    }
    text
}

fn value(found: &Inspection, erased: u64, key: &VerifierKey) -> Value {
    json!({
        "sound": true,
        "origin": key.name().as_str(),
        "size": found.size,
        "root": hex::encode(found.root),
        "records": found.records,
        "pruned": found.pruned,
        "sealed": found.sealed,
        "erased": erased,
        "unpublished": found.unpublished,
        "torn_bytes": found.torn_bytes,
    })
}
