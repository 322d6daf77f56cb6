//! Implementation codes of approval items (GB/T 39554.1).

use std::str::FromStr;

use super::CreditCode;
use crate::FieldError;

/// An item's code by its shape: the credit code of who carries it out, then 13 digits, or 15 where it
/// names a part of the item; 31 or 33 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemCode {
    text: String,
    agency: CreditCode,
}

// === impl ItemCode ===

impl ItemCode {
    /// Characters of a code, whole and with a part.
    const LENGTHS: [usize; 2] = [31, 33];
    /// Characters of the credit code that it begins with.
    const AGENCY: usize = 18;

    /// Tells whether a text is as long as a code, so that it is meant to be one: the catalogue's own
    /// codes are shorter.
    pub(super) fn is_meant(text: &str) -> bool {
        Self::LENGTHS.contains(&text.len())
    }

    /// Returns the code as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the credit code of who carries the item out.
    pub fn agency(&self) -> &CreditCode {
        &self.agency
    }

    /// Checks the credit code that it begins with.
    ///
    /// # Errors
    ///
    /// Names `item_code` if that has a wrong check digit.
    pub fn check(&self) -> Result<(), FieldError> {
        self.agency.check().map_err(|_wrong: FieldError| {
            let fault = "has a wrong check digit in the credit code that it begins with";
            FieldError::new("item_code", fault, Self::CURE)
        })
    }

    const CURE: &str = "give 31 or 33 characters: a unified social credit code and 13 or 15 digits";
}

impl FromStr for ItemCode {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let none = || FieldError::new("item_code", "is no implementation code", Self::CURE);
        if !Self::is_meant(text) {
            return Err(none());
        }
        let (agency, digits) = text.split_at_checked(Self::AGENCY).ok_or_else(none)?;
        let agency: CreditCode = agency.parse().or(Err(none()))?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(none());
        }
        Ok(Self { text: text.to_owned(), agency })
    }
}
