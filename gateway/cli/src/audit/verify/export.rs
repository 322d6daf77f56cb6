//! A folder that `oncebus audit export` wrote: records, a proof for each, and one checkpoint.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use oncebus_trail::Checkpoint;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Keys, Proven, read, refused, shown};
use crate::exit::CliError;

/// One line of proofs.jsonl.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    index: u64,
    leaf: String,
    path: Vec<String>,
}

/// Reads records.jsonl or records.csv, a record at a time.
struct Records {
    lines: Lines,
    /// Names of the columns, of a CSV.
    head: Option<Vec<String>>,
}

/// Reads a file by lines.
struct Lines(BufReader<File>);

/// Checks every record of the export in `dir`, one after the other, and that as many are proven as
/// are shown.
pub(super) fn verify(dir: &Path, keys: &Keys) -> Result<Proven, CliError> {
    let file = dir.join("checkpoint");
    if !file.exists() {
        return Err(refused(dir, "the export has no checkpoint: it is not whole, export again"));
    }
    let note = String::from_utf8(read(&file)?).map_err(|error| refused(&file, error))?;
    let checkpoint = keys.open(&note).map_err(|fault| refused(&file, fault))?;

    let mut proofs = Lines::open(&dir.join("proofs.jsonl"))?;
    let csv = dir.join("records.csv");
    let shown = if csv.exists() { csv } else { dir.join("records.jsonl") };
    let mut records = Records::open(&shown).and_then(|records| records.with_head(&shown))?;
    let mut count: u64 = 0;
    loop {
        let at = |fault| refused(dir, format!("line {} of the records: {fault}", count + 1));
        match (proofs.next().map_err(at)?, records.next().map_err(at)?) {
            (None, None) => break,
            (Some(proof), Some(record)) => check(&proof, &record, &checkpoint).map_err(at)?,
            (None, Some(_)) => return Err(at("it has no proof".to_owned())),
            (Some(_), None) => return Err(at("it is missing, but there is a proof".to_owned())),
        }
        count += 1;
    }

    let Checkpoint { origin, size, .. } = &checkpoint;
    let witnesses = keys.witnesses();
    let sentence =
        format!("{count} records of {origin} are proven under {size} records{witnesses}");
    let mut value = keys.value(dir, &checkpoint);
    value["records"] = count.into();
    Ok(Proven { sentence, value })
}

fn check(proof: &str, shown: &Map<String, Value>, checkpoint: &Checkpoint) -> Result<(), String> {
    let Proof { index, leaf, path } =
        serde_json::from_str(proof).map_err(|error| format!("its proof: {error}"))?;
    let leaf = STANDARD.decode(leaf).map_err(|error| format!("its leaf: {error}"))?;
    let path = shown::path(&path)?;
    let proven = checkpoint.verify_record(index, &leaf, &path);
    proven.map_err(|fault| format!("record {index} is not proven: {fault}"))?;
    shown::compare(shown, index, &leaf)
}

// === impl Records ===

impl Records {
    fn open(file: &Path) -> Result<Self, CliError> {
        Ok(Self { lines: Lines::open(file)?, head: None })
    }

    /// Reads the head that a CSV has.
    fn with_head(mut self, file: &Path) -> Result<Self, CliError> {
        if file.extension().is_some_and(|extension| extension == "csv") {
            let head = self.lines.next().map_err(|fault| refused(file, fault))?;
            self.head = Some(cells(&head.unwrap_or_default()).map_err(|f| refused(file, f))?);
        }
        Ok(self)
    }

    /// Reads the next record; an empty cell of a CSV is a field that is not there.
    fn next(&mut self) -> Result<Option<Map<String, Value>>, String> {
        let Some(line) = self.lines.next()? else { return Ok(None) };
        let Some(head) = &self.head else {
            return serde_json::from_str(&line).map(Some).map_err(|error| error.to_string());
        };
        let cells = cells(&line)?;
        if cells.len() != head.len() {
            return Err(format!("it has {} cells, its head has {}", cells.len(), head.len()));
        }
        let cells = head.iter().cloned().zip(cells).filter(|(_, cell)| !cell.is_empty());
        Ok(Some(cells.map(|(name, cell)| (name, Value::String(cell))).collect()))
    }
}

// === impl Lines ===

impl Lines {
    fn open(file: &Path) -> Result<Self, CliError> {
        let opened = File::open(file);
        let opened = opened
            .map_err(|error| CliError::usage(format!("cannot read {}: {error}", file.display())))?;
        Ok(Self(BufReader::new(opened)))
    }

    fn next(&mut self) -> Result<Option<String>, String> {
        let mut line = String::new();
        match self.0.read_line(&mut line) {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned())),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Takes a line of comma-separated values to pieces (RFC 4180).
fn cells(line: &str) -> Result<Vec<String>, String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        let Some(cell) = cells.last_mut() else { break };
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            letter => cell.push(letter),
        }
    }
    if quoted { Err("a quotation mark is not closed".to_owned()) } else { Ok(cells) }
}
