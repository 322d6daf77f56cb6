//! The identifiers of requests, checked as the configuration says.

use std::sync::{PoisonError, RwLock};

use super::{
    ELicenceId, Identifier, IdentifierFault, IdentifierModes, ItemCode, Mode, PermitNumber,
    canonical, doubts::Doubts,
};
use crate::{Clock, FieldError, Region, Scheme, Subject};

/// Checks identifiers of requests by the modes in force, and counts what it lets through.
#[derive(Debug, Default)]
pub struct Identifiers {
    modes: RwLock<IdentifierModes>,
    doubts: Doubts,
}

/// What identifiers are checked against beside themselves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Against<'a> {
    /// The regions of the catalogue.
    pub(crate) regions: &'a [Region],
    /// The time of day: of what is let through is told once a minute.
    pub(crate) clock: &'a dyn Clock,
}

// === impl Identifiers ===

impl Identifiers {
    /// Checks by these modes.
    pub fn new(modes: IdentifierModes) -> Self {
        Self { modes: RwLock::new(modes), doubts: Doubts::default() }
    }

    /// Puts other modes in force, for every check that begins after this returned.
    pub fn replace_modes(&self, modes: IdentifierModes) {
        *self.modes.write().unwrap_or_else(PoisonError::into_inner) = modes;
    }

    /// Returns how many identifiers of a kind were let through with a fault since the start.
    pub fn doubted(&self, identifier: Identifier) -> u64 {
        self.doubts.count(identifier)
    }

    /// Checks whom or what a request is about.
    ///
    /// # Errors
    ///
    /// Names `subject.scheme` or `subject.value`, as [`Subject::new`] and as the mode of its
    /// identifier says.
    pub(crate) fn subject(
        &self,
        scheme: &str,
        value: &str,
        against: Against<'_>,
    ) -> Result<Subject, FieldError> {
        let subject = Subject::new(scheme, value)?;
        let identifier = match subject.scheme() {
            Scheme::Credit => Some(Identifier::Credit),
            Scheme::Citizen => Some(Identifier::Citizen),
            Scheme::Project => Some(Identifier::Project),
            Scheme::License => of_licence(subject.value()),
        };
        if let Some(identifier) = identifier {
            let judged = self.judge(identifier, subject.value(), against);
            judged.map_err(|error| error.of("subject.value"))?;
        }
        Ok(subject)
    }

    /// Checks an item that a request names, and returns it; the implementation code of one in canonical
    /// form.
    ///
    /// # Errors
    ///
    /// Names `item`, if it is as long as an implementation code, is none, and the mode is strict.
    pub(crate) fn item(&self, text: &str, against: Against<'_>) -> Result<String, FieldError> {
        if text.len() > Subject::MAX_WRITTEN_BYTES {
            return Ok(text.to_owned());
        }
        let code = canonical(text);
        if !ItemCode::is_meant(&code) {
            return Ok(text.to_owned());
        }
        self.judge(Identifier::Item, &code, against).map_err(|error| error.of("item"))?;
        Ok(code)
    }

    fn judge(
        &self,
        identifier: Identifier,
        text: &str,
        against: Against<'_>,
    ) -> Result<(), FieldError> {
        let modes = *self.modes.read().unwrap_or_else(PoisonError::into_inner);
        if modes.of(identifier) == Mode::Off {
            return Ok(());
        }
        if let Err(fault) = identifier.check(text) {
            self.settle(identifier, modes, fault, against.clock)?;
        }
        let region = identifier.region(text);
        match region.map_or(Ok(()), |region| region.check(against.regions)) {
            Ok(()) => Ok(()),
            Err(error) => {
                let fault = IdentifierFault::Check(error);
                self.settle(Identifier::Region, modes, fault, against.clock)
            }
        }
    }

    /// Refuses a fault, or counts it, or passes over it.
    fn settle(
        &self,
        identifier: Identifier,
        modes: IdentifierModes,
        fault: IdentifierFault,
        clock: &dyn Clock,
    ) -> Result<(), FieldError> {
        let impossible = matches!(fault, IdentifierFault::Shape(_)) && identifier.demands_shape();
        let error = fault.error();
        match modes.of(identifier) {
            Mode::Off => Ok(()),
            Mode::Warn if !impossible => {
                self.doubts.add(identifier, &error, clock.now());
                Ok(())
            }
            Mode::Strict | Mode::Warn => Err(error),
        }
    }
}

/// A licence's number may be anything: what it is can only be seen.
fn of_licence(number: &str) -> Option<Identifier> {
    if ELicenceId::is_meant(number) {
        return Some(Identifier::ELicence);
    }
    PermitNumber::is_meant(number).then_some(Identifier::Permit)
}
