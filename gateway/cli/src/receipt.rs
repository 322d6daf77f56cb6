//! Receipts as they come over the wire, as the trail's own.

use oncebus_proto::v1 as pb;
use oncebus_trail::{OriginError, Receipt};

/// Reads a receipt; it is not verified yet.
///
/// # Errors
///
/// Says which field is malformed.
pub(crate) fn read(receipt: &pb::Receipt) -> Result<Receipt, String> {
    let hash = |hash: &bytes::Bytes| {
        <[u8; 32]>::try_from(hash.as_ref()).map_err(|error| format!("a hash: {error}"))
    };
    let number = |number: i64| u64::try_from(number).map_err(|error| error.to_string());
    Ok(Receipt {
        origin: receipt.origin.parse().map_err(|error: OriginError| error.to_string())?,
        index: number(receipt.index)?,
        tree_size: number(receipt.tree_size)?,
        inclusion_path: receipt.inclusion_path.iter().map(hash).collect::<Result<_, _>>()?,
        checkpoint: receipt.checkpoint.clone(),
        leaf: receipt.record.to_vec(),
    })
}
