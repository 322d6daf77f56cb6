//! Implementation codes of items.

use crate::{CreditCode, FieldError};

/// Length of a credit code, in bytes.
const CREDIT_BYTES: usize = 18;

/// Checks a code of 31 or 33 characters: who implements the item, and digits.
///
/// Source: GB/T 39554.1.
pub(super) fn implementation(written: &str) -> Result<String, FieldError> {
    let shaped = matches!(written.len(), 31 | 33)
        && written.get(..CREDIT_BYTES).is_some_and(|code| code.parse::<CreditCode>().is_ok())
        && written.bytes().skip(CREDIT_BYTES).all(|byte| byte.is_ascii_digit());
    if shaped {
        return Ok(written.to_owned());
    }
    let cure = "give 31 or 33 characters: a unified social credit code and 13 or 15 digits";
    Err(FieldError::new("codes", "is no implementation code", cure))
}
