//! Implementation codes of items.

use crate::{FieldError, ItemCode};

/// Takes a code by its shape: its check digit is not looked at.
pub(super) fn implementation(written: &str) -> Result<String, FieldError> {
    written.parse::<ItemCode>().map(|code| code.as_str().to_owned())
}
