//! Answers about materials as JSON, with the field names that scripts rely on.

use jiff::Timestamp;
use oncebus_proto::v1 as pb;
use serde_json::{Value, json};

use crate::output::Column;

/// Columns of a list of materials.
pub(super) const COLUMNS: [Column; 9] = [
    ("type", "material_type"),
    ("number", "number"),
    ("holder", "holder"),
    ("size", "size_bytes"),
    ("validity", "validity"),
    ("valid until", "valid_until"),
    ("status", "status"),
    ("current", "current"),
    ("version", "version"),
];

/// Columns of a list of materials as they were on a day.
pub(super) const COLUMNS_THEN: [Column; 9] = [
    ("type", "material_type"),
    ("number", "number"),
    ("holder", "holder"),
    ("then", "validity_then"),
    ("until", "valid_until_then"),
    ("now", "validity"),
    ("status", "status"),
    ("current", "current"),
    ("version", "version"),
];

/// Writes what is known of a version.
pub(super) fn info(info: &pb::MaterialInfo) -> Value {
    let cache = match info.cache() {
        pb::CacheResult::Hit => Some("hit"),
        pb::CacheResult::Miss => Some("miss"),
        pb::CacheResult::Joined => Some("joined"),
        pb::CacheResult::Unspecified => None,
    };
    let mut answer = json!({
        "version": info.version,
        "material_type": info.material_type,
        "number": info.number,
        "digest": info.version_digest.as_ref().map(digest),
        "size_bytes": info.size_bytes,
        "media_type": info.media_type,
        "holder": info.holder,
        "issuer": info.issuer,
        "issued": info.issued,
        "valid_until": info.valid_until,
        "current": info.current,
        "cache": cache,
        "age_ms": info.age_ms,
        "status": info.status,
        "validity": validity(info.validity()),
        "catalog": info.catalog,
    });
    if let Some(then) = &info.then {
        answer["validity_then"] = validity(then.validity()).into();
        answer["valid_until_then"] = then.valid_until.clone().into();
        answer["status_then"] = then.status.clone().into();
    }
    if !info.relations.is_empty() {
        answer["relations"] = info.relations.iter().map(relation).collect::<Vec<_>>().into();
    }
    if info.revoked_at.is_some() {
        answer["revoked_at"] = info.revoked_at.as_ref().and_then(time).into();
        answer["revocation"] = revocation(info.revocation()).into();
    }
    if info.contribution {
        let state = info.correction_state().as_str_name();
        answer["contribution"] = true.into();
        answer["correction"] = info.correction.clone().into();
        answer["correction_state"] = state.trim_start_matches("CORRECTION_STATE_").into();
    }
    answer
}

fn relation(relation: &pb::Relation) -> Value {
    let kind = relation.kind().as_str_name().trim_start_matches("RELATION_KIND_");
    json!({"kind": kind.to_lowercase(), "version": relation.version})
}

/// Writes a verdict.
pub(super) fn validity(validity: pb::Validity) -> String {
    validity.as_str_name().trim_start_matches("VALIDITY_").to_owned()
}

fn revocation(reason: pb::Revocation) -> String {
    reason.as_str_name().trim_start_matches("REVOCATION_").to_owned()
}

/// Writes a moment as RFC 3339 does.
pub(super) fn time(time: &prost_types::Timestamp) -> Option<String> {
    Timestamp::new(time.seconds, time.nanos).ok().map(|time| time.to_string())
}

/// Writes what a transfer came to.
pub(super) fn transfer(
    about: &pb::MaterialInfo,
    already_held: bool,
    receipt: &pb::Receipt,
) -> Value {
    let mut answer = info(about);
    answer["already_held"] = already_held.into();
    answer["receipt"] = address(receipt);
    answer
}

/// Writes where the record of a receipt is.
pub(super) fn address(receipt: &pb::Receipt) -> Value {
    json!({"origin": receipt.origin, "index": receipt.index})
}

/// Writes a digest as `sha256:` and hexadecimal digits.
pub(super) fn digest(digest: &pb::Digest) -> String {
    format!("sha256:{}", hex::encode(&digest.value))
}
