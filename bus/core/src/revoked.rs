//! That a version was taken back, and why. It never becomes good again.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ExchangeError, FieldError, Version, field::checked_text};

/// That a version was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Revocation,
}

/// Why a version was revoked; a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Revocation {
    /// It was wrong from the start.
    Error,
    /// It was got by fraud.
    Fraud,
    /// Its authority took it back.
    RevokedByAuthority,
    /// Another decision took its place in law.
    SupersededInLaw,
    /// Whom it binds withdrew it.
    WithdrawnByPrincipal,
}

// === impl Revocation ===

impl Revocation {
    const ALL: [Self; 5] = [
        Self::Error,
        Self::Fraud,
        Self::RevokedByAuthority,
        Self::SupersededInLaw,
        Self::WithdrawnByPrincipal,
    ];

    /// Returns the code, as records and errors say it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Fraud => "FRAUD",
            Self::RevokedByAuthority => "REVOKED_BY_AUTHORITY",
            Self::SupersededInLaw => "SUPERSEDED_IN_LAW",
            Self::WithdrawnByPrincipal => "WITHDRAWN_BY_PRINCIPAL",
        }
    }
}

impl FromStr for Revocation {
    type Err = FieldError;

    fn from_str(code: &str) -> Result<Self, FieldError> {
        let known = Self::ALL.into_iter().find(|known| known.code() == code);
        known.ok_or_else(|| {
            let codes = Self::ALL.map(Self::code).join(", ");
            FieldError::new("reason", "is missing or unknown", format!("give one of {codes}"))
        })
    }
}

impl fmt::Display for Revocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

checked_text!(Revocation, FieldError);

// === impl Version ===

impl Version {
    /// Refuses to give on what was revoked.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::VersionRevoked`] if it was.
    pub(crate) fn not_revoked(&self) -> Result<(), ExchangeError> {
        match self.revoked {
            None => Ok(()),
            Some(Revoked { reason, .. }) => {
                Err(ExchangeError::VersionRevoked { version: self.name(), reason })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_read_as_it_is_written() {
        for reason in Revocation::ALL {
            assert_eq!(reason.code().parse::<Revocation>().unwrap(), reason);
        }
        assert_eq!("".parse::<Revocation>().unwrap_err().field, "reason");
    }
}
