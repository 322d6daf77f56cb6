//! What a refused or failed call says to whoever typed the command.

use oncebus_proto::v1 as pb;
use oncebus_transport::connection_cause;
use prost::Message as _;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::exit::{CliError, Exit};

/// Trailer that carries the receipt of a refusal.
const RECEIPT_TRAILER: &str = "oncebus-receipt-bin";

/// Turns a status into message and exit code.
pub(crate) fn failed(status: &Status) -> CliError {
    if let Some(cause) = connection_cause(status) {
        return CliError::new(Exit::Connect, cause);
    }
    if broke(status) {
        let message = format!("the connection broke, try again: {}", status.message());
        return CliError::new(Exit::Connect, message);
    }
    let reason = reason(status).unwrap_or_default();
    let mut message = status.message().to_owned();
    if !reason.is_empty() {
        message = format!("{message} ({reason})");
    }
    if let Some(receipt) = receipt(status) {
        message = format!("{message}\nreceipt {}#{}", receipt.origin, receipt.index);
    }
    CliError::new(exit(status.code(), &reason), message)
}

/// Returns the registered reason, which only a gateway gives.
pub(super) fn reason(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}

/// Tells whether the call ended with its connection: what a gateway refuses or fails has a reason.
pub(super) fn broke(status: &Status) -> bool {
    let on_the_way = matches!(status.code(), Code::Unknown | Code::Internal | Code::Cancelled);
    on_the_way && reason(status).is_none()
}

fn exit(code: Code, reason: &str) -> Exit {
    match (code, reason) {
        (_, "DIGEST_MISMATCH" | "SIZE_MISMATCH" | "UNSAFE_PATH") => Exit::Verification,
        (Code::InvalidArgument, _) => Exit::Usage,
        (Code::PermissionDenied | Code::Unauthenticated, _) => Exit::Denied,
        (Code::NotFound, _) => Exit::NotFound,
        (Code::Unavailable | Code::DeadlineExceeded, _) => Exit::Connect,
        _ => Exit::Check,
    }
}

fn receipt(status: &Status) -> Option<pb::Receipt> {
    let encoded = status.metadata().get_bin(RECEIPT_TRAILER)?.to_bytes().ok()?;
    pb::Receipt::decode(encoded).ok()
}
