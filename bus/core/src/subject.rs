//! Whom or what a material is about.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{FieldError, Number, TypeCode, field};

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
/// It may be personal, so its `Debug` form hides the value. Serialised as `scheme:value`.
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
    /// Checks scheme and value.
    ///
    /// # Errors
    ///
    /// Names `subject.scheme` or `subject.value`: unknown, empty, over 128 bytes, control
    /// characters, spaces or lower-case letters in it.
    pub fn new(scheme: &str, value: &str) -> Result<Self, FieldError> {
        let scheme = scheme.parse()?;
        field::text("subject.value", value, 128)?;
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
