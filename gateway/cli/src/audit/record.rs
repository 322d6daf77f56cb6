//! A record as JSON, with the field names that scripts rely on.

use jiff::Timestamp;
use oncebus_proto::v1 as pb;
use serde_json::{Map, Value, json};

/// Writes a record; what does not apply to its kind is left out.
pub(super) fn json(record: &pb::Record) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    put("index", record.index.into());
    put("id", record.id.clone().into());
    put("kind", record.kind.clone().into());
    put("time", record.time.as_ref().and_then(time).into());
    for (name, text) in [
        ("operation", &record.operation),
        ("outcome", &record.outcome),
        ("reason", &record.reason),
        ("department", &record.department),
        ("system", &record.system),
        ("holder", &record.holder),
        ("material_type", &record.material_type),
        ("version", &record.version),
        ("digest", &record.digest),
    ] {
        if !text.is_empty() {
            put(name, text.clone().into());
        }
    }
    if record.kind == "outcome" || record.kind == "aborted" {
        put("size_bytes", record.size_bytes.into());
        put("already_held", record.already_held.into());
        put("bytes_authorised", record.bytes_authorised.into());
    }
    if !record.cache.is_empty() {
        put("cache", record.cache.clone().into());
    }
    if let Some(pb::AdapterCalls { lookup, fetch, stage, seal }) = record.adapter_calls {
        let calls = json!({"lookup": lookup, "fetch": fetch, "stage": stage, "seal": seal});
        put("adapter_calls", calls);
    }
    if let Some(intent) = record.intent {
        put("intent", intent.into());
    }
    if let Some(follows) = record.follows {
        put("follows", follows.into());
    }
    for (name, text) in [
        ("boot", &record.boot),
        ("item", &record.item),
        ("cause", &record.cause),
        ("legal_basis", &record.legal_basis),
        ("authorization", &record.authorization),
        ("rule", &record.rule),
        ("certificate", &record.certificate),
        ("peer", &record.peer),
    ] {
        if !text.is_empty() {
            put(name, text.clone().into());
        }
    }
    if record.kind == "refused" || record.kind == "audit_read" {
        put("count", record.count.into());
    }
    if let Some(epoch) = record.epoch {
        put("epoch", epoch.into());
    }
    fields.into()
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
