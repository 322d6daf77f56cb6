//! A record as JSON, with the field names that scripts rely on.

use jiff::Timestamp;
use oncebus_proto::v1 as pb;
use serde_json::{Map, Value, json};

use crate::{material, output::Column};

/// Fields of a record, in order.
#[derive(Default)]
struct Fields(Map<String, Value>);

/// Columns of a table of records.
pub(super) const COLUMNS: [Column; 11] = [
    ("#", "index"),
    ("time", "time"),
    ("kind", "kind"),
    ("operation", "operation"),
    ("outcome", "outcome"),
    ("reason", "reason"),
    ("cache", "cache"),
    ("department", "department"),
    ("holder", "holder"),
    ("type", "material_type"),
    ("item", "item"),
];

/// Every field that [`json()`] may write, in its order.
pub(super) const FIELDS: [&str; 55] = [
    "index",
    "id",
    "kind",
    "time",
    "operation",
    "outcome",
    "reason",
    "department",
    "system",
    "holder",
    "material_type",
    "version",
    "digest",
    "size_bytes",
    "already_held",
    "duplicate_collection",
    "exception",
    "correction",
    "compared",
    "revocation",
    "bytes_authorised",
    "cache",
    "adapter_calls",
    "intent",
    "follows",
    "bundle",
    "boot",
    "item",
    "package",
    "cause",
    "legal_basis",
    "authorization",
    "rule",
    "policy",
    "catalog",
    "certificate",
    "officer",
    "adapter",
    "media_type",
    "digest_salted",
    "cached_since",
    "retries",
    "trace_id",
    "latency_ms",
    "gateway",
    "config",
    "region",
    "peer",
    "count",
    "epoch",
    "key",
    "ranges",
    "ground",
    "counts",
    "sealed",
];

/// Writes a record; what does not apply to its kind is left out.
pub(super) fn json(record: &pb::Record) -> Value {
    let mut fields = Fields::default();
    fields.put("index", record.index);
    fields.put("id", record.id.clone());
    fields.put("kind", record.kind.clone());
    fields.put("time", record.time.as_ref().and_then(time));
    fields.texts([
        ("operation", &record.operation),
        ("outcome", &record.outcome),
        ("reason", &record.reason),
        ("department", &record.department),
        ("system", &record.system),
        ("holder", &record.holder),
        ("material_type", &record.material_type),
        ("version", &record.version),
        ("digest", &record.digest),
    ]);
    if record.kind == "outcome" || record.kind == "aborted" {
        fields.put("size_bytes", record.size_bytes);
        fields.put("already_held", record.already_held);
        if record.duplicate_collection {
            fields.put("duplicate_collection", true);
        }
        fields.texts([
            ("exception", &record.exception),
            ("correction", &record.correction),
            ("compared", &record.compared),
            ("revocation", &record.revocation),
        ]);
        fields.put("bytes_authorised", record.bytes_authorised);
    }
    fields.texts([("cache", &record.cache)]);
    if let Some(pb::AdapterCalls { lookup, fetch, stage, seal, verify }) = record.adapter_calls {
        let mut calls = json!({"lookup": lookup, "fetch": fetch, "stage": stage, "seal": seal});
        if verify > 0 {
            calls["verify"] = verify.into();
        }
        fields.put("adapter_calls", calls);
    }
    fields.number("intent", record.intent);
    fields.number("follows", record.follows);
    fields.texts([
        ("bundle", &record.bundle),
        ("boot", &record.boot),
        ("item", &record.item),
        ("package", &record.package),
        ("cause", &record.cause),
        ("legal_basis", &record.legal_basis),
        ("authorization", &record.authorization),
        ("rule", &record.rule),
        ("policy", &record.policy),
        ("catalog", &record.catalog),
        ("certificate", &record.certificate),
        ("officer", &record.officer),
        ("adapter", &record.adapter),
        ("media_type", &record.media_type),
        ("digest_salted", &record.digest_salted),
    ]);
    if let Some(since) = record.cached_since.as_ref().and_then(time) {
        fields.put("cached_since", since);
    }
    fields.number("retries", some(record.retries.into()));
    fields.texts([("trace_id", &record.trace_id)]);
    fields.number("latency_ms", some(record.latency_ms));
    fields.texts([
        ("gateway", &record.gateway),
        ("config", &record.config),
        ("region", &record.region),
        ("peer", &record.peer),
    ]);
    let counts = record.kind == "refused" || record.kind == "audit_read";
    fields.number("count", some(record.count).or(counts.then_some(0)));
    fields.number("epoch", record.epoch);
    fields.texts([("key", &record.key)]);
    if !record.ranges.is_empty() {
        let ranges: Vec<_> = record.ranges.iter().map(|range| [range.start, range.end]).collect();
        fields.put("ranges", json!(ranges));
    }
    fields.texts([("ground", &record.ground)]);
    if let Some(counts) = &record.counts {
        fields.put("counts", material::counts(counts));
    }
    fields.texts([("sealed", &record.sealed)]);
    fields.0.into()
}

// === impl Fields ===

impl Fields {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Puts what is not empty.
    fn texts<const N: usize>(&mut self, texts: [(&str, &String); N]) {
        for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            self.put(name, text.clone());
        }
    }

    /// Puts what is there.
    fn number(&mut self, name: &str, number: Option<i64>) {
        if let Some(number) = number {
            self.put(name, number);
        }
    }
}

/// Takes zero for what a record has not.
fn some(number: i64) -> Option<i64> {
    (number != 0).then_some(number)
}

fn time(time: &prost_types::Timestamp) -> Option<String> {
    Timestamp::new(time.seconds, time.nanos).ok().map(|time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_the_names_that_scripts_rely_on() {
        let record = pb::Record {
            index: 4,
            id: "r".to_owned(),
            kind: "outcome".to_owned(),
            time: Some(prost_types::Timestamp { seconds: 1_772_442_000, nanos: 0 }),
            operation: "fetch".to_owned(),
            outcome: "served".to_owned(),
            department: "planning".to_owned(),
            size_bytes: 10,
            bytes_authorised: 10,
            cache: "miss".to_owned(),
            adapter_calls: Some(pb::AdapterCalls { fetch: 1, ..Default::default() }),
            intent: Some(3),
            boot: "b".to_owned(),
            ..Default::default()
        };

        let expected = json!({
            "index": 4, "id": "r", "kind": "outcome", "time": "2026-03-02T09:00:00Z",
            "operation": "fetch", "outcome": "served", "department": "planning",
            "size_bytes": 10, "already_held": false, "bytes_authorised": 10, "cache": "miss",
            "adapter_calls": {"lookup": 0, "fetch": 1, "stage": 0, "seal": 0},
            "intent": 3, "boot": "b",
        });
        assert_eq!(json(&record), expected);
    }

    #[test]
    fn every_field_of_a_record_is_one_of_the_listed_ones_in_their_order() {
        let text = || "x".to_owned();
        let time = Some(prost_types::Timestamp { seconds: 1, nanos: 0 });
        let record = pb::Record {
            index: 1,
            id: text(),
            kind: "outcome".to_owned(),
            time,
            operation: text(),
            outcome: text(),
            reason: text(),
            department: text(),
            system: text(),
            holder: text(),
            material_type: text(),
            version: text(),
            digest: text(),
            size_bytes: 1,
            already_held: true,
            bytes_authorised: 1,
            cache: text(),
            adapter_calls: Some(pb::AdapterCalls::default()),
            intent: Some(1),
            boot: text(),
            item: text(),
            cause: text(),
            legal_basis: text(),
            authorization: text(),
            rule: text(),
            certificate: text(),
            peer: text(),
            count: 1,
            leaf: Default::default(),
            epoch: Some(1),
            follows: Some(1),
            officer: text(),
            media_type: text(),
            adapter: text(),
            cached_since: time,
            policy: text(),
            catalog: text(),
            trace_id: text(),
            latency_ms: 1,
            retries: 1,
            gateway: text(),
            config: text(),
            region: text(),
            sealed: text(),
            digest_salted: text(),
            key: text(),
            package: text(),
            ranges: vec![pb::IndexRange { start: 1, end: 2 }],
            ground: text(),
            counts: Some(pb::ChecklistCounts::default()),
            revocation: text(),
            duplicate_collection: true,
            exception: text(),
            correction: text(),
            compared: text(),
            bundle: text(),
        };

        let written = json(&record);

        let names: Vec<_> = written.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, FIELDS);
    }

    #[test]
    fn a_denial_and_a_count_of_refusals_tell_why_and_who() {
        let denial = pb::Record {
            kind: "outcome".to_owned(),
            outcome: "denied".to_owned(),
            reason: "ACCESS_DENIED".to_owned(),
            system: "spiffe://oncebus.test/dept/planning/system/a".to_owned(),
            holder: "market".to_owned(),
            material_type: "business_license".to_owned(),
            version: "materialTypes/business_license/versions/v".to_owned(),
            digest: "sha256:00".to_owned(),
            already_held: true,
            item: "I14".to_owned(),
            cause: "APPROVAL".to_owned(),
            legal_basis: "Law".to_owned(),
            authorization: "STATUTORY_DUTY".to_owned(),
            rule: "permission 3".to_owned(),
            certificate: "ab".to_owned(),
            ..Default::default()
        };
        let refused = pb::Record {
            kind: "refused".to_owned(),
            reason: "NO_CERTIFICATE".to_owned(),
            peer: "10.0.0.7".to_owned(),
            count: 12,
            ..Default::default()
        };

        let expected = json!({
            "index": 0, "id": "", "kind": "outcome", "time": null, "outcome": "denied",
            "reason": "ACCESS_DENIED", "system": "spiffe://oncebus.test/dept/planning/system/a",
            "holder": "market", "material_type": "business_license",
            "version": "materialTypes/business_license/versions/v", "digest": "sha256:00",
            "size_bytes": 0, "already_held": true, "bytes_authorised": 0, "item": "I14",
            "cause": "APPROVAL", "legal_basis": "Law", "authorization": "STATUTORY_DUTY",
            "rule": "permission 3", "certificate": "ab",
        });
        assert_eq!(json(&denial), expected);
        let expected = json!({
            "index": 0, "id": "", "kind": "refused", "time": null, "reason": "NO_CERTIFICATE",
            "peer": "10.0.0.7", "count": 12,
        });
        assert_eq!(json(&refused), expected);
    }
}
