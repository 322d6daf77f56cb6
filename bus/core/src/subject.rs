//! Whom or what a material is about.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{FieldError, Number, TypeCode, field, identifier::canonical};

/// A system of identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
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

/// Scheme and value: whom or what a material is about.
///
/// The value is in canonical form, so that one subject has one value however it was typed. It may be
/// personal, so its `Debug` form hides it. Serialised as `scheme:value`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subject {
    scheme: Scheme,
    value: String,
}

/// What tells one material from all others: type, subject and the issuer's number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MaterialKey {
    /// Type of the material.
    pub material_type: TypeCode,
    /// Whom or what it is about.
    pub subject: Subject,
    /// The issuer's number on it.
    pub number: Number,
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
                "is unknown",
                "give project, credit, citizen or license",
            )),
        }
    }
}

// === impl Subject ===

impl Subject {
    /// Longest value as typed, in bytes: full-width characters take three each, and spaces around it
    /// are dropped.
    pub(crate) const MAX_WRITTEN_BYTES: usize = 512;
    /// Longest value, in bytes.
    const MAX_BYTES: usize = 128;

    /// Takes a value that is stored or trusted, in canonical form: NFKC, without spaces around it, upper
    /// case. Whether it is an identifier of its scheme is for [`crate::Bus::subject`] to check.
    ///
    /// # Errors
    ///
    /// Names `subject.scheme` or `subject.value`: unknown, empty, over 128 bytes, control characters,
    /// spaces, or letters without an upper case in it.
    pub fn new(scheme: &str, value: &str) -> Result<Self, FieldError> {
        let scheme = scheme.parse()?;
        if value.len() > Self::MAX_WRITTEN_BYTES {
            let fault = format!("has {} bytes", value.len());
            let cure = format!("give at most {}", Self::MAX_BYTES);
            return Err(FieldError::new("subject.value", fault, cure));
        }
        let value = canonical(value);
        field::text("subject.value", &value, Self::MAX_BYTES)?;
        if value.chars().any(char::is_whitespace) {
            let cure = "give it without spaces";
            return Err(FieldError::new("subject.value", "has a space inside", cure));
        }
        if value.chars().any(char::is_lowercase) {
            let cure = "give it in capital letters and digits";
            return Err(FieldError::new("subject.value", "has a letter without upper case", cure));
        }
        Ok(Self { scheme, value })
    }

    /// Returns the scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the identifier.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl TryFrom<String> for Subject {
    type Error = FieldError;

    fn try_from(text: String) -> Result<Self, FieldError> {
        match text.split_once(':') {
            Some((scheme, value)) => Self::new(scheme, value),
            None => Err(FieldError::new("subject", "has no scheme", "give it as scheme:value")),
        }
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        format!("{}:{}", subject.scheme.as_str(), subject.value)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:(hidden)", self.scheme.as_str())
    }
}
