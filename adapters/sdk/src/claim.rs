//! Claims, and what comparing them brought.

use std::fmt;

use crate::{FieldError, Number, Subject, TypeCode, field};

/// What to compare with what the department holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verify {
    /// Type of material.
    pub material_type: TypeCode,
    /// Whom or what it is about.
    pub subject: Subject,
    /// The issuer's number; any one where it is not given.
    pub number: Option<Number>,
    /// What is said of it, at most 16, each field once. Without any it is asked whether one in force is
    /// held.
    pub claims: Vec<Claim>,
}

/// Something that is said of a material. Its value may be personal, so its `Debug` form hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Claim {
    /// What is said: name of a field, 1 to 64 of `a-z`, `0-9`, `_`.
    pub field: String,
    /// What it is said to be, 1 to 256 bytes.
    pub value: String,
}

/// Whether all claims are true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All are true of one material in force.
    Match,
    /// They are not, or no such material is held. The fields that are untrue, as far as they are told:
    /// the gateway passes them on only where it may.
    NoMatch(Vec<String>),
    /// The department cannot say now.
    Unknown,
}

// === impl Claim ===

impl Claim {
    pub(crate) fn new(field: String, value: String) -> Result<Self, FieldError> {
        field::text("claims.field", &field, 64)?;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !field.bytes().all(plain) {
            let cure = "give lower-case letters, digits and _";
            let fault = "has a character that names of fields do not have";
            return Err(FieldError::new("claims.field", fault, cure));
        }
        field::text("claims.value", &value, 256)?;
        Ok(Self { field, value })
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("field", &self.field).finish_non_exhaustive()
    }
}
