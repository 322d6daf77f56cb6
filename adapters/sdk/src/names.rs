//! Names of things, each a type of its own.

use std::{fmt, str::FromStr};

use crate::{FieldError, field};

/// Code of a material type: 1 to 63 of `a-z`, `0-9`, `_`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeCode(String);

/// Id of one upload: a UUID in its hyphenated lower-case form, so safe as a file's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UploadId(String);

// === impl TypeCode ===

impl TypeCode {
    /// Returns the code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TypeCode {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        characters("material_type", text, 63, b'_')?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for TypeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// === impl UploadId ===

impl UploadId {
    /// Returns the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UploadId {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        field::text("upload", text, 256)?;
        let fits = |(at, byte): (usize, u8)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        };
        if text.len() == 36 && text.bytes().enumerate().all(fits) {
            return Ok(Self(text.to_owned()));
        }
        let cure = "give one like 4be43c02-9e60-4e83-a3c6-4aaee1b9c3a7, in lower case";
        Err(FieldError::new("upload", "is no hyphenated UUID", cure))
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks the code of a department, or of an adapter within one.
pub(crate) fn code(field: &'static str, text: &str) -> Result<(), FieldError> {
    characters(field, text, 32, b'-')
}

fn characters(field: &'static str, text: &str, max: usize, joint: u8) -> Result<(), FieldError> {
    field::text(field, text, max)?;
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == joint;
    if text.bytes().all(allowed) {
        return Ok(());
    }
    let cure = format!("give lower-case letters, digits and {}", char::from(joint));
    Err(FieldError::new(field, "has a character that codes do not have", cure))
}
