//! Opens sealed parts on the auditor's machine, each once it is the one that its record names.

use std::{collections::HashMap, fs, path::Path};

use jiff::Timestamp;
use oncebus_gateway::{SealIdentity, SealedContent, unseal};
use oncebus_proto::v1 as pb;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    exit::{CliError, Exit},
    output::Column,
};

/// What a table shows.
pub(super) const COLUMNS: [Column; 10] = [
    ("#", "index"),
    ("time", "time"),
    ("operation", "operation"),
    ("type", "material_type"),
    ("department", "department"),
    ("item", "item"),
    ("basis", "legal_basis"),
    ("case", "case"),
    ("officer", "officer"),
    ("subject", "subject"),
];

/// What was opened, and what was not.
#[derive(Debug)]
pub(super) struct Opened {
    /// One for each part that opened.
    pub(super) rows: Vec<Value>,
    /// Position and fault of each that did not.
    faults: Vec<(i64, String)>,
}

/// The part of a record that is shown beside what was sealed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Leaf {
    time: i64,
    kind: String,
    operation: String,
    outcome: String,
    department: String,
    holder: String,
    material_type: String,
    item: String,
    cause: String,
    legal_basis: String,
    sealed: String,
}

// === impl Opened ===

impl Opened {
    /// Ends the command: well, if every part opened.
    pub(super) fn verdict(self) -> Result<(), CliError> {
        let Some((index, fault)) = self.faults.first() else { return Ok(()) };
        let others = match self.faults.len() - 1 {
            0 => String::new(),
            others => format!(", and {others} more"),
        };
        Err(CliError::new(Exit::Verification, format!("record {index}: {fault}{others}")))
    }
}

/// Reads an auditor's key.
///
/// # Errors
///
/// Names the file that cannot be read, or is none.
pub(super) fn identity(file: &Path) -> Result<String, CliError> {
    let shown = file.display();
    let text = fs::read_to_string(file)
        .map_err(|error| CliError::usage(format!("cannot read the identity {shown}: {error}")))?;
    match text.parse::<SealIdentity>() {
        Ok(_key) => Ok(text),
        Err(error) => Err(CliError::usage(format!("{shown}: {error}"))),
    }
}

/// Opens all parts of an answer.
pub(super) fn open(answer: &pb::ReadSealedResponse, identity: &str) -> Opened {
    let keys: HashMap<&str, &[u8]> =
        answer.keys.iter().map(|key| (key.key.as_str(), &key.age[..])).collect();
    let mut opened = Opened { rows: Vec::new(), faults: Vec::new() };
    for part in &answer.parts {
        match open_one(part, &keys, identity) {
            Ok(row) => opened.rows.push(row),
            Err(fault) => opened.faults.push((part.index, fault)),
        }
    }
    opened
}

fn open_one(
    part: &pb::SealedPart,
    keys: &HashMap<&str, &[u8]>,
    identity: &str,
) -> Result<Value, String> {
    let leaf: Leaf = serde_json::from_slice(&part.record)
        .map_err(|error| format!("the record is no JSON of a record: {error}"))?;
    let key = keys.get(part.key.as_str()).ok_or("its data key is not in the answer")?;
    let content = unseal(&part.sealed, key, identity, &leaf.sealed);
    Ok(row(part.index, leaf, content.map_err(|error| error.to_string())?))
}

fn row(index: i64, leaf: Leaf, content: SealedContent) -> Value {
    let time = Timestamp::from_millisecond(leaf.time).ok().map(|time| time.to_string());
    let SealedContent { case, officer, consent, subject, reference, version, digest, note, claims } =
        content;
    json!({
        "index": index,
        "time": time,
        "kind": leaf.kind,
        "operation": leaf.operation,
        "outcome": leaf.outcome,
        "department": leaf.department,
        "holder": leaf.holder,
        "material_type": leaf.material_type,
        "item": leaf.item,
        "cause": leaf.cause,
        "legal_basis": leaf.legal_basis,
        "case": case,
        "officer": officer,
        "consent": consent,
        "subject": subject.map(String::from),
        "reference": reference,
        "version": version,
        "digest": digest.map(|digest| digest.to_string()),
        "note": note,
        "claims": claims,
    })
}
