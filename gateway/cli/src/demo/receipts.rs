//! Checks the receipts that came with the answers against the records of the trail.

use oncebus_proto::v1::Receipt;
use oncebus_trail::OriginError;
use prost::Message as _;
use tonic::Status;

use super::{office::Answer, trail::Records};
use crate::exit::{CliError, Exit};

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
        let receipt = checked(receipt).map_err(wrong)?;
        receipt.verify(&record.leaf).map_err(|error| wrong(error.to_string()))?;
        verified += 1;
    }
    Ok(verified)
}

fn checked(receipt: &Receipt) -> Result<oncebus_trail::Receipt, String> {
    let hash = |hash: &bytes::Bytes| {
        <[u8; 32]>::try_from(hash.as_ref()).map_err(|error| format!("a hash: {error}"))
    };
    let number = |number: i64| u64::try_from(number).map_err(|error| error.to_string());
    Ok(oncebus_trail::Receipt {
        origin: receipt.origin.parse().map_err(|error: OriginError| error.to_string())?,
        index: number(receipt.index)?,
        tree_size: number(receipt.tree_size)?,
        inclusion_path: receipt.inclusion_path.iter().map(hash).collect::<Result<_, _>>()?,
        checkpoint: receipt.checkpoint.clone(),
    })
}
