//! Whether a version is good: judged by its type's kind of validity, at a day, never by the machine's
//! clock.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::{Day, Facts, Status, ValidUntil, ValidityKind, VersionId, info::age};

/// What is said of a version, or of a document that nobody fetched yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Whether it is good, or why not.
    pub verdict: Verdict,
    /// Its last day, as the document or its type's period says; of what must start, the last day to.
    pub until: Option<ValidUntil>,
}

/// Whether a version is good, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Valid,
    /// It is, and ends within the days that count as expiring.
    Expiring,
    /// It is if work started on this day or before.
    ValidIfStarted {
        /// The last day to start.
        by: Day,
    },
    /// It is, and nobody said until when: silence is not "for ever".
    Undated,
    /// It was issued after the day.
    NotYetValid,
    /// Its last day is over.
    Expired,
    /// Work did not start in time, as far as is known.
    Lapsed,
    /// Its issuer says that it is not in force.
    NotInForce {
        /// How it stands.
        status: Status,
    },
    /// It was revoked on the bus.
    Revoked,
    /// What it is bound to has moved on.
    Outdated,
    /// Only its issuer knows, and was not asked lately.
    Unknown,
}

/// What is known of what is judged.
#[derive(Clone, Debug)]
pub struct Known {
    /// Day of issue.
    pub issued: Option<Day>,
    /// Until when the document says that it is valid.
    pub valid_until: Option<ValidUntil>,
    /// How it stands, as its issuer said.
    pub status: Status,
    /// When its holder said so.
    pub told_at: Timestamp,
    /// Whether it was revoked on the bus.
    pub revoked: bool,
    /// Whether it is its material's current version.
    pub current: bool,
    /// The versions that it names, of the type that it is bound to.
    pub names: Vec<VersionId>,
}

/// Under what a version is judged.
#[derive(Clone, Debug)]
pub struct Circumstances<'a> {
    /// What ends the validity of its type.
    pub kind: &'a ValidityKind,
    /// When.
    pub when: When,
    /// What is known of the case.
    pub facts: &'a Facts,
    /// Days before an end that count as expiring.
    pub expiring_days: u32,
    /// What is current of the type that it is bound to; `None` if that is none or has nothing.
    pub bound: Option<Bound>,
    /// Mark of the catalogue that says so, as records have it.
    pub catalog: Arc<str>,
}

/// When it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Now.
    Now(Timestamp),
    /// At the end of a day that is over, or of today.
    Then(Day),
}

/// What is current of a type about the same subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The versions, as far as they are registered.
    pub current: Vec<VersionId>,
    /// The newest day of issue among them.
    pub issued: Option<Day>,
}

/// Judges a version: the first of these that holds.
pub fn judge(known: &Known, under: &Circumstances<'_>) -> Judgement {
    let day = under.when.day();
    let until = until(known, under.kind);
    let over = matches!(until, Some(ValidUntil::Day(last)) if last < day);
    let verdict = if known.revoked {
        Verdict::Revoked
    } else if is_unknown(known, under) {
        Verdict::Unknown
    } else if known.status != Status::Valid {
        Verdict::NotInForce { status: known.status }
    } else if known.issued.is_some_and(|issued| day < issued) {
        Verdict::NotYetValid
    } else if is_outdated(known, under) {
        Verdict::Outdated
    } else if let ValidityKind::StartWithin { started, .. } = under.kind {
        started_in_time(until, under.facts.day(started), day)
    } else if over {
        Verdict::Expired
    } else {
        good(until, under)
    };
    Judgement { verdict, until }
}

// === impl Verdict ===

impl Verdict {
    /// Returns whether the version may be relied on.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Valid | Self::Expiring | Self::ValidIfStarted { .. } | Self::Undated)
    }

    /// Returns the word for it, as answers say it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Valid => "VALID",
            Self::Expiring => "EXPIRING",
            Self::ValidIfStarted { .. } => "VALID_IF_STARTED",
            Self::Undated => "UNDATED",
            Self::NotYetValid => "NOT_YET_VALID",
            Self::Expired => "EXPIRED",
            Self::Lapsed => "LAPSED",
            Self::NotInForce { .. } => "NOT_IN_FORCE",
            Self::Revoked => "REVOKED",
            Self::Outdated => "OUTDATED",
            Self::Unknown => "UNKNOWN",
        }
    }
}

// === impl When ===

impl When {
    /// Returns the day, in Asia/Shanghai.
    pub fn day(self) -> Day {
        match self {
            Self::Now(now) => Day::of(now),
            Self::Then(day) => day,
        }
    }
}

// === impl Bound ===

impl Bound {
    /// Gathers versions with their days of issue; `None` if there is nothing.
    pub fn of(current: impl Iterator<Item = (Option<VersionId>, Option<Day>)>) -> Option<Self> {
        let current: Vec<_> = current.collect();
        let issued = current.iter().filter_map(|(_, issued)| *issued).max();
        let versions = current.iter().filter_map(|(id, _)| *id).collect();
        (!current.is_empty()).then_some(Self { current: versions, issued })
    }
}

/// Returns the last day: what the document names, within what the type allows; else the type's period.
fn until(known: &Known, kind: &ValidityKind) -> Option<ValidUntil> {
    let Known { issued, valid_until, .. } = *known;
    match *kind {
        ValidityKind::FixedUntil { months } => {
            let usual = || Some(ValidUntil::Day(issued?.plus_months(months?)));
            valid_until.or_else(usual)
        }
        ValidityKind::StartWithin { months, extensions, extension_months, .. } => {
            let usual = issued.map(|issued| issued.plus_months(months));
            let most = extensions.saturating_mul(extension_months).saturating_add(months);
            let most = issued.map(|issued| issued.plus_months(most));
            let last = match valid_until {
                Some(ValidUntil::Day(named)) => Some(most.map_or(named, |most| named.min(most))),
                // Nothing that must start is good for ever.
                Some(ValidUntil::LongTerm) | None => usual,
            };
            last.map(ValidUntil::Day)
        }
        ValidityKind::OpenUntilChanged
        | ValidityKind::LiveStatus { .. }
        | ValidityKind::VersionBound { .. }
        | ValidityKind::TermOfContract => valid_until,
    }
}

/// Tells whether only the issuer knows, and did not say lately; of the past nobody knows.
fn is_unknown(known: &Known, under: &Circumstances<'_>) -> bool {
    let ValidityKind::LiveStatus { max_age } = *under.kind else { return false };
    match under.when {
        When::Now(now) => max_age.max(Duration::from_millis(1)) <= age(known.told_at, now),
        When::Then(_) => true,
    }
}

fn is_outdated(known: &Known, under: &Circumstances<'_>) -> bool {
    match under.kind {
        ValidityKind::VersionBound { to: None } => !known.current,
        ValidityKind::VersionBound { to: Some(_) } => {
            let Some(bound) = &under.bound else { return false };
            if known.names.is_empty() {
                return known.issued.is_some_and(|issued| Some(issued) < bound.issued);
            }
            !known.names.iter().any(|named| bound.current.contains(named))
        }
        _ => false,
    }
}

/// Says of what must start within a time whether it did.
fn started_in_time(until: Option<ValidUntil>, started: Option<Day>, day: Day) -> Verdict {
    let Some(ValidUntil::Day(by)) = until else { return Verdict::Undated };
    match started.filter(|started| *started <= day) {
        Some(started) if started <= by => Verdict::Valid,
        Some(_) => Verdict::Lapsed,
        None if by < day => Verdict::Lapsed,
        None => Verdict::ValidIfStarted { by },
    }
}

/// Says of what is not over how soon it will be.
fn good(until: Option<ValidUntil>, under: &Circumstances<'_>) -> Verdict {
    let dated =
        matches!(under.kind, ValidityKind::FixedUntil { .. } | ValidityKind::TermOfContract);
    match until {
        Some(ValidUntil::Day(last)) => {
            let soon = under.when.day().plus_days(under.expiring_days);
            if last <= soon { Verdict::Expiring } else { Verdict::Valid }
        }
        Some(ValidUntil::LongTerm) => Verdict::Valid,
        None if dated => Verdict::Undated,
        None => Verdict::Valid,
    }
}
