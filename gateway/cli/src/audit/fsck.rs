//! `oncebus audit fsck`: the files of a trail, checked without its gateway.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use oncebus_gateway::SealedForm;
use oncebus_trail::{Inspection, SignedCheckpoint, VerifierKey, fsck};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::vkey;
use crate::{
    exit::{CliError, Exit},
    output::OutputArgs,
};

/// Where a sealed part has the number of its tokens; each is followed by the next, the last by the
/// nonce and the ciphertext (the form is documented at [`SealedForm`]).
const TOKENS_AT: usize = 53;
const TOKEN_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

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

/// What a leaf says of its sealed part.
#[derive(Deserialize)]
struct Leaf<'a> {
    #[serde(borrow)]
    sealed: Option<&'a str>,
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
        let named = serde_json::from_slice::<Leaf<'_>>(leaf).ok().and_then(|leaf| leaf.sealed);
        match (named, part) {
            (None, []) => Ok(()),
            (None, _) => Err("its record names none".to_owned()),
            (Some(_), []) => {
                self.erased += 1;
                Ok(())
            }
            (Some(hash), part) => {
                if salted_hash(part)? == hash {
                    Ok(())
                } else {
                    Err("its record has another hash of it".to_owned())
                }
            }
        }
    }
}

/// Returns SHA-256 of salt and ciphertext, hexadecimal, as leaves have it.
fn salted_hash(part: &[u8]) -> Result<String, String> {
    let form = SealedForm::read(part).map_err(|error| error.to_string())?;
    let tokens = part.get(TOKENS_AT).copied().map_or(0, usize::from);
    let ciphertext = &part[TOKENS_AT + 1 + tokens * TOKEN_BYTES + NONCE_BYTES..];
    let hash = Sha256::new().chain_update(form.salt).chain_update(ciphertext).finalize();
    Ok(hex::encode(hash))
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
