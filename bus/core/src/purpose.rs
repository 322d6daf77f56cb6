//! Why a call is made: mandatory on every call that touches material.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{FieldError, field};

/// Why a call is made. Item, cause, basis and ground stand in the trail; case and officer never in
/// clear, so the `Debug` form hides them.
#[derive(Clone, PartialEq, Eq)]
pub struct Purpose {
    /// Approval item, for example `I14`.
    pub item: String,
    /// The agency's own number of the case.
    pub case_number: String,
    /// What kind of work it is.
    pub cause: Cause,
    /// Law, article or decision that allows the call.
    pub legal_basis: String,
    /// The officer who acts.
    pub officer: String,
    /// Ground on which the material may be used.
    pub authorization: Authorization,
}

/// What kind of work a call belongs to; a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Cause {
    /// An application for an approval item is being handled.
    Approval,
    /// A granted approval is being supervised.
    Supervision,
    /// An offence is being investigated.
    Enforcement,
    /// A service is given without an application.
    PublicService,
    /// A wrong record is being put right.
    Correction,
}

/// Ground on which a material may be used.
#[derive(Clone, PartialEq, Eq)]
pub enum Authorization {
    /// The law makes it the caller's duty.
    StatutoryDuty,
    /// The one concerned consented; the reference says where that is kept.
    HolderConsent {
        /// The consent's number at the agency.
        reference: String,
    },
}

// === impl Purpose ===

impl Purpose {
    /// Checks every text.
    ///
    /// # Errors
    ///
    /// Names the first field that is empty, too long or has control characters.
    pub fn checked(self) -> Result<Self, FieldError> {
        field::text("purpose.item", &self.item, 33)?;
        field::text("purpose.case_number", &self.case_number, 128)?;
        field::text("purpose.legal_basis", &self.legal_basis, 256)?;
        field::text("purpose.officer", &self.officer, 64)?;
        if let Authorization::HolderConsent { reference } = &self.authorization {
            field::text("purpose.authorization.reference", reference, 128)?;
        }
        if !self.item.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let cure = "give the item's code of letters and digits, like I14";
            return Err(FieldError::new("purpose.item", "is no item code", cure));
        }
        Ok(self)
    }
}

impl fmt::Debug for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Purpose")
            .field("item", &self.item)
            .field("cause", &self.cause)
            .field("authorization", &self.authorization)
            .finish_non_exhaustive()
    }
}

// === impl Cause ===

impl FromStr for Cause {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        match text {
            "APPROVAL" => Ok(Self::Approval),
            "SUPERVISION" => Ok(Self::Supervision),
            "ENFORCEMENT" => Ok(Self::Enforcement),
            "PUBLIC_SERVICE" => Ok(Self::PublicService),
            "CORRECTION" => Ok(Self::Correction),
            _ => Err(FieldError::new(
                "purpose.cause",
                "is unknown",
                "give APPROVAL, SUPERVISION, ENFORCEMENT, PUBLIC_SERVICE or CORRECTION",
            )),
        }
    }
}

// === impl Authorization ===

impl Authorization {
    /// Returns the ground's name, without the reference.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::StatutoryDuty => "STATUTORY_DUTY",
            Self::HolderConsent { .. } => "HOLDER_CONSENT",
        }
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
