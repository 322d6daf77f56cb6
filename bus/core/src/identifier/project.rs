//! Investment project codes (GB/T 40058-2021, and those from before it).

use std::str::FromStr;

use super::{RegionCode, iso7064};
use crate::FieldError;

/// An investment project code by its shape: digits in groups of 4, 6, 2, 2 and 6, with hyphens, 24
/// characters.
///
/// Today's begin with year and month and end with a check digit, `2501-370800-04-01-000016`; those of
/// 2015 to 2020 begin with the whole year and have none, `2020-330327-48-01-167360`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectCode(String);

/// How a code begins.
enum Beginning {
    YearAndMonth,
    Year,
    Neither,
}

// === impl ProjectCode ===

impl ProjectCode {
    /// What a code consists of; 0 stands for a digit.
    const SHAPE: &str = "0000-000000-00-00-000000";

    /// Returns the code as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the region that it was given in.
    ///
    /// # Errors
    ///
    /// None: its shape has the digits of one.
    pub fn region(&self) -> Result<RegionCode, FieldError> {
        self.0[5..11].parse()
    }

    /// Checks month and check digit.
    ///
    /// # Errors
    ///
    /// Names `project_code` if one of them is wrong, or it has none: the form from before 2021.
    ///
    /// Source: GB/T 40058-2021. That the check digit is that of ISO 7064 MOD 11,10 over the 19 digits
    /// before it is inferred from codes in use.
    pub fn check(&self) -> Result<(), FieldError> {
        let cure = "give the code as the approval platform shows it today";
        let fault = match self.beginning() {
            Beginning::YearAndMonth if self.fits() => return Ok(()),
            Beginning::YearAndMonth => {
                "has a wrong check digit: the last of its 20 digits does not fit the others"
            }
            Beginning::Year => "has the form from before 2021, without a check digit",
            Beginning::Neither => "begins with no year and month",
        };
        Err(FieldError::new("project_code", fault, cure))
    }

    /// The third and fourth digit tell: there is no month 15 to 20.
    fn beginning(&self) -> Beginning {
        match (&self.0[..2], self.0[2..4].parse()) {
            (_, Ok(1..=12)) => Beginning::YearAndMonth,
            ("20", Ok(15..=20)) => Beginning::Year,
            _ => Beginning::Neither,
        }
    }

    fn fits(&self) -> bool {
        let digits = || self.0.chars().filter(char::is_ascii_digit);
        iso7064::mod_11_10(digits().take(19)) == digits().next_back()
    }
}

impl FromStr for ProjectCode {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let shaped = text.len() == Self::SHAPE.len()
            && text.bytes().zip(Self::SHAPE.bytes()).all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                hyphen => byte == hyphen,
            });
        if shaped {
            return Ok(Self(text.to_owned()));
        }
        let cure = "give digits with hyphens, like 2501-370800-04-01-000016";
        Err(FieldError::new("project_code", "is no investment project code", cure))
    }
}
