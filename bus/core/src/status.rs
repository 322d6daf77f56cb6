//! How a licence stands with its issuer, by the codes in use.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{FieldError, field::checked_text};

/// How a document stands with its issuer. Written as two digits; only [`Self::Valid`] is ever told as
/// good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Status {
    /// 01: in force.
    #[default]
    Valid,
    /// 02: suspended for a time.
    Suspended,
    /// 03: revoked.
    Revoked,
    /// 04: cancelled at the holder's wish.
    Cancelled,
    /// 05: lapsed by itself.
    Lapsed,
    /// 06: moved to another register.
    MovedOut,
    /// 07: withdrawn as a penalty.
    Withdrawn,
    /// 99: none of these.
    Other,
}

// === impl Status ===

impl Status {
    /// Returns the code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Valid => "01",
            Self::Suspended => "02",
            Self::Revoked => "03",
            Self::Cancelled => "04",
            Self::Lapsed => "05",
            Self::MovedOut => "06",
            Self::Withdrawn => "07",
            Self::Other => "99",
        }
    }
}

impl FromStr for Status {
    type Err = FieldError;

    /// Reads a code. No code at all is 01: a register that keeps no status lists what is in force.
    fn from_str(code: &str) -> Result<Self, FieldError> {
        match code {
            "" | "01" => Ok(Self::Valid),
            "02" => Ok(Self::Suspended),
            "03" => Ok(Self::Revoked),
            "04" => Ok(Self::Cancelled),
            "05" => Ok(Self::Lapsed),
            "06" => Ok(Self::MovedOut),
            "07" => Ok(Self::Withdrawn),
            "99" => Ok(Self::Other),
            _ => Err(FieldError::new("status", "is unknown", "give 01 to 07, or 99")),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

checked_text!(Status, FieldError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_as_it_is_written() {
        for code in ["01", "02", "03", "04", "05", "06", "07", "99"] {
            assert_eq!(code.parse::<Status>().unwrap().code(), code);
        }
        assert_eq!("".parse::<Status>().unwrap(), Status::Valid);
        assert!("08".parse::<Status>().is_err());
    }
}
