//! Exceptions of uploads, and contributions.

use oncebus_core::{Contribution, CorrectionState, Excepted, FieldError, Note, UploadException};
use oncebus_proto::v1 as pb;

/// Reads an exception with its ground: both or none.
pub(crate) fn excepted(
    exception: pb::UploadException,
    ground: &str,
) -> Result<Option<Excepted>, FieldError> {
    let exception = match exception {
        pb::UploadException::Unspecified if ground.is_empty() => return Ok(None),
        pb::UploadException::Unspecified => {
            let fault = "is missing or unknown beside exception_ground";
            let cure = "give HOLDER_DOWN or RECORD_DISPUTED, or leave the ground out";
            return Err(FieldError::new("exception", fault, cure));
        }
        pb::UploadException::HolderDown => UploadException::HolderDown,
        pb::UploadException::RecordDisputed => UploadException::RecordDisputed,
    };
    Ok(Some(Excepted { exception, ground: Note::ground(ground)? }))
}

/// Returns the id of a contribution's correction; empty where there is none.
pub(crate) fn correction(contribution: Option<&Contribution>) -> String {
    contribution.map(|contribution| contribution.correction.to_string()).unwrap_or_default()
}

pub(crate) fn correction_state(contribution: Option<&Contribution>) -> pb::CorrectionState {
    match contribution.map(|contribution| contribution.state) {
        None => pb::CorrectionState::Unspecified,
        Some(CorrectionState::Open) => pb::CorrectionState::Open,
        Some(CorrectionState::Matched) => pb::CorrectionState::Matched,
        Some(CorrectionState::Differs) => pb::CorrectionState::Differs,
        Some(CorrectionState::Withdrawn) => pb::CorrectionState::Withdrawn,
    }
}
