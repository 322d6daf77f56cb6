//! How strictly each identifier is checked.

use serde::Deserialize;

use super::Identifier;

/// What follows from a fault of an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It is refused.
    Strict,
    /// It is counted and let through; a credit code, citizen id or project code of no possible shape is
    /// refused.
    Warn,
    /// It is not looked at.
    Off,
}

/// The mode of each identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentifierModes {
    /// Of unified social credit codes.
    pub credit: Mode,
    /// Of citizen ids.
    pub citizen: Mode,
    /// Of investment project codes.
    pub project: Mode,
    /// Of items' implementation codes.
    pub item: Mode,
    /// Of construction permits' numbers.
    pub permit: Mode,
    /// Of electronic licences' ids.
    pub e_licence: Mode,
    /// Of the regions in project codes and permits' numbers.
    pub region: Mode,
}

// === impl Mode ===

impl Mode {
    /// Returns the mode as it is configured.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Warn => "warn",
            Self::Off => "off",
        }
    }
}

// === impl IdentifierModes ===

impl IdentifierModes {
    /// Returns the mode of an identifier.
    pub fn of(&self, identifier: Identifier) -> Mode {
        match identifier {
            Identifier::Credit => self.credit,
            Identifier::Citizen => self.citizen,
            Identifier::Project => self.project,
            Identifier::Item => self.item,
            Identifier::Permit => self.permit,
            Identifier::ELicence => self.e_licence,
            Identifier::Region => self.region,
        }
    }
}

impl Default for IdentifierModes {
    fn default() -> Self {
        Self {
            credit: Mode::Strict,
            citizen: Mode::Strict,
            // Its check digit is inferred, and codes from before 2021 have none.
            project: Mode::Warn,
            item: Mode::Warn,
            permit: Mode::Warn,
            e_licence: Mode::Warn,
            region: Mode::Warn,
        }
    }
}
