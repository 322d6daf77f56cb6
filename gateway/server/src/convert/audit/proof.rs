//! Messages of proofs.

use bytes::Bytes;
use oncebus_core::FieldError;
use oncebus_proto::v1 as pb;
use oncebus_trail::{Consistency, Receipt};

use super::StoredRecord;
use crate::convert::common::{signed, unsigned};

/// Where a record is, on any log.
#[derive(Debug)]
pub(crate) struct RecordAddress {
    /// Name of the log; empty means this gateway's.
    pub origin: String,
    /// Position in it.
    pub index: u64,
}

/// Reads where a record is.
///
/// # Errors
///
/// Names `index` if it is negative.
pub(crate) fn address(origin: String, index: i64) -> Result<RecordAddress, FieldError> {
    Ok(RecordAddress { origin, index: unsigned("index", index)? })
}

/// Reads which log is meant, and the size that the caller knows.
///
/// # Errors
///
/// Names `old_size` if it is negative.
pub(crate) fn consistency_query(
    message: pb::GetConsistencyProofRequest,
) -> Result<(String, u64), FieldError> {
    Ok((message.origin, unsigned("old_size", message.old_size)?))
}

pub(crate) fn consistency(proof: &Consistency) -> pb::GetConsistencyProofResponse {
    pb::GetConsistencyProofResponse {
        old_size: signed(proof.old_size),
        new_size: signed(proof.new_size),
        path: proof.path.iter().map(|hash| Bytes::copy_from_slice(hash)).collect(),
        checkpoint: proof.checkpoint.clone(),
    }
}

/// Writes a record with its proof.
///
/// # Errors
///
/// If its leaf is no record.
pub(crate) fn proven(receipt: Receipt) -> Result<pb::ProvenRecord, serde_json::Error> {
    let record: StoredRecord = serde_json::from_slice(&receipt.leaf)?;
    Ok(pb::ProvenRecord {
        record: Some(record.message(receipt.index, receipt.leaf)),
        inclusion_path: receipt.inclusion_path.into_iter().map(Bytes::from_owner).collect(),
    })
}
