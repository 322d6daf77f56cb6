//! Numbers of construction permits (建筑工程施工许可证).

use std::{fmt, str::FromStr};

use super::{RegionCode, date};
use crate::FieldError;

/// A construction permit's number by its shape: 18 digits, which are region 6, date 8, serial 2 and
/// class 2.
///
/// It tells of a case, so its `Debug` form hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct PermitNumber(String);

// === impl PermitNumber ===

impl PermitNumber {
    /// Tells whether a licence's number has the form of these.
    pub(super) fn is_meant(text: &str) -> bool {
        text.len() == 18 && text.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// Returns the region that it was given in.
    ///
    /// # Errors
    ///
    /// None: its shape has the digits of one.
    pub fn region(&self) -> Result<RegionCode, FieldError> {
        self.0[..6].parse()
    }

    /// Checks that the date exists; there is no check digit.
    ///
    /// # Errors
    ///
    /// Names `permit_number` if it does not.
    pub fn check(&self) -> Result<(), FieldError> {
        if date::exists(&self.0[6..14]) {
            return Ok(());
        }
        let fault = "has a date that does not exist, in its digits 7 to 14";
        Err(FieldError::new("permit_number", fault, "give the number as the permit shows it"))
    }
}

impl FromStr for PermitNumber {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        if Self::is_meant(text) {
            return Ok(Self(text.to_owned()));
        }
        let fault = "is no construction permit's number";
        Err(FieldError::new("permit_number", fault, "give its 18 digits"))
    }
}

impl fmt::Debug for PermitNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PermitNumber(hidden)")
    }
}
