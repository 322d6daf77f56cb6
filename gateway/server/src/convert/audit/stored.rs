//! Records, as they stand on the trail.

use bytes::Bytes;
use jiff::Timestamp;
use oncebus_core::Counts;
use oncebus_proto::v1 as pb;
use serde::Deserialize;

use crate::convert::{
    checklist::counts,
    common::{signed, timestamp},
};

/// A leaf as it is read back; what is absent reads as empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct StoredRecord {
    id: String,
    kind: String,
    time: i64,
    operation: String,
    outcome: String,
    reason: String,
    department: String,
    system: String,
    certificate: String,
    officer: String,
    holder: String,
    adapter: String,
    material_type: String,
    version: String,
    digest: String,
    digest_salted: String,
    size_bytes: u64,
    media_type: String,
    already_held: bool,
    duplicate_collection: bool,
    exception: String,
    correction: String,
    compared: String,
    revocation: String,
    bytes_authorised: u64,
    cache: String,
    cached_since: Option<i64>,
    adapter_calls: Option<StoredCalls>,
    retries: i32,
    item: String,
    package: String,
    cause: String,
    legal_basis: String,
    authorization: String,
    rule: String,
    policy: String,
    catalog: String,
    trace_id: String,
    intent: Option<u64>,
    follows: Option<u64>,
    bundle: String,
    latency_ms: u64,
    boot: String,
    gateway: String,
    config: String,
    region: String,
    peer: String,
    count: u64,
    epoch: Option<u64>,
    key: String,
    ranges: Vec<[u64; 2]>,
    ground: String,
    counts: Option<Counts>,
    sealed: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StoredCalls {
    lookup: i32,
    fetch: i32,
    stage: i32,
    seal: i32,
    verify: i32,
}

// === impl StoredRecord ===

impl StoredRecord {
    /// Writes the record at `index`, with its exact leaf.
    pub(crate) fn message(self, index: u64, leaf: Vec<u8>) -> pb::Record {
        pb::Record {
            index: signed(index),
            id: self.id,
            kind: self.kind,
            time: moment(self.time),
            operation: self.operation,
            outcome: self.outcome,
            reason: self.reason,
            department: self.department,
            system: self.system,
            holder: self.holder,
            material_type: self.material_type,
            version: self.version,
            digest: self.digest,
            size_bytes: signed(self.size_bytes),
            already_held: self.already_held,
            bytes_authorised: signed(self.bytes_authorised),
            cache: self.cache,
            adapter_calls: self.adapter_calls.map(StoredCalls::message),
            intent: self.intent.map(signed),
            follows: self.follows.map(signed),
            boot: self.boot,
            item: self.item,
            cause: self.cause,
            legal_basis: self.legal_basis,
            authorization: self.authorization,
            rule: self.rule,
            certificate: self.certificate,
            peer: self.peer,
            count: signed(self.count),
            leaf: Bytes::from(leaf),
            epoch: self.epoch.map(signed),
            officer: self.officer,
            media_type: self.media_type,
            adapter: self.adapter,
            cached_since: self.cached_since.and_then(moment),
            policy: self.policy,
            catalog: self.catalog,
            trace_id: self.trace_id,
            latency_ms: signed(self.latency_ms),
            retries: self.retries,
            gateway: self.gateway,
            config: self.config,
            region: self.region,
            sealed: self.sealed,
            digest_salted: self.digest_salted,
            key: self.key,
            package: self.package,
            ranges: self.ranges.into_iter().map(range).collect(),
            ground: self.ground,
            bundle: self.bundle,
            counts: self.counts.as_ref().map(counts),
            revocation: self.revocation,
            duplicate_collection: self.duplicate_collection,
            exception: self.exception,
            correction: self.correction,
            compared: self.compared,
        }
    }
}

impl StoredCalls {
    fn message(self) -> pb::AdapterCalls {
        let Self { lookup, fetch, stage, seal, verify } = self;
        pb::AdapterCalls { lookup, fetch, stage, seal, verify }
    }
}

fn moment(millis: i64) -> Option<prost_types::Timestamp> {
    Timestamp::from_millisecond(millis).ok().map(timestamp)
}

fn range([start, end]: [u64; 2]) -> pb::IndexRange {
    pb::IndexRange { start: signed(start), end: signed(end) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_keeps_every_field_of_its_leaf() {
        let leaf = br#"{"v":1,"id":"i","kind":"outcome","time":1000,"operation":"fetch","outcome":"served","reason":"R","department":"d","system":"s","certificate":"c","officer":"o","holder":"h","adapter":"files/b","material_type":"t","version":"v","digest":"g","digest_salted":"gs","size_bytes":1,"media_type":"application/pdf","already_held":true,"duplicate_collection":true,"exception":"ex","correction":"co","compared":"cm","revocation":"rv","bytes_authorised":2,"cache":"hit","cached_since":2000,"adapter_calls":{"lookup":1,"fetch":2,"seal":4,"verify":3},"retries":5,"item":"I1","package":"P1","cause":"APPROVAL","legal_basis":"l","authorization":"a","rule":"r","policy":"p","catalog":"ca","request":"q","trace_id":"tr","counts":{"asked":5,"distinct":4,"held":3,"to_collect":2,"satisfied":1},"intent":6,"follows":7,"bundle":"bu","latency_ms":8,"boot":"b","gateway":"gw","config":"cf","region":"rg","peer":"pe","count":9,"epoch":10,"key":"k","ranges":[[1,2],[5,9]],"ground":"gr","sealed":"se"}"#;
        let stored: StoredRecord = serde_json::from_slice(leaf).unwrap();

        let record = stored.message(3, leaf.to_vec());

        let time = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        assert_eq!((record.index, record.time, record.cached_since), (3, time(1), time(2)));
        let ends: Vec<_> = record.ranges.iter().map(|range| (range.start, range.end)).collect();
        assert_eq!(ends, [(1, 2), (5, 9)]);
        let numbers = [record.size_bytes, record.bytes_authorised, record.latency_ms, record.count];
        assert_eq!(numbers, [1, 2, 8, 9]);
        let calls = pb::AdapterCalls { lookup: 1, fetch: 2, stage: 0, seal: 4, verify: 3 };
        assert_eq!(record.adapter_calls, Some(calls), "calls that were not made are left out");
        assert_eq!((record.retries, record.intent, record.follows), (5, Some(6), Some(7)));
        let counts = record.counts.unwrap();
        let pieces = [counts.asked, counts.distinct, counts.held, counts.to_collect];
        assert_eq!((pieces, counts.satisfied), ([5, 4, 3, 2], 1));
        // Whatever else the leaf says in text stands in some field.
        let said = format!("{record:?}");
        for text in [
            "i",
            "o",
            "files/b",
            "gs",
            "application/pdf",
            "P1",
            "p",
            "ca",
            "tr",
            "bu",
            "gw",
            "cf",
            "rg",
            "k",
            "gr",
            "se",
            "ex",
            "co",
            "cm",
        ] {
            assert!(said.contains(&format!(": {text:?}")), "{text} is lost in {said}");
        }
    }
}
