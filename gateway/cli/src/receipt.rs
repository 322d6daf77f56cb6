//! Receipts as they come over the wire: as the trail's own, and as files.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use oncebus_proto::v1 as pb;
use oncebus_trail::{OriginError, Receipt};
use serde_json::{Value, json};

use crate::exit::{CliError, Exit};

/// Reads a receipt; it is not verified yet.
///
/// # Errors
///
/// Says which field is malformed.
pub(crate) fn read(receipt: &pb::Receipt) -> Result<Receipt, String> {
    let hash = |hash: &bytes::Bytes| {
        <[u8; 32]>::try_from(hash.as_ref()).map_err(|error| format!("a hash: {error}"))
    };
    let number = |number: i64| u64::try_from(number).map_err(|error| error.to_string());
    Ok(Receipt {
        origin: receipt.origin.parse().map_err(|error: OriginError| error.to_string())?,
        index: number(receipt.index)?,
        tree_size: number(receipt.tree_size)?,
        inclusion_path: receipt.inclusion_path.iter().map(hash).collect::<Result<_, _>>()?,
        checkpoint: receipt.checkpoint.clone(),
        leaf: receipt.record.to_vec(),
    })
}

/// Writes a receipt as JSON: hashes in base64, the checkpoint as it is.
pub(crate) fn json(receipt: &pb::Receipt) -> Value {
    let path: Vec<_> = receipt.inclusion_path.iter().map(|hash| STANDARD.encode(hash)).collect();
    json!({
        "origin": receipt.origin,
        "index": receipt.index,
        "tree_size": receipt.tree_size,
        "inclusion_path": path,
        "checkpoint": receipt.checkpoint,
        "record": STANDARD.encode(&receipt.record),
    })
}

/// Keeps a receipt: as C2SP tlog-proof where the file's name ends in `.tlog-proof`, else as JSON.
///
/// # Errors
///
/// Names the file that cannot be written; a failed verification if the receipt is malformed.
pub(crate) fn keep(receipt: &pb::Receipt, file: Option<&Path>) -> Result<(), CliError> {
    let Some(file) = file else { return Ok(()) };
    let text = if file.extension().is_some_and(|extension| extension == "tlog-proof") {
        let wrong = |fault: String| {
            CliError::new(Exit::Verification, format!("the receipt is malformed: {fault}"))
        };
        read(receipt).map_err(wrong)?.to_tlog_proof()
    } else {
        format!("{:#}\n", json(receipt))
    };
    fs::write(file, text).map_err(|error| {
        CliError::usage(format!("cannot write the receipt to {}: {error}", file.display()))
    })
}
