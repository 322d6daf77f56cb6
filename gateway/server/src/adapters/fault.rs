//! What an adapter's status means to the exchange.

use oncebus_core::{DeptId, HolderError};
use oncebus_transport::connection_cause;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// Translates a status. A reason that the contract does not name is misbehaviour.
pub(super) fn of_status(holder: &DeptId, status: &Status) -> HolderError {
    let holder = holder.clone();
    if let Some(cause) = connection_cause(status) {
        return HolderError::Unavailable { holder, detail: cause };
    }
    let info = status.get_details_error_info().filter(|info| info.domain == "oncebus");
    match info.as_ref().map_or("", |info| info.reason.as_str()) {
        "MATERIAL_NOT_FOUND" => return HolderError::NotFound { holder },
        "DIGEST_MISMATCH" => return HolderError::DigestMismatch { holder },
        "SIZE_MISMATCH" => return HolderError::SizeMismatch { holder },
        "UNSAFE_PATH" => return HolderError::UnsafePath { holder },
        "HOLDER_CANNOT_STORE" => return HolderError::CannotStore { holder },
        "STAGE_OUT_OF_RANGE" => return HolderError::StageRange { holder },
        "STORAGE_FULL" => return HolderError::Full { holder },
        _ => {}
    }
    match status.code() {
        Code::Unavailable => {
            HolderError::Unavailable { holder, detail: status.message().to_owned() }
        }
        // Cancelled is what our own timeout on the wire turns into.
        Code::DeadlineExceeded | Code::Cancelled => HolderError::Deadline { holder },
        code => HolderError::Misbehaved {
            holder,
            detail: format!("it answered {code:?}: {}", status.message()),
        },
    }
}
