//! Unified social credit codes (GB 32100-2015).

use std::{fmt, str::FromStr};

use serde::Serialize;

use crate::FieldError;

/// A unified social credit code by its shape: 18 of `0-9A-HJ-NPQRTUWXY`, of which the third to the
/// eighth are the digits of a region.
///
/// The check digit is not looked at: codes exist that were issued with a wrong one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct CreditCode(String);

// === impl CreditCode ===

impl CreditCode {
    /// The symbols in the order of their values: no I, O, S, V, Z.
    pub(super) const SYMBOLS: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

    /// Returns the code as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CreditCode {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let shaped = text.len() == 18
            && text.chars().all(|symbol| Self::SYMBOLS.contains(symbol))
            && text.bytes().skip(2).take(6).all(|digit| digit.is_ascii_digit());
        if shaped {
            return Ok(Self(text.to_owned()));
        }
        let cure =
            "give 18 of 0-9 and A-Y without I, O, S, V, with a region's 6 digits from the third";
        Err(FieldError::new("credit_code", "is no unified social credit code", cure))
    }
}

impl fmt::Display for CreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
