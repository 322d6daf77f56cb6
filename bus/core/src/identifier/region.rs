//! Codes of regions (GB/T 2260).

use std::str::FromStr;

use crate::{FieldError, Region};

/// A region's code by its shape: 6 digits.
///
/// Which there are is for the catalogue to say: development zones have codes that their city gave them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionCode(String);

// === impl RegionCode ===

impl RegionCode {
    /// Returns the code as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Checks that it is one of those that a catalogue lists; of one that lists none, all are.
    ///
    /// # Errors
    ///
    /// Names `region` if it is not.
    pub fn check(&self, known: &[Region]) -> Result<(), FieldError> {
        if known.is_empty() || known.iter().any(|region| region.code == self.0) {
            return Ok(());
        }
        let cure = "give the code as it was issued, or add the region to the catalogue";
        Err(FieldError::new("region", "names a region that the catalogue does not list", cure))
    }
}

impl FromStr for RegionCode {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        if text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self(text.to_owned()));
        }
        Err(FieldError::new("region", "is no code of a region", "give 6 digits, like 370800"))
    }
}
