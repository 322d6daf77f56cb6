//! Checks the receipts that came with the answers against the records of the trail.

use oncebus_proto::v1::Receipt;
use oncebus_trail::VerifierKey;
use prost::Message as _;
use tonic::Status;

use super::{office::Answer, trail::Records};
use crate::{
    exit::{CliError, Exit},
    receipt,
};

/// Trailer that carries the receipt of a refusal.
const TRAILER: &str = "oncebus-receipt-bin";

/// Returns the receipt that came with a refusal.
pub(super) fn of_refusal(status: &Status) -> Option<Receipt> {
    let encoded = status.metadata().get_bin(TRAILER)?.to_bytes().ok()?;
    Receipt::decode(encoded).ok()
}

/// Checks that each answer's record is on the trail, exactly as its receipt proves, and counts them.
///
/// # Errors
///
/// Returns a failed verification naming the first answer whose receipt proves nothing.
pub(super) fn verify<'a>(
    answers: impl IntoIterator<Item = &'a Answer>,
    trail: &Records,
    key: &VerifierKey,
) -> Result<u64, CliError> {
    let mut verified = 0;
    for Answer { what, receipt } in answers {
        let wrong = |fault: String| {
            CliError::new(Exit::Verification, format!("{what}: its receipt fails: {fault}"))
        };
        let index = receipt.index;
        let record = trail
            .by_index
            .get(&index)
            .ok_or_else(|| wrong(format!("record {index} is not on the trail")))?;
        let receipt = receipt::read(receipt).map_err(wrong)?;
        receipt.verify(key).map_err(|error| wrong(error.to_string()))?;
        if receipt.leaf != record.leaf {
            return Err(wrong("the record on the trail is another one".to_owned()));
        }
        verified += 1;
    }
    Ok(verified)
}
