//! Receipts as they come over the wire, as the trail's own.

use oncebus_proto::v1 as pb;
use oncebus_trail::Receipt;

/// Reads a receipt; it is not verified yet.
pub fn proof(receipt: &pb::Receipt) -> Receipt {
    let hash = |hash: &bytes::Bytes| hash[..].try_into().unwrap();
    Receipt {
        origin: receipt.origin.parse().unwrap(),
        index: receipt.index.try_into().unwrap(),
        tree_size: receipt.tree_size.try_into().unwrap(),
        inclusion_path: receipt.inclusion_path.iter().map(hash).collect(),
        checkpoint: receipt.checkpoint.clone(),
        leaf: receipt.record.to_vec(),
    }
}
