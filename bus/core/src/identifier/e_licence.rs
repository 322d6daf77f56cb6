//! Ids of electronic licences (电子证照, GB/T 36904-2018).

use std::{fmt, str::FromStr};

use super::{CreditCode, iso7064};
use crate::FieldError;

/// An electronic licence's id by its shape: `1.2.156.3005.2.`, then with dots between them the
/// licence's type (21 characters: credit code of who made the type, 3 digits), issuer (credit code),
/// serial, version (3 digits) and a check character.
///
/// It may be a person's licence, so its `Debug` form hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct ELicenceId {
    /// Type, issuer and serial, without dots: what all versions of one licence share.
    licence: String,
    version: u16,
    check: char,
}

// === impl ELicenceId ===

impl ELicenceId {
    /// The object identifier that all of them are under.
    const ROOT: &str = "1.2.156.3005.2.";
    const CURE: &str = "give 1.2.156.3005.2. and then type, issuer, serial, version and check \
                        character, with dots between, as the licence shows them";

    /// Tells whether a licence's number begins like these.
    pub(super) fn is_meant(text: &str) -> bool {
        text.starts_with(Self::ROOT)
    }

    /// Returns the version of the licence, from 0 to 999.
    pub fn version(&self) -> u16 {
        self.version
    }

    /// Tells whether this is a later version of the same licence, and so stands in its place.
    pub fn supersedes(&self, other: &Self) -> bool {
        self.licence == other.licence && self.version > other.version
    }

    /// Checks the last character against the others.
    ///
    /// # Errors
    ///
    /// Names `e_licence_id` if it does not fit.
    ///
    /// Source: GB/T 36904-2018; ISO 7064 MOD 37,36 over type, issuer, serial and version.
    pub fn check(&self) -> Result<(), FieldError> {
        let version = format!("{:03}", self.version);
        if iso7064::mod_37_36(self.licence.chars().chain(version.chars())) == Some(self.check) {
            return Ok(());
        }
        let fault = "has a wrong check character: the last one does not fit the others";
        Err(FieldError::new("e_licence_id", fault, "give the id as the licence shows it"))
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(Self::ROOT)?.split('.');
        let mut part = || parts.next();
        let (of_type, issuer, serial) = (part()?, part()?, part()?);
        let (version, check) = (part()?, part()?);
        let (maker, number) = of_type.split_at_checked(18)?;
        maker.parse::<CreditCode>().ok()?;
        issuer.parse::<CreditCode>().ok()?;
        let plain = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
        let mut letters = check.chars();
        let check = letters.next()?;
        let shaped = digits(number, 3)
            && !serial.is_empty()
            && serial.bytes().all(plain)
            && digits(version, 3)
            && (check.is_ascii_digit() || check.is_ascii_uppercase())
            && letters.next().is_none()
            && parts.next().is_none();
        let licence = format!("{of_type}{issuer}{serial}");
        shaped.then_some(Self { licence, version: version.parse().ok()?, check })
    }
}

impl FromStr for ELicenceId {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        Self::read(text).ok_or_else(|| {
            FieldError::new("e_licence_id", "is no electronic licence's id", Self::CURE)
        })
    }
}

impl fmt::Debug for ELicenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ELicenceId(hidden)")
    }
}

fn digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}
