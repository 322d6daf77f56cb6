//! The trail as its files say it, read beside the gateway and without asking it.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
};

use oncebus_tests::TrailFile;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    city::TYPES,
    divergence::{Divergence, Flaw},
};

/// The records so far.
#[derive(Debug)]
pub(super) struct Ledger {
    file: TrailFile,
    records: Vec<Value>,
    by_request: HashMap<String, Vec<usize>>,
    open: BTreeSet<u64>,
    /// Where the trail ended when the step before this one began, and this one.
    began: [usize; 2],
    found: Vec<Divergence>,
}

impl Ledger {
    pub(super) fn new(trail: &Path) -> Self {
        Self {
            file: TrailFile::new(trail),
            records: Vec::new(),
            by_request: HashMap::new(),
            open: BTreeSet::new(),
            began: [0; 2],
            found: Vec::new(),
        }
    }

    /// Marks the begin of a step.
    pub(super) fn begin(&mut self) {
        self.catch_up();
        self.began = [self.began[1], self.records.len()];
    }

    /// Reads what was written since.
    pub(super) fn catch_up(&mut self) {
        for record in self.file.read_on().expect("the trail can be read") {
            self.add(&record.leaf);
        }
    }

    /// Returns what was found wrong with records, or with when adapters were asked.
    pub(super) fn verdict(&mut self) -> Result<(), Divergence> {
        self.catch_up();
        if self.found.is_empty() { Ok(()) } else { Err(self.found.remove(0)) }
    }

    /// Tells whether an Outcome lets this request's answer leave, now.
    pub(super) fn releases(&mut self, request: &str) -> bool {
        self.catch_up();
        self.of(request).iter().any(|record| record["outcome"] == "served")
    }

    /// Returns the record at an index, if it is there now.
    pub(super) fn record(&mut self, index: i64) -> Option<&Value> {
        self.catch_up();
        self.records.get(usize::try_from(index).ok()?)
    }

    /// Returns the records of one request.
    pub(super) fn of(&self, request: &str) -> Vec<&Value> {
        let at = self.by_request.get(&token(request));
        at.into_iter().flatten().map(|at| &self.records[*at]).collect()
    }

    /// Returns the Intents that nothing has closed.
    pub(super) fn open(&mut self) -> &BTreeSet<u64> {
        self.catch_up();
        &self.open
    }

    /// Notes that an adapter is asked; its Intent must be on the trail now.
    pub(super) fn asked(&mut self, department: &str, method: &str, code: &str) {
        self.catch_up();
        let intent = |record: &&Value| record["kind"] == "intent" && record["holder"] == department;
        let covered = match method {
            "Stage" | "Seal" => {
                let mut open = self.open.iter().map(|at| &self.records[*at as usize]);
                open.any(|record| intent(&record) && record["operation"] == "publish")
            }
            _ => {
                let mut late = self.records[self.began[0]..].iter();
                late.any(|record| intent(&record) && record["material_type"] == code)
            }
        };
        if !covered {
            let what = format!("{method} of {code} at {department}");
            self.found.push(Flaw::AskedWithoutIntent.because(what));
        }
    }

    fn add(&mut self, leaf: &[u8]) {
        let record: Value = serde_json::from_slice(leaf).unwrap();
        let index = self.records.len() as u64;
        self.found.extend(self.wrong(&record));
        match (record["kind"].as_str(), record["intent"].as_u64()) {
            (Some("intent"), _) => drop(self.open.insert(index)),
            (Some("outcome"), Some(closed)) => drop(self.open.remove(&closed)),
            _ => {}
        }
        if let Some(request) = record["request"].as_str() {
            self.by_request.entry(request.to_owned()).or_default().push(self.records.len());
        }
        self.records.push(record);
    }

    fn wrong(&self, record: &Value) -> Option<Divergence> {
        let personal = TYPES.iter().any(|t| t.personal && record["material_type"] == t.code);
        if personal && !(record["version"].is_null() && record["digest"].is_null()) {
            return Some(
                Flaw::WrongRecord.because(format!("a personal content can be told: {record}")),
            );
        }
        let decided = record["kind"] != "config";
        if decided && record["outcome"] == "served" && record["rule"].is_null() {
            return Some(Flaw::RecordedUndecided.because(record.to_string()));
        }
        let intent = record["intent"].as_u64()?;
        match self.records.get(intent as usize) {
            Some(intent) if intent["kind"] == "intent" => None,
            _ => Some(Flaw::WrongRecord.because(format!("it closes no earlier intent: {record}"))),
        }
    }
}

/// How the trail calls a request.
fn token(request: &str) -> String {
    let id = hex::decode(request.replace('-', "")).unwrap();
    format!("sha256:{}", hex::encode(Sha256::digest(id)))
}
