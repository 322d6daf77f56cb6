//! Messages that many calls share.

use bytes::Bytes;
use jiff::Timestamp;
use oncebus_core::{Authorization, Bus, Cause, Digest, FieldError, Purpose, RequestId, Subject};
use oncebus_proto::v1 as pb;
use oncebus_trail::Receipt;

/// Takes a message that must be there.
pub(super) fn required<T>(
    field: &'static str,
    message: Option<T>,
    cure: &'static str,
) -> Result<T, FieldError> {
    message.ok_or_else(|| FieldError::new(field, "is missing", cure))
}

/// Reads whom or what a call is about, checked by the modes in force.
pub(super) fn subject(bus: &Bus, message: Option<pb::Subject>) -> Result<Subject, FieldError> {
    let message = required("subject", message, "give scheme and value")?;
    bus.subject(&message.scheme, &message.value)
}

/// Reads whom or what records are about: they may be of a time with other modes.
pub(super) fn recorded_subject(message: Option<pb::Subject>) -> Result<Subject, FieldError> {
    let message = required("subject", message, "give scheme and value")?;
    Subject::new(&message.scheme, &message.value)
}

pub(super) fn purpose(bus: &Bus, message: Option<pb::Purpose>) -> Result<Purpose, FieldError> {
    let cure = "say why: item, case_number, cause, legal_basis, officer, authorization";
    let message = required("purpose", message, cure)?;
    let cause = cause(message.cause())?;
    let authorization = authorization(message.authorization)?;
    let purpose = Purpose {
        item: bus.item(&message.item).map_err(|error| error.of("purpose.item"))?,
        case_number: message.case_number,
        cause,
        legal_basis: message.legal_basis,
        officer: message.officer,
        authorization,
    };
    purpose.checked()
}

fn cause(cause: pb::Cause) -> Result<Cause, FieldError> {
    match cause {
        pb::Cause::Approval => Ok(Cause::Approval),
        pb::Cause::Supervision => Ok(Cause::Supervision),
        pb::Cause::Enforcement => Ok(Cause::Enforcement),
        pb::Cause::PublicService => Ok(Cause::PublicService),
        pb::Cause::Correction => Ok(Cause::Correction),
        pb::Cause::Unspecified => Err(FieldError::new(
            "purpose.cause",
            "is missing or unknown",
            "give APPROVAL, SUPERVISION, ENFORCEMENT, PUBLIC_SERVICE or CORRECTION",
        )),
    }
}

fn authorization(message: Option<pb::Authorization>) -> Result<Authorization, FieldError> {
    let cure = "give its kind: STATUTORY_DUTY, or HOLDER_CONSENT with a reference";
    let message = required("purpose.authorization", message, cure)?;
    match message.kind() {
        pb::AuthorizationKind::StatutoryDuty if message.reference.is_empty() => {
            Ok(Authorization::StatutoryDuty)
        }
        pb::AuthorizationKind::StatutoryDuty => Err(FieldError::new(
            "purpose.authorization.reference",
            "is given for STATUTORY_DUTY",
            "leave it empty",
        )),
        pb::AuthorizationKind::HolderConsent => {
            Ok(Authorization::HolderConsent { reference: message.reference })
        }
        pb::AuthorizationKind::Unspecified => {
            Err(FieldError::new("purpose.authorization.kind", "is missing or unknown", cure))
        }
    }
}

pub(super) fn request_id(text: &str) -> Result<RequestId, FieldError> {
    text.parse()
}

/// Reads a digest of a request or of an adapter's answer.
pub(super) fn digest(message: Option<pb::Digest>) -> Result<Digest, FieldError> {
    let message = required("digest", message, "give algorithm and value")?;
    if message.algorithm() != pb::DigestAlgorithm::Sha256 {
        return Err(FieldError::new("digest.algorithm", "is missing or unknown", "give SHA256"));
    }
    match <[u8; 32]>::try_from(&message.value[..]) {
        Ok(bytes) => Ok(Digest::from_bytes(bytes)),
        Err(_other_length) => {
            let fault = format!("has {} bytes", message.value.len());
            Err(FieldError::new("digest.value", fault, "give the 32 bytes of SHA-256"))
        }
    }
}

pub(crate) fn pb_digest(digest: &Digest) -> pb::Digest {
    pb::Digest {
        algorithm: pb::DigestAlgorithm::Sha256.into(),
        value: Bytes::copy_from_slice(digest.as_bytes()),
    }
}

/// Reads a size or offset.
pub(super) fn unsigned(field: &'static str, value: i64) -> Result<u64, FieldError> {
    u64::try_from(value).map_err(|_negative: std::num::TryFromIntError| {
        FieldError::new(field, "is negative", "give 0 or more")
    })
}

/// Writes a size or count; what would not fit is none that exists.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Writes an index, a size or a time of the trail.
pub(crate) fn receipt(receipt: &Receipt) -> pb::Receipt {
    pb::Receipt {
        origin: receipt.origin.to_string(),
        index: signed(receipt.index),
        tree_size: signed(receipt.tree_size),
        inclusion_path: receipt
            .inclusion_path
            .iter()
            .map(|hash| Bytes::copy_from_slice(hash))
            .collect(),
        checkpoint: receipt.checkpoint.clone(),
        record: Bytes::copy_from_slice(&receipt.leaf),
    }
}

pub(super) fn timestamp(time: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: time.as_second(), nanos: time.subsec_nanosecond() }
}

/// Reads an optional text: empty means none.
pub(super) fn optional<T: std::str::FromStr<Err = FieldError>>(
    field: &'static str,
    text: &str,
) -> Result<Option<T>, FieldError> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error: FieldError| error.of(field))
}
