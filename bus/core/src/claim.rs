//! Claims: what is said of a material, to be compared with what is held.

use std::{collections::HashSet, fmt, str::FromStr};

use crate::{Day, Digest, Document, FieldError, IssuerName, Number, ValidUntil, field};

/// Longest value, in bytes.
const MAX_VALUE_BYTES: usize = 256;
/// Longest name of a field, in bytes.
const MAX_FIELD_BYTES: usize = 64;

/// Name of a field: 1 to 64 of `a-z`, `0-9`, `_`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldName(String);

/// Something that is said of a material. Its value may be personal, so its `Debug` form hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Claim {
    /// What is said.
    pub field: FieldName,
    /// What it is said to be, 1 to 256 bytes.
    pub value: String,
}

/// What is said of one material: at most [`Claims::MOST`], each field once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims(Vec<Claim>);

/// A claim that a document's description answers, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DocumentClaim {
    Number(Number),
    Digest(Digest),
    ValidUntil(ValidUntil),
    Issuer(IssuerName),
    Issued(Day),
}

// === impl FieldName ===

impl FieldName {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FieldName {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        field::text("field", text, MAX_FIELD_BYTES)?;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if text.bytes().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        let cure = "give lower-case letters, digits and _";
        Err(FieldError::new("field", "has a character that names of fields do not have", cure))
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// === impl Claim ===

impl Claim {
    /// Checks field and value.
    ///
    /// # Errors
    ///
    /// Names `field` or `value`.
    pub fn new(field: &str, value: &str) -> Result<Self, FieldError> {
        let field = field.parse()?;
        field::text("value", value, MAX_VALUE_BYTES)?;
        Ok(Self { field, value: value.to_owned() })
    }

    /// Reads the claim as one about a document, if its field is one of a document's description.
    ///
    /// # Errors
    ///
    /// Names `value` if it is none of that field's.
    pub(crate) fn of_document(&self) -> Result<Option<DocumentClaim>, FieldError> {
        let value = &self.value;
        let read = match self.field.as_str() {
            "number" => value.parse().map(DocumentClaim::Number),
            "digest" => digest(value).map(DocumentClaim::Digest),
            "valid_until" => value.parse().map(DocumentClaim::ValidUntil),
            "issuer" => value.parse().map(DocumentClaim::Issuer),
            "issued" => value.parse().map(DocumentClaim::Issued),
            _ => return Ok(None),
        };
        read.map(Some).map_err(|error| error.of("value"))
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("field", &self.field).finish_non_exhaustive()
    }
}

// === impl Claims ===

impl Claims {
    /// Most claims of one call.
    pub const MOST: usize = 16;

    /// Takes the claims of one call.
    ///
    /// # Errors
    ///
    /// Names `claims` if they are more than [`Self::MOST`], or two are of one field.
    pub fn new(claims: Vec<Claim>) -> Result<Self, FieldError> {
        let most = Self::MOST;
        if claims.len() > most {
            let fault = format!("has {}", claims.len());
            return Err(FieldError::new("claims", fault, format!("give at most {most}")));
        }
        let mut fields = HashSet::new();
        if let Some(twice) = claims.iter().find(|claim| !fields.insert(&claim.field)) {
            let fault = format!("has {} twice", twice.field);
            return Err(FieldError::new("claims", fault, "claim each field once"));
        }
        Ok(Self(claims))
    }

    /// Returns the claims.
    pub fn as_slice(&self) -> &[Claim] {
        &self.0
    }

    /// Returns the names of their fields, which may stand where the values may not.
    pub(crate) fn fields(&self) -> Vec<String> {
        self.0.iter().map(|claim| claim.field.to_string()).collect()
    }

    /// Checks the values of those that are about a document, and returns the place of the first that is
    /// not.
    ///
    /// # Errors
    ///
    /// Names `claims[N].value`.
    pub fn check_documents(&self) -> Result<Option<usize>, FieldError> {
        let mut other = None;
        for (at, claim) in self.0.iter().enumerate() {
            let read =
                claim.of_document().map_err(|error| error.of(format!("claims[{at}].value")))?;
            if read.is_none() {
                other = other.or(Some(at));
            }
        }
        Ok(other)
    }
}

// === impl DocumentClaim ===

impl DocumentClaim {
    pub(crate) fn is_true_of(&self, document: &Document) -> bool {
        match self {
            Self::Number(number) => document.number == *number,
            Self::Digest(digest) => document.digest == *digest,
            Self::ValidUntil(until) => document.valid_until == Some(*until),
            Self::Issuer(issuer) => document.issuer.as_ref() == Some(issuer),
            Self::Issued(day) => document.issued == Some(*day),
        }
    }
}

fn digest(text: &str) -> Result<Digest, FieldError> {
    text.parse().map_err(|error: crate::DigestError| {
        FieldError::new("value", error.to_string(), "give sha256: and 64 hexadecimal digits")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(field: &str, value: &str) -> Claim {
        Claim::new(field, value).unwrap()
    }

    #[test]
    fn a_claim_never_shows_what_is_claimed() {
        let claims = Claims::new(vec![claim("name", "Zhang Wei")]).unwrap();

        assert!(!format!("{claims:?}").contains("Zhang"), "{claims:?}");
        assert_eq!(claims.fields(), ["name"]);
    }

    #[test]
    fn claims_that_are_none_are_refused_naming_the_field() {
        let cases = [
            (Claim::new("", "x").unwrap_err(), "field is empty"),
            (Claim::new("Name", "x").unwrap_err(), "field has a character"),
            (Claim::new(&"f".repeat(65), "x").unwrap_err(), "field has 65 bytes"),
            (Claim::new("name", "").unwrap_err(), "value is empty"),
            (Claim::new("name", &"x".repeat(257)).unwrap_err(), "value has 257 bytes"),
            (
                Claims::new(vec![claim("a", "1"), claim("a", "2")]).unwrap_err(),
                "claims has a twice",
            ),
            (
                Claims::new((0..17).map(|n| claim(&format!("f{n}"), "x")).collect()).unwrap_err(),
                "claims has 17",
            ),
            (
                Claims::new(vec![claim("a", "1"), claim("issued", "soon")])
                    .unwrap()
                    .check_documents()
                    .unwrap_err(),
                "claims[1].value is no day",
            ),
        ];

        for (error, expected) in cases {
            assert!(error.to_string().starts_with(expected), "{error}, not {expected}");
        }
    }
}
