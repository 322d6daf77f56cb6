//! Errors as gRPC statuses: one code, one registered reason, the cure, and the receipt.

mod act;

use std::collections::HashMap;

use oncebus_core::{Class, ExchangeError, Failure, FieldError, HolderError, Load};
use oncebus_proto::v1 as pb;
use oncebus_store::IndexError;
use oncebus_trail::{ProveError, ReadError, Receipt};
use prost::Message as _;
use tonic::{Code, Status, metadata::MetadataValue};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::common::receipt;
use crate::reload::{ReloadError, ReloadFailure, listed};

pub(crate) use self::act::act_failure;

/// Domain of every registered reason (google.rpc.ErrorInfo).
const DOMAIN: &str = "oncebus";
/// Trailer that carries the receipt of a refusal or failure.
const RECEIPT_TRAILER: &str = "oncebus-receipt-bin";
/// Longest record that its receipt holds in a trailer, in bytes: some clients cap trailers at 8 KiB.
const TRAILER_RECORD_BYTES: usize = 2_048;
/// Most letters of a fault in a file that are told: a status must fit into the answer's headers.
const FAULT_LETTERS: usize = 400;

/// Returns what the caller hears of a failed call. The source chain names hosts and files: it goes
/// to our own log only.
pub(crate) fn failure(failure: Failure) -> Status {
    let Failure { error, receipt: proof } = failure;
    log(&error);
    let (code, reason) = (code(error.class()), error.reason());
    let mut details = ErrorDetails::with_error_info(reason, DOMAIN, facts(&error));
    if let ExchangeError::Field(field) = &error {
        details.add_bad_request_violation(field.field.clone(), field.to_string());
    }
    if let Some(delay) = error.retry_after() {
        details.set_retry_info(Some(delay));
    }
    let status = Status::with_error_details(code, error.to_string(), details);
    proven(status, proof.as_deref())
}

/// Returns what the caller hears of one failed part of a call that goes on.
pub(crate) fn entry_error(error: &ExchangeError) -> pb::EntryError {
    log(error);
    pb::EntryError {
        code: code(error.class()).into(),
        reason: error.reason().to_owned(),
        message: error.to_string(),
    }
}

/// Returns what an operator hears of a configuration that was not put in force.
pub(crate) fn reload_failure(failed: ReloadFailure) -> Status {
    let ReloadFailure { error, receipt } = failed;
    let reason = error.reason();
    let status = match error {
        ReloadError::Exchange(error) => return failure(Failure { error, receipt }),
        ReloadError::NotOperator => {
            let message = "only a system with the role operator may, call as one".to_owned();
            refused(Code::PermissionDenied, reason, message)
        }
        ReloadError::Invalid(fault) => {
            // The first of many faults; all are in our own log.
            let fault = fault.to_string();
            let message = fault.lines().next().unwrap_or_default();
            let message = message.chars().take(FAULT_LETTERS).collect();
            refused(Code::FailedPrecondition, reason, message)
        }
        ReloadError::Incompatible(changes) => {
            let message =
                format!("the catalogue cannot follow the one in force: {}", listed(&changes));
            let message = message.chars().take(FAULT_LETTERS).collect();
            refused(Code::FailedPrecondition, reason, message)
        }
    };
    proven(status, receipt.as_deref())
}

/// Returns reason and status of a field that is wrong.
pub(crate) fn field_status(error: &FieldError) -> (&'static str, Status) {
    let error = ExchangeError::Field(error.clone());
    (error.reason(), failure(error.into()))
}

/// Returns reason and status of a call that is not let in now.
pub(crate) fn overloaded(load: Load) -> (&'static str, Status) {
    let error = ExchangeError::Overloaded(load);
    (error.reason(), failure(error.into()))
}

/// Returns reason and status of a caller whose department is not in the catalogue.
pub(crate) fn unknown_department(spiffe_id: &str) -> (&'static str, Status) {
    let reason = "UNKNOWN_DEPARTMENT";
    let message = format!(
        "the department of {spiffe_id} is not on this bus, ask its operator to add it to the catalogue"
    );
    (reason, refused(Code::PermissionDenied, reason, message))
}

/// Returns the status of a call that did not come through the gateway's own listener.
pub(crate) fn not_admitted() -> Status {
    let message = "the call has no verified peer".to_owned();
    refused(Code::Unauthenticated, "NO_IDENTITY", message)
}

/// Returns the status of a record that is not there, or not for the caller to see.
pub(crate) fn not_visible() -> Status {
    let message = "no such record is visible to you, check origin and index".to_owned();
    refused(Code::NotFound, "RECORD_NOT_FOUND", message)
}

/// Returns the status of a stream whose caller may not see any more what it was opened for, or more.
pub(crate) fn visibility_changed() -> Status {
    let message = "what you may see of the trail has changed, open the stream again".to_owned();
    refused(Code::Aborted, "VISIBILITY_CHANGED", message)
}

/// Returns the status of a proof that there is none of.
pub(crate) fn not_provable(error: &ProveError) -> Status {
    match error {
        ProveError::Beyond { asked, size } => {
            let message =
                format!("{asked} is beyond the trail, which has {size} records, ask for less");
            refused(Code::OutOfRange, "BEYOND_TRAIL", message)
        }
        ProveError::Unpublished { asked } => {
            let message = format!("record {asked} is not published yet, try again in a second");
            refused(Code::Unavailable, "NOT_PUBLISHED", message)
        }
        ProveError::Read(ReadError::Pruned { index }) => {
            let message = format!("record {index} is no longer kept, only its hash is");
            refused(Code::NotFound, "RECORD_DROPPED", message)
        }
        ProveError::Stopped | ProveError::Read(_) | ProveError::Damaged { .. } => {
            tracing::error!(%error, "the trail cannot be proven");
            let message = "the trail cannot be proven now, tell the operator of the bus".to_owned();
            refused(Code::Unavailable, "PROOF_UNAVAILABLE", message)
        }
    }
}

/// Returns the status of a search that failed on our side.
pub(crate) fn storage(error: &IndexError) -> Status {
    if let IndexError::TooManyRows { limit } = error {
        let fault = format!("gives over {limit} rows");
        let cure = "group by less, or ask for less time";
        return field_status(&FieldError::new("group_by", fault, cure)).1;
    }
    tracing::error!(%error, "the trail cannot be searched");
    let message = "the trail cannot be searched now, try again later".to_owned();
    refused(Code::Unavailable, "SEARCH_UNAVAILABLE", message)
}

/// Returns the status of a call that the transport's limits refused.
pub(crate) fn call_refused(code: Code, reason: &'static str, message: String) -> Status {
    refused(code, reason, message)
}

fn refused(code: Code, reason: &'static str, message: String) -> Status {
    let details = ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new());
    Status::with_error_details(code, message, details)
}

/// Adds the proof that a refusal is on the trail.
fn proven(mut status: Status, proof: Option<&Receipt>) -> Status {
    if let Some(proof) = proof {
        let mut proof = receipt(proof);
        if TRAILER_RECORD_BYTES < proof.record.len() {
            proof.record.clear();
        }
        let encoded = proof.encode_to_vec();
        status.metadata_mut().insert_bin(RECEIPT_TRAILER, MetadataValue::from_bytes(&encoded));
    }
    status
}

fn code(class: Class) -> Code {
    match class {
        Class::Invalid => Code::InvalidArgument,
        Class::Denied => Code::PermissionDenied,
        Class::NotFound => Code::NotFound,
        Class::Precondition => Code::FailedPrecondition,
        Class::Conflict => Code::Aborted,
        Class::Range => Code::OutOfRange,
        Class::Unavailable => Code::Unavailable,
        Class::Exhausted => Code::ResourceExhausted,
        Class::Timeout => Code::DeadlineExceeded,
        Class::Damaged => Code::DataLoss,
        Class::Cancelled => Code::Cancelled,
    }
}

/// Facts that a program needs to go on.
fn facts(error: &ExchangeError) -> HashMap<String, String> {
    let facts = match error {
        ExchangeError::Field(field) => vec![("field", field.field.to_string())],
        ExchangeError::UploadOffset { expected } => {
            vec![("expected_offset", expected.to_string())]
        }
        ExchangeError::VersionConflict { current: Some(current) } => {
            vec![("current_version", current.to_string())]
        }
        ExchangeError::VersionRevoked { version, reason } => {
            vec![("version", version.to_string()), ("revocation", reason.to_string())]
        }
        _ => Vec::new(),
    };
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn log(error: &ExchangeError) {
    let source = std::error::Error::source(error).map(ToString::to_string);
    match error {
        ExchangeError::Audit(_) | ExchangeError::Registry(_) | ExchangeError::Spool(_) => {
            tracing::error!(reason = error.reason(), source, "a call failed on our side");
        }
        // The breaker tells once when an adapter is away and when it is back.
        ExchangeError::Holder(HolderError::Unavailable { .. } | HolderError::Busy { .. }) => {
            tracing::debug!(reason = error.reason(), %error, "an adapter is not asked");
        }
        ExchangeError::Holder(holder) => {
            tracing::warn!(reason = error.reason(), error = %holder, "an adapter failed");
        }
        _ => tracing::debug!(reason = error.reason(), "a call was refused"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_trailer(record_bytes: usize) -> (pb::Receipt, usize) {
        let proof = Receipt {
            origin: "oncebus.test/gateway/g1".parse().unwrap(),
            index: 999_999,
            tree_size: 1_000_000,
            inclusion_path: vec![[7; 32]; 20],
            checkpoint: "c".repeat(300),
            leaf: vec![b'x'; record_bytes],
        };
        let status = proven(refused(Code::Aborted, "REASON", String::new()), Some(&proof));
        let value = status.metadata().get_bin(RECEIPT_TRAILER).unwrap();
        let bytes = value.to_bytes().unwrap();
        (pb::Receipt::decode(bytes).unwrap(), value.as_encoded_bytes().len())
    }

    #[test]
    fn a_receipt_in_a_trailer_leaves_out_a_long_record_and_nothing_else() {
        let (with, _) = in_trailer(2_048);
        let (without, encoded_bytes) = in_trailer(4_096);

        assert_eq!((with.record.len(), without.record.len()), (2_048, 0));
        assert_eq!(without.inclusion_path, with.inclusion_path);
        // Beside it are 2 KiB of details, under 8 KiB in all.
        assert!(encoded_bytes < 6 * 1_024, "{encoded_bytes} bytes");
    }
}
