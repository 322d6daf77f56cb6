//! How the bus and the model may differ.

use std::fmt;

/// What kind of difference it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// A call was answered that had to be denied.
    ServedThoughDenied,
    /// A call by type and subject got what was replaced before it began.
    OldVersion,
    /// Another answer than the model allows.
    WrongAnswer,
    /// A byte was here before the record that allows it.
    ReleasedBeforeOutcome,
    /// A record is not what it must be.
    WrongRecord,
    /// An adapter was asked without an Intent.
    AskedWithoutIntent,
    /// An Intent is open though its call is over.
    OpenIntent,
}

/// A difference.
#[derive(Clone, Debug)]
pub(super) struct Divergence {
    pub(super) flaw: Flaw,
    what: String,
}

impl Flaw {
    /// Says what differs.
    pub(super) fn because(self, what: impl Into<String>) -> Divergence {
        Divergence { flaw: self, what: what.into() }
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.flaw, self.what)
    }
}
