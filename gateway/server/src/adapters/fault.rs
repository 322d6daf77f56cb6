//! What an adapter's status means to the exchange, and what an ending says of the adapter.

use oncebus_core::{DeptId, HolderError};
use oncebus_transport::connection_cause;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::{breaker::Verdict, calls::SetBy};

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
        "VERIFICATION_UNSUPPORTED" => return HolderError::CannotVerify { holder },
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

/// Says what a call's ending says of the adapter, by its error if it had one and by who limited its
/// last wait.
pub(super) fn verdict(error: Option<&HolderError>, set_by: SetBy) -> Verdict {
    match error {
        Some(HolderError::Unavailable { .. } | HolderError::Misbehaved { .. }) => Verdict::Fails,
        Some(HolderError::Deadline { .. }) if set_by == SetBy::Limit => Verdict::Fails,
        Some(HolderError::Deadline { .. } | HolderError::Busy { .. }) => Verdict::Nothing,
        // What is left are answers: that it lacks, or refuses, something.
        Some(_) | None => Verdict::Works,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_speaks_against_an_adapter_only_where_the_limit_was_ours() {
        let holder: DeptId = "market".parse().unwrap();
        let late = HolderError::Deadline { holder: holder.clone() };
        let gone = HolderError::NotFound { holder };

        assert_eq!(verdict(Some(&late), SetBy::Limit), Verdict::Fails);
        assert_eq!(verdict(Some(&late), SetBy::Caller), Verdict::Nothing);
        assert_eq!(verdict(Some(&gone), SetBy::Limit), Verdict::Works);
        assert_eq!(verdict(None, SetBy::Caller), Verdict::Works);
    }
}
