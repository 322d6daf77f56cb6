//! Messages of AuditService.

use bytes::Bytes;
use jiff::Timestamp;
use oncebus_core::{Bus, FieldError};
use oncebus_proto::v1 as pb;
use oncebus_store::RecordFilter;
use serde::Deserialize;

use super::common::{optional, signed, timestamp};

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
    pub(crate) department: String,
    system: String,
    certificate: String,
    officer: String,
    pub(crate) holder: String,
    adapter: String,
    material_type: String,
    version: String,
    digest: String,
    digest_salted: String,
    size_bytes: u64,
    media_type: String,
    already_held: bool,
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
    trace_id: String,
    intent: Option<u64>,
    follows: Option<u64>,
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
    sealed: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StoredCalls {
    lookup: i32,
    fetch: i32,
    stage: i32,
    seal: i32,
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
        }
    }
}

impl StoredCalls {
    fn message(self) -> pb::AdapterCalls {
        let Self { lookup, fetch, stage, seal } = self;
        pb::AdapterCalls { lookup, fetch, stage, seal }
    }
}

/// Reads the filters of a search; empty means any.
///
/// # Errors
///
/// Names the filter that cannot match anything there is.
pub(crate) fn filter(bus: &Bus, message: &pb::RecordFilter) -> Result<RecordFilter, FieldError> {
    let material_type = match message.material_type.as_str() {
        "" => None,
        code => Some(bus.material_type(code)?.code.clone()),
    };
    let kinds =
        ["intent", "outcome", "aborted", "refused", "audit_read", "config", "start", "stop"];
    let operations = ["publish", "resume", "fetch", "find", "get"];
    let outcomes = ["served", "denied", "failed", "unknown", "recovered"];
    Ok(RecordFilter {
        department: optional("department", &message.department)?,
        system: free("system", &message.system)?,
        holder: optional("holder", &message.holder)?,
        material_type,
        item: free("item", &message.item)?,
        kind: one_of("kind", &message.kind, &kinds)?,
        operation: one_of("operation", &message.operation, &operations)?,
        outcome: one_of("outcome", &message.outcome, &outcomes)?,
        reason: free("reason", &message.reason)?,
        version: free("version", &message.version)?,
        from: message.start_time.as_ref().map(|time| millis("start_time", time)).transpose()?,
        until: message.end_time.as_ref().map(|time| millis("end_time", time)).transpose()?,
    })
}

fn moment(millis: i64) -> Option<prost_types::Timestamp> {
    Timestamp::from_millisecond(millis).ok().map(timestamp)
}

fn range([start, end]: [u64; 2]) -> pb::IndexRange {
    pb::IndexRange { start: signed(start), end: signed(end) }
}

fn free(field: &'static str, text: &str) -> Result<Option<String>, FieldError> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() > 256 || text.chars().any(char::is_control) {
        let cure = "give at most 256 bytes without control characters";
        return Err(FieldError::new(field, "is too long or has a control character", cure));
    }
    Ok(Some(text.to_owned()))
}

fn one_of(field: &'static str, text: &str, allowed: &[&str]) -> Result<Option<String>, FieldError> {
    match text {
        "" => Ok(None),
        text if allowed.contains(&text) => Ok(Some(text.to_owned())),
        _ => {
            let cure = format!("give one of {}", allowed.join(", "));
            Err(FieldError::new(field, "is unknown", cure))
        }
    }
}

fn millis(field: &'static str, time: &prost_types::Timestamp) -> Result<i64, FieldError> {
    match Timestamp::new(time.seconds, time.nanos) {
        Ok(time) => Ok(time.as_millisecond()),
        Err(_outside) => {
            Err(FieldError::new(field, "is no time", "give seconds and nanoseconds since 1970"))
        }
    }
}
