//! Compares what callers were told with what the trail has.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use oncebus_proto::v1 as pb;
use oncebus_tests::{Route, Tag, TrailRecord, proof, request_id};
use oncebus_trail::VerifierKey;
use serde_json::{Value, json};

use crate::{
    ledger::{Entry, Ledger},
    town::Town,
};

/// Fetches at the same time while everything is fetched again.
const AT_ONCE: usize = 16;

/// What a comparison found; all must be nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Acknowledged, and not on the trail or not to be fetched.
    pub(crate) lost: Vec<String>,
    /// Done twice.
    pub(crate) double: Vec<String>,
    /// An adapter was asked, and no Intent says so.
    pub(crate) without_intent: Vec<String>,
    /// Intents that no Outcome closes.
    pub(crate) open: Vec<String>,
    /// Publications that were tried for long and not answered.
    pub(crate) unfinished: Vec<String>,
}

// === impl Findings ===

impl Findings {
    /// Returns a drill's figures.
    pub(crate) fn figures(&self, rate: f64, ledger: &Ledger, recoveries: &[Duration]) -> Value {
        let recovery = recoveries.iter().max().copied().unwrap_or_default();
        json!({
            "calls_per_second_before": rate,
            "faults": recoveries.len(),
            "acknowledged": ledger.count(),
            "lost": self.lost.len(),
            "double": self.double.len(),
            "without_intent": self.without_intent.len(),
            "open_intents": self.open.len(),
            "error_seconds": ledger.error_seconds(),
            "recovery_ms": recovery.as_millis() as u64,
        })
    }
}

/// Compares the ledger with the trail's files.
pub(crate) fn compare(ledger: &Ledger, records: &[TrailRecord], key: &VerifierKey) -> Findings {
    let mut findings = Findings::default();
    for entry in ledger.entries() {
        let at = usize::try_from(entry.receipt.index).unwrap();
        if let Some(fault) = fault(&entry, records.get(at), key) {
            findings.lost.push(format!("{} {}: {fault}", entry.operation, entry.tag.text()));
        }
    }
    findings.double = doubles(records);
    findings.without_intent = without_intent(records);
    findings.open = open_intents(records);
    findings.unfinished = ledger.given_up().iter().map(Tag::text).collect();
    findings
}

/// Returns what is wrong with the record of something acknowledged.
fn fault(entry: &Entry, record: Option<&TrailRecord>, key: &VerifierKey) -> Option<String> {
    let Some(record) = record else { return Some("its record is not there".to_owned()) };
    let ended_well = ["served", "recovered"].contains(&record.outcome.as_str());
    // A repeated Begin of what is held already answers under the repetition's own record.
    let same = record.kind == "outcome"
        && record.operation == entry.operation
        && ended_well
        && record.legal_basis == entry.tag.text();
    if !same {
        return Some(format!("its record is another call's: {record}"));
    }
    // Records of a personal type name no version.
    if !record.version.is_empty() && record.version != entry.version {
        return Some(format!("its record names another version: {record}"));
    }
    let receipt = proof(&entry.receipt);
    if receipt.leaf != record.leaf {
        return Some(format!("its receipt holds another record: {record}"));
    }
    receipt.verify(key).err().map(|error| format!("its receipt does not prove its record: {error}"))
}

/// Whether the record says that something was done that must be done once.
fn is_effect(record: &TrailRecord) -> bool {
    record.kind == "outcome"
        && ["served", "recovered"].contains(&record.outcome.as_str())
        && ["publish", "fetch"].contains(&record.operation.as_str())
        && !record.already_held
}

fn doubles(records: &[TrailRecord]) -> Vec<String> {
    let mut once: HashMap<(&str, &str), &TrailRecord> = HashMap::new();
    let mut doubles = Vec::new();
    for record in records.iter().filter(|record| is_effect(record)) {
        let call = (record.operation.as_str(), record.legal_basis.as_str());
        // A call about a registered version is made twice on purpose.
        let tag = Tag::read(record.legal_basis.as_bytes());
        if tag.is_none_or(|tag| tag.route == Route::Registered) {
            continue;
        }
        // Settlement writes an outcome again where it cannot know it durable: under the same id.
        let before = once.insert(call, record).filter(|before| before.id != record.id);
        if let Some(before) = before {
            doubles.push(format!("{before} and {record}"));
        }
    }
    doubles
}

fn without_intent(records: &[TrailRecord]) -> Vec<String> {
    let mut by_call: HashMap<(&str, &str), u64> = HashMap::new();
    for intent in records.iter().filter(|record| record.kind == "intent") {
        by_call.entry((&intent.holder, &intent.legal_basis)).or_insert(intent.index);
    }
    let covered = |record: &TrailRecord| {
        let linked = record.intent.and_then(|at| records.get(usize::try_from(at).unwrap()));
        let linked = linked.filter(|intent| intent.kind == "intent");
        // A commit that failed, and a resumption, ask under the Intent that stays open for the upload.
        let upload = || by_call.get(&(&record.holder, &record.legal_basis));
        let intent = linked.map(|intent| intent.index).or_else(|| upload().copied());
        intent.is_some_and(|at| at < record.index && records[at as usize].holder == record.holder)
    };
    let asked = records.iter().filter(|record| {
        let calls = record.adapter_calls;
        record.kind == "outcome" && calls.lookup + calls.fetch + calls.stage + calls.seal > 0
    });
    asked.filter(|record| !covered(record)).map(TrailRecord::to_string).collect()
}

fn open_intents(records: &[TrailRecord]) -> Vec<String> {
    let mut open: HashMap<u64, &TrailRecord> = HashMap::new();
    for record in records {
        match (record.kind.as_str(), record.intent) {
            ("intent", _) => drop(open.insert(record.index, record)),
            ("outcome", Some(intent)) => drop(open.remove(&intent)),
            _ => {}
        }
    }
    open.into_values().map(TrailRecord::to_string).collect()
}

/// Fetches every acknowledged publication again, by type, subject and number; answers which are not
/// there as they were promised.
pub(crate) async fn fetch_again(town: &Town, ledger: &Ledger) -> Vec<String> {
    let clients: HashMap<_, _> =
        crate::town::DEPARTMENTS.map(|department| (department, town.client(department))).into();
    let clients = Arc::new(clients);
    let published = ledger.entries().into_iter().filter(|entry| entry.operation == "publish");
    let fetches = futures_util::stream::iter(published.collect::<Vec<_>>()).map(|entry| {
        let clients = Arc::clone(&clients);
        async move {
            let request = pb::FetchMaterialRequest {
                version: entry.version.clone(),
                purpose: Some(oncebus_tests::purpose()),
                request_id: request_id(),
                ..Default::default()
            };
            let wrong = loop {
                match clients[entry.department].fetch(request.clone()).await {
                    Ok(fetched) if fetched.content == entry.tag.content() => return None,
                    Ok(_other) => break "other bytes".to_owned(),
                    Err(status) if crate::load::described(&status) == "OVERLOADED" => {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                    Err(status) => break status.to_string(),
                }
            };
            Some(format!("{} {}: {wrong}", entry.material_type, entry.tag.text()))
        }
    });
    fetches.buffer_unordered(AT_ONCE).filter_map(|lost| async { lost }).collect().await
}
