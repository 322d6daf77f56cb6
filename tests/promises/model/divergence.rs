//! How the bus and the model may differ.

use std::fmt;

/// What kind of difference it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// A call was answered that had to be denied.
    ServedThoughDenied,
    /// A call by type and subject got what was replaced or revoked before it began.
    OldVersion,
    /// A call by name was told or given a version as good that was revoked before it began.
    GoodThoughRevoked,
    /// A version is said to be good, or to end, otherwise than it does.
    WrongVerdict,
    /// Of a material that ever had a version none was found, or two.
    NotOneCurrent,
    /// What was current on a day is told otherwise than it was.
    WrongPast,
    /// Another answer than the model allows.
    WrongAnswer,
    /// A byte was here before the record that allows it.
    ReleasedBeforeOutcome,
    /// An answer left, and by its record nothing decided it.
    RecordedUndecided,
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
