//! Which records are looked for: what cannot match anything is refused, and named.

use jiff::Timestamp;
use oncebus_core::{
    Bus, DeptId, Digest, DigestError, FieldError, Operation, RecordId, VersionName,
};
use oncebus_proto::v1 as pb;
use oncebus_store::RecordFilter;

use crate::convert::common::{optional, recorded_subject, unsigned};

const KINDS: [&str; 13] = [
    "intent",
    "outcome",
    "aborted",
    "refused",
    "admin",
    "audit_read",
    "config",
    "key",
    "retention",
    "erasure",
    "clock",
    "start",
    "stop",
];
const OUTCOMES: [&str; 5] = ["served", "denied", "failed", "unknown", "recovered"];
const CACHES: [&str; 3] = ["hit", "miss", "joined"];
/// Longest text of a filter in bytes, as of every text of a request.
const MAX_TEXT_BYTES: usize = 256;
/// Longest registered reason.
const MAX_REASON_BYTES: usize = 63;

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
    let department = optional("department", &message.department)?;
    let (from, until) = window(message.start_time.as_ref(), message.end_time.as_ref())?;
    let least = unsigned("min_latency_ms", message.min_latency_ms)?;
    Ok(RecordFilter {
        case: case(department.as_ref(), &message.case_number)?,
        department,
        system: system(&message.system)?,
        holder: optional("holder", &message.holder)?,
        material_type,
        item: free("item", &message.item)?,
        kind: one_of("kind", &message.kind, &KINDS)?,
        operation: optional::<Operation>("operation", &message.operation)?.map(|o| o.to_string()),
        outcome: one_of("outcome", &message.outcome, &OUTCOMES)?,
        reason: reason(&message.reason)?,
        cache: one_of("cache", &message.cache, &CACHES)?,
        version: optional::<VersionName>("version", &message.version)?,
        from,
        until,
        id: id(&message.id)?,
        trace_id: trace_id(&message.trace_id)?,
        digest: digest(&message.digest)?,
        subject: message.subject.clone().map(|asked| recorded_subject(Some(asked))).transpose()?,
        min_latency_ms: (least > 0).then(|| i64::try_from(least).unwrap_or(i64::MAX)),
    })
}

/// Reads what a tail follows, and where it begins; unset means at the trail's end.
///
/// # Errors
///
/// As [`filter`]; and names a time, which a tail has none of, or a negative index.
pub(crate) fn tail_query(
    bus: &Bus,
    message: &pb::TailRecordsRequest,
) -> Result<(RecordFilter, Option<u64>), FieldError> {
    let asked = message.filter.clone().unwrap_or_default();
    for (field, time) in [("start_time", asked.start_time), ("end_time", asked.end_time)] {
        if time.is_some() {
            let cure = "leave it out: a tail has what comes, and from_index says from where";
            return Err(FieldError::new(field, "is given", cure));
        }
    }
    let from = message.from_index.map(|index| unsigned("from_index", index)).transpose()?;
    Ok((filter(bus, &asked)?, from))
}

/// Reads a window of time, in milliseconds since 1970.
///
/// # Errors
///
/// Names the time that is none, or an end that is not after its start.
pub(super) fn window(
    start: Option<&prost_types::Timestamp>,
    end: Option<&prost_types::Timestamp>,
) -> Result<(Option<i64>, Option<i64>), FieldError> {
    let from = start.map(|time| millis("start_time", time)).transpose()?;
    let until = end.map(|time| millis("end_time", time)).transpose()?;
    match (from, until) {
        (Some(from), Some(until)) if until <= from => {
            let cure = "give a later end_time or an earlier start_time";
            Err(FieldError::new("end_time", "is not after start_time", cure))
        }
        window => Ok(window),
    }
}

fn case(department: Option<&DeptId>, number: &str) -> Result<Option<(DeptId, String)>, FieldError> {
    let Some(number) = free("case_number", number)? else { return Ok(None) };
    match department {
        Some(department) => Ok(Some((department.clone(), number))),
        None => {
            let cure = "give the department whose case it is too";
            Err(FieldError::new("case_number", "is given without department", cure))
        }
    }
}

fn system(text: &str) -> Result<Option<String>, FieldError> {
    match free("system", text)? {
        Some(system) if !system.starts_with("spiffe://") => {
            let cure = "give one like spiffe://city.example/dept/housing/system/approval";
            Err(FieldError::new("system", "is no SPIFFE id", cure))
        }
        system => Ok(system),
    }
}

fn reason(text: &str) -> Result<Option<String>, FieldError> {
    let registered = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if text.len() > MAX_REASON_BYTES || !text.bytes().all(registered) {
        let cure = "give one in capital letters, like ACCESS_DENIED";
        return Err(FieldError::new("reason", "is no registered reason", cure));
    }
    free("reason", text)
}

fn id(text: &str) -> Result<Option<RecordId>, FieldError> {
    let parsed = || FieldError::new("id", "is no UUID", "give the id of a record");
    match text {
        "" => Ok(None),
        text => text.parse().map(|id| Some(RecordId(id))).or(Err(parsed())),
    }
}

fn trace_id(text: &str) -> Result<Option<[u8; 16]>, FieldError> {
    let mut bytes = [0; 16];
    if text.is_empty() {
        return Ok(None);
    }
    match hex::decode_to_slice(text, &mut bytes) {
        Ok(()) => Ok(Some(bytes)),
        Err(_other) => {
            Err(FieldError::new("trace_id", "is no trace id", "give 32 hexadecimal digits"))
        }
    }
}

fn digest(text: &str) -> Result<Option<Digest>, FieldError> {
    if text.is_empty() {
        return Ok(None);
    }
    let cure = "give sha256: and 64 hexadecimal digits";
    let wrong = |_fault: DigestError| FieldError::new("digest", "is no digest", cure);
    text.parse().map(Some).map_err(wrong)
}

fn free(field: &'static str, text: &str) -> Result<Option<String>, FieldError> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() > MAX_TEXT_BYTES || text.chars().any(char::is_control) {
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
