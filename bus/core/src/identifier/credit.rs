//! Unified social credit codes (GB 32100-2015).

use std::{fmt, str::FromStr};

use serde::Serialize;

use super::OrganisationCode;
use crate::FieldError;

/// A unified social credit code by its shape: 18 of `0-9A-HJ-NPQRTUWXY`, of which the third to the
/// eighth are the digits of a region.
///
/// The check digit is looked at by [`CreditCode::check`] alone: codes exist that were issued with a
/// wrong one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct CreditCode(String);

// === impl CreditCode ===

impl CreditCode {
    /// The symbols in the order of their values: no I, O, S, V, Z.
    pub(crate) const SYMBOLS: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    /// Powers of 3, modulo 31.
    const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

    /// Returns the code as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the organisation code inside: the ninth to the seventeenth character.
    ///
    /// # Errors
    ///
    /// Names `organisation_code` if these are none; codes of newer kinds need have none.
    pub fn organisation(&self) -> Result<OrganisationCode, FieldError> {
        self.0[8..17].parse()
    }

    /// Checks the last character against the others.
    ///
    /// # Errors
    ///
    /// Names `credit_code` if it does not fit.
    ///
    /// Source: GB 32100-2015, annex A.
    pub fn check(&self) -> Result<(), FieldError> {
        let values = self.0.chars().filter_map(|symbol| Self::SYMBOLS.find(symbol));
        let sum: usize = values.zip(Self::WEIGHTS).map(|(value, weight)| value * weight).sum();
        if Self::SYMBOLS.chars().nth((31 - sum % 31) % 31) == self.0.chars().last() {
            return Ok(());
        }
        let fault = "has a wrong check digit: the last of 18 characters does not fit the others";
        Err(FieldError::new("credit_code", fault, "give the code as the licence shows it"))
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
