//! Checked texts of a document's description.

use std::{fmt, str::FromStr};

use crate::{FieldError, field};

/// The issuer's number on a document: 1 to 128 bytes without control characters.
///
/// It may lead to a person, so its `Debug` form hides it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Number(String);

/// A media type (RFC 6838), lower case, without parameters, at most 127 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MediaType(String);

/// Name of who issued a document: 1 to 256 bytes without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Issuer(String);

/// A day in Asia/Shanghai, written `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(jiff::civil::Date);

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
        field::text("number", value, 128)?;
        Ok(Self(value.to_owned()))
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Number(hidden)")
    }
}

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
        field::text("media_type", value, 127)?;
        match value.split_once('/') {
            Some((kind, subtype)) if is_restricted(kind) && is_restricted(subtype) => {
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

/// Tells whether a part has only the characters of RFC 6838, section 4.2, in lower case.
fn is_restricted(part: &str) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$&-^_.+".contains(&byte)
    };
    !part.is_empty() && part.bytes().all(allowed)
}

// === impl Issuer ===

impl Issuer {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Issuer {
    type Err = FieldError;

    fn from_str(value: &str) -> Result<Self, FieldError> {
        field::text("issuer", value, 256)?;
        Ok(Self(value.to_owned()))
    }
}

// === impl Day ===

impl FromStr for Day {
    type Err = FieldError;

    fn from_str(value: &str) -> Result<Self, FieldError> {
        let shaped = value.len() == 10 && value.is_ascii();
        match value.parse() {
            Ok(date) if shaped => Ok(Self(date)),
            _ => Err(FieldError::new("day", "is no day", "give YYYY-MM-DD of a day that exists")),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
