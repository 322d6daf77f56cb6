//! Why an adapter does not do what it is asked.

use std::error::Error;

/// Why an adapter does not do what it is asked.
///
/// The gateway is told the class alone; the source of a fault goes to the adapter's own log. It must
/// name no number and no content; the subject and number that were asked for are blotted out there.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    /// No such content is held. Also where another version of the document is.
    #[error("content is not held")]
    NotFound,
    /// The content has another digest than it must have.
    #[error("content has another digest")]
    DigestMismatch,
    /// The content has another size than it must have.
    #[error("content has another size")]
    SizeMismatch,
    /// The content lies outside of what the adapter may read.
    #[error("content lies outside of the adapter's folder, or behind a symbolic link")]
    UnsafePath,
    /// The adapter takes no uploads.
    #[error("adapter takes no uploads")]
    CannotStore,
    /// The adapter verifies no claims, or none about what it holds of the type.
    #[error("adapter cannot verify this")]
    CannotVerify,
    /// Data was to be staged behind a gap.
    #[error("{staged_bytes} bytes are staged, less than the offset says")]
    StageOutOfRange {
        /// How many bytes are staged.
        staged_bytes: u64,
    },
    /// There is no room.
    #[error("no room is left")]
    Full,
    /// The adapter or its data source failed.
    #[error("adapter failed")]
    Fault(#[source] Box<dyn Error + Send + Sync>),
}

// === impl AdapterError ===

impl AdapterError {
    /// Makes a fault of an error or a text.
    pub fn fault(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Fault(source.into())
    }

    /// Returns the registered reason that the gateway is told.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "MATERIAL_NOT_FOUND",
            Self::DigestMismatch => "DIGEST_MISMATCH",
            Self::SizeMismatch => "SIZE_MISMATCH",
            Self::UnsafePath => "UNSAFE_PATH",
            Self::CannotStore => "HOLDER_CANNOT_STORE",
            Self::CannotVerify => "VERIFICATION_UNSUPPORTED",
            Self::StageOutOfRange { .. } => "STAGE_OUT_OF_RANGE",
            Self::Full => "STORAGE_FULL",
            Self::Fault(_) => "ADAPTER_FAULT",
        }
    }
}
