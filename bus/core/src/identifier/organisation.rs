//! Organisation codes (GB 11714), which credit codes hold.

use std::str::FromStr;

use crate::FieldError;

/// An organisation code by its shape: 8 digits or capital letters, and a check character of `0-9X`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationCode(String);

// === impl OrganisationCode ===

impl OrganisationCode {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

    /// Returns the code as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Checks the last character against the others.
    ///
    /// # Errors
    ///
    /// Names `organisation_code` if it does not fit.
    ///
    /// Source: GB 11714-1997.
    pub fn check(&self) -> Result<(), FieldError> {
        // A letter is worth its place after the digits: A is 10.
        let values = self.0.chars().filter_map(|symbol| symbol.to_digit(36));
        let sum: u32 = values.zip(Self::WEIGHTS).map(|(value, weight)| value * weight).sum();
        let check = match 11 - sum % 11 {
            10 => Some('X'),
            rest => char::from_digit(rest % 11, 10),
        };
        if check == self.0.chars().last() {
            return Ok(());
        }
        let fault = "has a wrong check digit: the last of 9 characters does not fit the others";
        Err(FieldError::new("organisation_code", fault, "give the code as it was issued"))
    }
}

impl FromStr for OrganisationCode {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let plain = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
        match text.as_bytes() {
            [body @ .., b'0'..=b'9' | b'X']
                if body.len() == 8 && body.iter().all(|b| plain(*b)) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => {
                let cure = "give 8 digits or capital letters and a check character, 0-9 or X";
                Err(FieldError::new("organisation_code", "is no organisation code", cure))
            }
        }
    }
}
