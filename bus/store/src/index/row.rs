//! What the index keeps of a record.

use std::collections::HashMap;

use serde::Deserialize;
use sqlx::{Row as _, sqlite::SqliteRow};

use super::{IndexError, sealed::Tokens};

/// Columns with few values; each value is kept once, in `names`.
pub(super) const TEXTS: [&str; 12] = [
    "kind",
    "operation",
    "outcome",
    "reason",
    "department",
    "system",
    "holder",
    "material_type",
    "item",
    "package",
    "region",
    "cache",
];
/// Columns of numbers; `time` is always there.
pub(super) const NUMBERS: [&str; 5] = ["time", "latency_ms", "already_held", "follows", "intent"];
/// Columns that tell single records apart; `id` is always there.
pub(super) const BYTES: [&str; 6] =
    ["id", "version", "digest", "trace_id", "subject", "case_token"];

/// Where `id` stands among [`BYTES`].
pub(super) const ID: usize = 0;

/// A record as the index keeps it, by the columns above.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) texts: [Option<String>; TEXTS.len()],
    pub(super) numbers: [Option<i64>; NUMBERS.len()],
    pub(super) bytes: [Option<Vec<u8>>; BYTES.len()],
}

/// The fields of a leaf that are kept.
#[derive(Debug, Deserialize)]
struct Leaf {
    id: String,
    kind: String,
    time: i64,
    operation: Option<String>,
    outcome: Option<String>,
    reason: Option<String>,
    department: Option<String>,
    system: Option<String>,
    holder: Option<String>,
    material_type: Option<String>,
    item: Option<String>,
    package: Option<String>,
    region: Option<String>,
    cache: Option<String>,
    latency_ms: Option<i64>,
    already_held: Option<bool>,
    follows: Option<i64>,
    intent: Option<i64>,
    version: Option<String>,
    digest: Option<String>,
    trace_id: Option<String>,
}

// === impl Row ===

impl Row {
    /// Reads a leaf and its sealed part.
    ///
    /// # Errors
    ///
    /// If the leaf is no record.
    pub(super) fn read(leaf: &[u8], sealed: &[u8]) -> Result<Self, IndexError> {
        let leaf: Leaf = serde_json::from_slice(leaf)?;
        let Tokens { subject, case } = Tokens::read(sealed);
        let bytes = |text: &Option<String>| text.as_deref().map(bytes);
        Ok(Self {
            bytes: [
                Some(self::bytes(&leaf.id)),
                bytes(&leaf.version),
                bytes(&leaf.digest),
                bytes(&leaf.trace_id),
                subject,
                case,
            ],
            texts: [
                Some(leaf.kind),
                leaf.operation,
                leaf.outcome,
                leaf.reason,
                leaf.department,
                leaf.system,
                leaf.holder,
                leaf.material_type,
                leaf.item,
                leaf.package,
                leaf.region,
                leaf.cache,
            ],
            numbers: [
                Some(leaf.time),
                leaf.latency_ms,
                leaf.already_held.map(i64::from),
                leaf.follows,
                leaf.intent,
            ],
        })
    }

    /// Reads a row of the index back, whose columns are in the order of [`columns`].
    pub(super) fn stored(
        row: &SqliteRow,
        names: &HashMap<i64, String>,
    ) -> Result<Self, sqlx::Error> {
        let mut read = Self {
            texts: [const { None }; TEXTS.len()],
            numbers: [None; NUMBERS.len()],
            bytes: [const { None }; BYTES.len()],
        };
        for (text, column) in read.texts.iter_mut().zip(TEXTS) {
            let id: Option<i64> = row.try_get(column)?;
            // A name that is gone reads as no text that a leaf has.
            *text = id.map(|id| names.get(&id).cloned().unwrap_or_default());
        }
        for (number, column) in read.numbers.iter_mut().zip(NUMBERS) {
            *number = row.try_get(column)?;
        }
        for (bytes, column) in read.bytes.iter_mut().zip(BYTES) {
            *bytes = row.try_get(column)?;
        }
        Ok(read)
    }

    /// Returns the time of the record, in milliseconds since 1970.
    pub(super) fn time(&self) -> i64 {
        self.numbers[0].unwrap_or_default()
    }

    /// Returns the kind of the record.
    pub(super) fn kind(&self) -> &str {
        self.texts[0].as_deref().unwrap_or_default()
    }

    /// Returns the position of the intent that the record names.
    pub(super) fn intent(&self) -> Option<i64> {
        self.numbers[4]
    }

    /// Returns the first column in which the two differ.
    pub(super) fn difference(&self, other: &Self) -> Option<&'static str> {
        let texts = TEXTS.iter().zip(self.texts.iter().zip(&other.texts));
        let texts = texts.filter(|(_, (one, two))| one != two).map(|(column, _)| *column);
        let numbers = NUMBERS.iter().zip(self.numbers.iter().zip(&other.numbers));
        let numbers = numbers.filter(|(_, (one, two))| one != two).map(|(column, _)| *column);
        let bytes = BYTES.iter().zip(self.bytes.iter().zip(&other.bytes));
        let bytes = bytes.filter(|(_, (one, two))| one != two).map(|(column, _)| *column);
        texts.chain(numbers).chain(bytes).next()
    }
}

/// Returns every column of a row, with commas, in the order in which they are written.
pub(super) fn columns() -> String {
    let all = ["position"].into_iter().chain(NUMBERS).chain(BYTES).chain(TEXTS);
    all.collect::<Vec<_>>().join(", ")
}

/// Returns the bytes that a UUID, a trace id, a digest or a version's name stands for: half as long,
/// or shorter still. Any other text stands for itself.
pub(super) fn bytes(text: &str) -> Vec<u8> {
    let last = text.rsplit(['/', ':']).next().unwrap_or(text);
    let digits: String = last.chars().filter(|letter| *letter != '-').collect();
    match hex::decode(&digits) {
        Ok(bytes) if bytes.len() >= 16 => bytes,
        _ => text.as_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_hexadecimal_takes_half_the_room() {
        let digest = "7f".repeat(32);

        assert_eq!(bytes(&format!("sha256:{digest}")), [0x7f; 32]);
        assert_eq!(bytes(&format!("materialTypes/contract/versions/{digest}")), [0x7f; 32]);
        assert_eq!(bytes("0198d0c4-0000-7000-8000-0000000000ff").len(), 16);
        assert_eq!(bytes("r1"), b"r1");
    }
}
