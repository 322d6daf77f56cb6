//! Which identifiers are checked, and what is found.

use std::str::FromStr;

use super::{CitizenId, CreditCode, ELicenceId, ItemCode, PermitNumber, ProjectCode, RegionCode};
use crate::FieldError;

/// A kind of identifier, with a mode of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Identifier {
    /// Unified social credit code (GB 32100-2015).
    Credit,
    /// Citizen id (GB 11643-1999).
    Citizen,
    /// Investment project code (GB/T 40058-2021).
    Project,
    /// Implementation code of an item (GB/T 39554.1).
    Item,
    /// Number of a construction permit.
    Permit,
    /// Id of an electronic licence (GB/T 36904-2018).
    ELicence,
    /// Region (GB/T 2260) that a project code or a permit's number names.
    Region,
}

/// What is wrong with an identifier; the value is never said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentifierFault {
    /// It cannot be one: length, symbols or places are wrong.
    Shape(FieldError),
    /// It looks like one, but was never issued like this, or cannot be checked: check digit, date,
    /// region, or a form from before there were check digits.
    Check(FieldError),
}

// === impl Identifier ===

impl Identifier {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 7] = [
        Self::Credit,
        Self::Citizen,
        Self::Project,
        Self::Item,
        Self::Permit,
        Self::ELicence,
        Self::Region,
    ];

    /// Returns its key in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Credit => "credit",
            Self::Citizen => "citizen",
            Self::Project => "project",
            Self::Item => "item",
            Self::Permit => "permit",
            Self::ELicence => "e_licence",
            Self::Region => "region",
        }
    }

    /// Checks a text in canonical form. Which regions there are is not looked at.
    ///
    /// # Errors
    ///
    /// Says what is wrong, and whether that is the shape or what the shape holds.
    pub fn check(self, text: &str) -> Result<(), IdentifierFault> {
        match self {
            Self::Credit => checked(text, CreditCode::check),
            Self::Citizen => checked(text, CitizenId::check),
            Self::Project => checked(text, ProjectCode::check),
            Self::Item => checked(text, ItemCode::check),
            Self::Permit => checked(text, PermitNumber::check),
            Self::ELicence => checked(text, ELicenceId::check),
            Self::Region => checked(text, |_code: &RegionCode| Ok(())),
        }
    }

    /// Tells whether a subject must have its shape for any check of it to mean something: then only the
    /// mode `off` takes another one.
    pub(super) fn demands_shape(self) -> bool {
        matches!(self, Self::Credit | Self::Citizen | Self::Project)
    }

    /// Returns the region that an identifier of this kind was given in, where the city would know it.
    /// Companies and citizens come from anywhere, and from regions that are no more.
    pub(super) fn region(self, text: &str) -> Option<RegionCode> {
        match self {
            Self::Project => text.parse::<ProjectCode>().ok()?.region().ok(),
            Self::Permit => text.parse::<PermitNumber>().ok()?.region().ok(),
            _ => None,
        }
    }
}

fn checked<T: FromStr<Err = FieldError>>(
    text: &str,
    check: impl FnOnce(&T) -> Result<(), FieldError>,
) -> Result<(), IdentifierFault> {
    let identifier = text.parse().map_err(IdentifierFault::Shape)?;
    check(&identifier).map_err(IdentifierFault::Check)
}

// === impl IdentifierFault ===

impl IdentifierFault {
    /// Returns what is said of it, of whichever part.
    pub fn error(self) -> FieldError {
        match self {
            Self::Shape(error) | Self::Check(error) => error,
        }
    }
}
