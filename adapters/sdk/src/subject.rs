//! Whom or what a document is about.

use std::{fmt, str::FromStr};

use crate::{FieldError, field};

/// Longest identifier of a subject, in bytes.
const MAX_VALUE_BYTES: usize = 128;

/// A system of identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Investment project code (GB/T 40058-2021).
    Project,
    /// Unified social credit code (GB 32100-2015).
    Credit,
    /// Citizen id (GB 11643-1999).
    Citizen,
    /// Number of a licence.
    License,
}

/// Scheme and identifier: whom or what a document is about.
///
/// It may be personal, so its `Debug` form hides the identifier.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    scheme: Scheme,
    value: String,
}

// === impl Scheme ===

impl Scheme {
    /// Returns the scheme's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Credit => "credit",
            Self::Citizen => "citizen",
            Self::License => "license",
        }
    }
}

impl FromStr for Scheme {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        match text {
            "project" => Ok(Self::Project),
            "credit" => Ok(Self::Credit),
            "citizen" => Ok(Self::Citizen),
            "license" => Ok(Self::License),
            _ => Err(FieldError::new(
                "subject.scheme",
                if text.is_empty() { "is empty" } else { "is unknown" },
                "give project, credit, citizen or license",
            )),
        }
    }
}

// === impl Subject ===

impl Subject {
    /// Checks scheme and identifier.
    ///
    /// # Errors
    ///
    /// Names `subject.scheme` or `subject.value`: unknown, empty, over 128 bytes, control
    /// characters, spaces or lower-case letters in it.
    pub fn new(scheme: &str, value: &str) -> Result<Self, FieldError> {
        let scheme = scheme.parse()?;
        field::text("subject.value", value, MAX_VALUE_BYTES)?;
        if value.chars().any(|c| c.is_lowercase() || c.is_whitespace()) {
            return Err(FieldError::new(
                "subject.value",
                "has a lower-case letter or a space",
                "give it in upper case without spaces",
            ));
        }
        Ok(Self { scheme, value: value.to_owned() })
    }

    /// Returns the scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the identifier. It may be personal: never log it.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:(hidden)", self.scheme.as_str())
    }
}
