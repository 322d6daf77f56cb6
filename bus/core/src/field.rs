//! Checked texts of a material's description, and what is wrong with those that fail.

use std::{borrow::Cow, fmt, str::FromStr};

use jiff::{Timestamp, tz::Offset};
use serde::{Deserialize, Serialize};

/// Longest period that is ever added to a day: a thousand years.
const MOST_MONTHS: u32 = 12_000;
const MOST_DAYS: u32 = 366_000;
/// Longest text field of a request, in bytes.
const MAX_TEXT_BYTES: usize = 256;

/// What is wrong with one field of a request or a file, and how to cure it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {fault}, {cure}")]
pub struct FieldError {
    /// Name of the field, as in the request.
    pub field: Cow<'static, str>,
    /// What is wrong with it. Never the value: it may be personal.
    pub fault: String,
    /// What to send instead.
    pub cure: String,
}

/// The issuer's number on a document: 1 to 128 bytes without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Number(String);

/// A media type (RFC 6838), lower case, without parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MediaType(String);

/// Name of who issued a document: 1 to 256 bytes without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IssuerName(String);

/// A day in Asia/Shanghai, written `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(jiff::civil::Date);

// === impl FieldError ===

impl FieldError {
    /// Names a field, its fault and the cure.
    pub fn new(
        field: impl Into<Cow<'static, str>>,
        fault: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), fault: fault.into(), cure: cure.into() }
    }

    /// Says the same of another field.
    #[must_use]
    pub fn of(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.field = field.into();
        self
    }
}

/// Checks a text that must be there, is at most `max` bytes and has no control characters.
pub(crate) fn text(field: &'static str, value: &str, max: usize) -> Result<(), FieldError> {
    if value.is_empty() {
        return Err(FieldError::new(field, "is empty", format!("give 1 to {max} bytes")));
    }
    if value.len() > max {
        let fault = format!("has {} bytes", value.len());
        return Err(FieldError::new(field, fault, format!("give at most {max}")));
    }
    if value.chars().any(char::is_control) {
        return Err(FieldError::new(field, "has a control character", "remove it"));
    }
    if value.trim() != value {
        return Err(FieldError::new(field, "starts or ends with a space", "remove it"));
    }
    Ok(())
}

/// Implements the text conversions of a checked type through its `FromStr`.
macro_rules! checked_text {
    ($type:ty, $error:ty) => {
        impl TryFrom<String> for $type {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, $error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    };
}
pub(crate) use checked_text;

// === impl Number ===

impl Number {
    /// Returns the number as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Number {
    type Err = FieldError;

    fn from_str(value: &str) -> Result<Self, FieldError> {
        text("number", value, 128)?;
        Ok(Self(value.to_owned()))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

checked_text!(Number, FieldError);

// === impl MediaType ===

impl MediaType {
    /// Returns the media type as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MediaType {
    type Err = FieldError;

    fn from_str(value: &str) -> Result<Self, FieldError> {
        text("media_type", value, 127)?;
        let restricted = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| {
                    byte.is_ascii_lowercase()
                        || byte.is_ascii_digit()
                        || b"!#$&-^_.+".contains(&byte)
                })
        };
        match value.split_once('/') {
            Some((kind, subtype)) if restricted(kind) && restricted(subtype) => {
                Ok(Self(value.to_owned()))
            }
            _ => Err(FieldError::new(
                "media_type",
                "is no media type",
                "give one in lower case without parameters, like application/pdf",
            )),
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

checked_text!(MediaType, FieldError);

// === impl IssuerName ===

impl FromStr for IssuerName {
    type Err = FieldError;

    fn from_str(value: &str) -> Result<Self, FieldError> {
        text("issuer", value, MAX_TEXT_BYTES)?;
        Ok(Self(value.to_owned()))
    }
}

impl fmt::Display for IssuerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

checked_text!(IssuerName, FieldError);

// === impl Day ===

impl Day {
    /// Asia/Shanghai, which has kept one offset since 1991.
    const SHANGHAI: Offset = Offset::constant(8);

    /// Returns the day that `time` falls on.
    pub fn of(time: Timestamp) -> Self {
        Self(Self::SHANGHAI.to_datetime(time).date())
    }

    /// Returns the first moment of the next day: the day ends before it. At the end of all time it is
    /// the last moment there is.
    pub fn end(self) -> Timestamp {
        let next = self.0.tomorrow().unwrap_or(self.0).to_datetime(jiff::civil::Time::midnight());
        Self::SHANGHAI.to_timestamp(next).unwrap_or(Timestamp::MAX)
    }

    /// Returns the same day of the month so many months later, or the month's last day where it has no
    /// such day; at the end of all time, the last day there is.
    #[must_use]
    pub fn plus_months(self, months: u32) -> Self {
        Self(self.0.saturating_add(jiff::Span::new().months(months.min(MOST_MONTHS))))
    }

    /// Returns the day so many days later, or the last day there is.
    #[must_use]
    pub fn plus_days(self, days: u32) -> Self {
        Self(self.0.saturating_add(jiff::Span::new().days(days.min(MOST_DAYS))))
    }
}

impl FromStr for Day {
    type Err = FieldError;

    fn from_str(value: &str) -> Result<Self, FieldError> {
        let shaped = value.len() == 10 && value.is_ascii();
        match value.parse() {
            Ok(date) if shaped => Ok(Self(date)),
            _ => Err(FieldError::new("date", "is no day", "give YYYY-MM-DD of a day that exists")),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

checked_text!(Day, FieldError);
