//! One record's proof.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use oncebus_trail::Receipt;
use serde::Deserialize;

use super::{Keys, Proven, read, refused, shown};
use crate::exit::CliError;

/// What a `.tlog-proof` begins with (C2SP tlog-proof).
const TLOG_PROOF: &str = "c2sp.org/tlog-proof@";

/// A receipt as `--receipt FILE` and `audit prove --out FILE` write it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiptFile {
    origin: String,
    index: u64,
    tree_size: u64,
    inclusion_path: Vec<String>,
    checkpoint: String,
    record: String,
}

/// Checks the receipt in `file`.
pub(super) fn verify(file: &Path, keys: &Keys) -> Result<Proven, CliError> {
    let bytes = read(file)?;
    let receipt = parse(&bytes).map_err(|fault| refused(file, fault))?;
    let Receipt { origin, index, tree_size, leaf, .. } = &receipt;
    if leaf.is_empty() {
        let cure = format!("take the whole proof with `oncebus audit prove {index} --out FILE`");
        return Err(refused(file, format!("the receipt holds no record: {cure}")));
    }
    receipt.verify(&keys.vkey).map_err(|fault| refused(file, fault))?;
    let checkpoint = keys.open(&receipt.checkpoint).map_err(|fault| refused(file, fault))?;

    let witnesses = keys.witnesses();
    let sentence = format!(
        "record {index} of {origin} is proven under {tree_size} records{witnesses}\n{}",
        shown::main_fields(leaf)
    );
    let mut value = keys.value(file, &checkpoint);
    value["index"] = (*index).into();
    value["record"] = shown::record(leaf);
    Ok(Proven { sentence, value })
}

fn parse(bytes: &[u8]) -> Result<Receipt, String> {
    let text = str::from_utf8(bytes).map_err(|error| format!("is no receipt: {error}"))?;
    if text.starts_with(TLOG_PROOF) {
        return Receipt::from_tlog_proof(text).map_err(|error| error.to_string());
    }
    let file: ReceiptFile =
        serde_json::from_str(text).map_err(|error| format!("is no receipt: {error}"))?;
    let decode =
        |name, text| STANDARD.decode(text).map_err(|error| format!("{name} is no base64: {error}"));
    Ok(Receipt {
        origin: file.origin.parse().map_err(|error| format!("origin: {error}"))?,
        index: file.index,
        tree_size: file.tree_size,
        inclusion_path: super::shown::path(&file.inclusion_path)?,
        checkpoint: file.checkpoint,
        leaf: decode("record", &file.record)?,
    })
}
