//! `--receipt FILE`: keeps the proof.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use oncebus_proto::v1 as pb;
use serde_json::json;

use crate::exit::CliError;

/// Writes a receipt as JSON: hashes in base64, the checkpoint as it is.
///
/// # Errors
///
/// Names the file that cannot be written.
pub(super) fn keep(receipt: &pb::Receipt, file: Option<&Path>) -> Result<(), CliError> {
    let Some(file) = file else { return Ok(()) };
    let path: Vec<_> = receipt.inclusion_path.iter().map(|hash| STANDARD.encode(hash)).collect();
    let receipt = json!({
        "origin": receipt.origin,
        "index": receipt.index,
        "tree_size": receipt.tree_size,
        "inclusion_path": path,
        "checkpoint": receipt.checkpoint,
        "record": STANDARD.encode(&receipt.record),
    });
    fs::write(file, format!("{receipt:#}\n")).map_err(|error| {
        CliError::usage(format!("cannot write the receipt to {}: {error}", file.display()))
    })
}
