//! What is wrong with one field, and how to cure it.

/// What is wrong with one field of a request, an answer or a file, and how to cure it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {fault}, {cure}")]
pub struct FieldError {
    /// Name of the field, as on the wire.
    pub field: &'static str,
    /// What is wrong with it. Never the value: it may be personal.
    pub fault: String,
    /// What to give instead.
    pub cure: String,
}

// === impl FieldError ===

impl FieldError {
    pub(crate) fn new(
        field: &'static str,
        fault: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self { field, fault: fault.into(), cure: cure.into() }
    }

    /// Says the same of another field.
    #[must_use]
    pub fn of(mut self, field: &'static str) -> Self {
        self.field = field;
        self
    }
}

/// Checks a text that must be there, is at most `max` bytes and has no control characters.
pub(crate) fn text(field: &'static str, value: &str, max: usize) -> Result<(), FieldError> {
    if value.is_empty() {
        return Err(FieldError::new(field, "is empty", format!("give 1 to {max} bytes")));
    }
    if max < value.len() {
        let fault = format!("has {} bytes", value.len());
        return Err(FieldError::new(field, fault, format!("give at most {max}")));
    }
    if value.chars().any(char::is_control) {
        return Err(FieldError::new(field, "has a control character", "remove it"));
    }
    if value.trim() != value {
        return Err(FieldError::new(field, "starts or ends with a space", "remove it"));
    }
    Ok(())
}
