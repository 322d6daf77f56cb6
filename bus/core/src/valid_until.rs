//! Until when a document says that it is valid.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Day, FieldError, field::checked_text};

/// Until when a document says that it is valid: a day, or without end. A document that says nothing has
/// none of these, and silence is not "for ever".
///
/// Written as `YYYY-MM-DD`, or `long_term`. Registers spell "without end" as a day that never comes or
/// as a word; all those spellings are read as [`Self::LongTerm`], so none is ever taken for a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ValidUntil {
    /// Its last day, in Asia/Shanghai.
    Day(Day),
    /// It says that it has no end.
    LongTerm,
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
        text.parse().map(Self::Day).map_err(|error: FieldError| {
            let cure = "give YYYY-MM-DD of a day that exists, or long_term";
            FieldError { field: "valid_until".into(), cure: cure.to_owned(), ..error }
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

checked_text!(ValidUntil, FieldError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_of_without_end_is_a_day() {
        for spelling in ValidUntil::SPELLINGS {
            assert_eq!(spelling.parse::<ValidUntil>().unwrap(), ValidUntil::LongTerm);
        }
        assert_eq!("2027-03-01".parse::<ValidUntil>().unwrap().to_string(), "2027-03-01");
        assert_eq!("soon".parse::<ValidUntil>().unwrap_err().field, "valid_until");
        assert!("".parse::<ValidUntil>().is_err());
    }
}
