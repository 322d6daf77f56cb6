//! Until when a document says that it is valid, and how it stands with its issuer.

use std::{fmt, str::FromStr};

use crate::{Day, FieldError};

/// Until when a document says that it is valid: a day, or without end. A document that says nothing has
/// none of these.
///
/// Registers spell "without end" as a day that never comes or as a word; all those spellings are read
/// as [`Self::LongTerm`], so none is ever taken for a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidUntil {
    /// Its last day, in Asia/Shanghai.
    Day(Day),
    /// It says that it has no end. Written as `long_term`.
    LongTerm,
}

/// How a document stands with its issuer, by the codes in use. Only 01 is ever told as good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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

// === impl ValidUntil ===

impl ValidUntil {
    const LONG_TERM: &str = "long_term";
    /// How registers spell "without end".
    const SPELLINGS: [&str; 9] = [
        Self::LONG_TERM,
        "长期",
        "永久",
        "永久有效",
        "长期有效",
        "2099-12-31",
        "9999-01-01",
        "9999-12-31",
        "2999-12-31",
    ];
}

impl FromStr for ValidUntil {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        if Self::SPELLINGS.contains(&text) {
            return Ok(Self::LongTerm);
        }
        text.parse().map(Self::Day).map_err(|_error: FieldError| {
            let cure = "give YYYY-MM-DD of a day that exists, or long_term";
            FieldError::new("valid_until", "is no day", cure)
        })
    }
}

impl fmt::Display for ValidUntil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::LongTerm => f.write_str(Self::LONG_TERM),
        }
    }
}

// === impl Status ===

impl Status {
    const ALL: [Self; 8] = [
        Self::Valid,
        Self::Suspended,
        Self::Revoked,
        Self::Cancelled,
        Self::Lapsed,
        Self::MovedOut,
        Self::Withdrawn,
        Self::Other,
    ];

    /// Returns the code, two digits.
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

    fn from_str(code: &str) -> Result<Self, FieldError> {
        let known = Self::ALL.into_iter().find(|status| status.code() == code);
        known.ok_or_else(|| FieldError::new("status", "is unknown", "give 01 to 07, or 99"))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_of_without_end_is_a_day() {
        for spelling in ValidUntil::SPELLINGS {
            let read: ValidUntil = spelling.parse().unwrap();
            assert_eq!((read, read.to_string().as_str()), (ValidUntil::LongTerm, "long_term"));
        }
        assert_eq!("2027-03-01".parse::<ValidUntil>().unwrap().to_string(), "2027-03-01");
        assert_eq!("soon".parse::<ValidUntil>().unwrap_err().field, "valid_until");
    }

    #[test]
    fn a_status_is_read_as_it_is_written() {
        for status in Status::ALL {
            assert_eq!(status.to_string().parse::<Status>().unwrap(), status);
        }
        assert_eq!("08".parse::<Status>().unwrap_err().field, "status");
    }
}
