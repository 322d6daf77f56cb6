//! The one translation of errors into gRPC statuses.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::{AdapterError, FieldError};

/// Domain of every `google.rpc.ErrorInfo`.
const DOMAIN: &str = "oncebus";

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error(transparent)]
    Field(#[from] FieldError),
    #[error(transparent)]
    Adapter(#[from] AdapterError),
}

// === impl CallError ===

impl CallError {
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Field(_) => "INVALID_FIELD",
            Self::Adapter(error) => error.reason(),
        }
    }

    /// Returns what the gateway is told: never a fault's source, it is for our own log.
    pub(crate) fn status(&self) -> Status {
        let metadata = match self {
            Self::Field(error) => HashMap::from([("field".to_owned(), error.field.to_owned())]),
            Self::Adapter(AdapterError::StageOutOfRange { staged_bytes }) => {
                HashMap::from([("staged_bytes".to_owned(), staged_bytes.to_string())])
            }
            Self::Adapter(_) => HashMap::new(),
        };
        with_details(self.code(), self.reason(), self.to_string(), metadata)
    }

    fn code(&self) -> Code {
        match self {
            Self::Field(_) => Code::InvalidArgument,
            Self::Adapter(error) => match error {
                AdapterError::NotFound => Code::NotFound,
                AdapterError::DigestMismatch
                | AdapterError::SizeMismatch
                | AdapterError::UnsafePath => Code::FailedPrecondition,
                AdapterError::CannotStore | AdapterError::CannotVerify => Code::Unimplemented,
                AdapterError::StageOutOfRange { .. } => Code::OutOfRange,
                AdapterError::Full => Code::ResourceExhausted,
                AdapterError::Fault(_) => Code::Internal,
            },
        }
    }
}

/// Makes the status of a call that its limits refuse.
pub(crate) fn refuse(code: Code, reason: &'static str, message: String) -> Status {
    with_details(code, reason, message, HashMap::new())
}

fn with_details(
    code: Code,
    reason: &'static str,
    message: String,
    metadata: HashMap<String, String>,
) -> Status {
    Status::with_error_details(
        code,
        message,
        ErrorDetails::with_error_info(reason, DOMAIN, metadata),
    )
}
