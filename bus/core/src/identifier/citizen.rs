//! Citizen ids (GB 11643-1999).

use std::{fmt, str::FromStr};

use super::date;
use crate::FieldError;

/// A citizen id by its shape: 17 digits (region 6, birth date 8, serial 3) and a check character of
/// `0-9X`.
///
/// It is personal, so its `Debug` form hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct CitizenId(String);

// === impl CitizenId ===

impl CitizenId {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    /// The check character for each remainder of 11.
    const CHECKS: &str = "10X98765432";

    /// Checks that the birth date exists, and the last character against the others.
    ///
    /// # Errors
    ///
    /// Names `citizen_id` and which of the two is wrong.
    ///
    /// Source: GB 11643-1999; its check character is that of ISO 7064 MOD 11-2.
    pub fn check(&self) -> Result<(), FieldError> {
        let cure = "give the number as the identity card shows it";
        if !date::exists(&self.0[6..14]) {
            let fault = "has a birth date that does not exist, in its digits 7 to 14";
            return Err(FieldError::new("citizen_id", fault, cure));
        }
        let values = self.0.chars().filter_map(|digit| digit.to_digit(10));
        let sum: u32 = values.zip(Self::WEIGHTS).map(|(value, weight)| value * weight).sum();
        if Self::CHECKS.chars().nth((sum % 11) as usize) == self.0.chars().last() {
            return Ok(());
        }
        let fault = "has a wrong check digit: the last of 18 characters does not fit the others";
        Err(FieldError::new("citizen_id", fault, cure))
    }
}

impl FromStr for CitizenId {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        match text.as_bytes() {
            [digits @ .., b'0'..=b'9' | b'X']
                if digits.len() == 17 && digits.iter().all(u8::is_ascii_digit) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => {
                let cure = "give 17 digits and a check character, 0-9 or X";
                Err(FieldError::new("citizen_id", "is no citizen id", cure))
            }
        }
    }
}

impl fmt::Debug for CitizenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CitizenId(hidden)")
    }
}
