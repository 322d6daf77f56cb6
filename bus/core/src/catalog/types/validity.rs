//! What a type's row says of validity.

use std::time::Duration;

use super::codes::TypeCodes;
use crate::{
    FactKind, ValidityKind,
    catalog::{
        items::Ground,
        row::{Located, NAME_BYTES, Row},
    },
};

/// Longest period, in months: a hundred years.
const MAX_MONTHS: u64 = 1200;
/// Most extensions of a period.
const MAX_EXTENSIONS: u64 = 10;
/// Longest reliance on a live status, in seconds: a day.
const MAX_AGE_S: u64 = 86_400;

/// What a validity refers to.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) ground: Option<&'a Ground>,
    pub(super) codes: &'a TypeCodes,
    pub(super) pointer_age_s: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    FixedUntil,
    StartWithin,
    OpenUntilChanged,
    LiveStatus,
    VersionBound,
    TermOfContract,
}

const KINDS: [(&str, Kind); 6] = [
    ("fixed_until", Kind::FixedUntil),
    ("start_within", Kind::StartWithin),
    ("open_until_changed", Kind::OpenUntilChanged),
    ("live_status", Kind::LiveStatus),
    ("version_bound", Kind::VersionBound),
    ("term_of_contract", Kind::TermOfContract),
];

/// Reads `validity`.
pub(super) fn read(row: &mut Row<'_, '_>, context: Context<'_>) -> Option<ValidityKind> {
    row.inner("validity", |row| match row.word("kind", &KINDS)?.value {
        Kind::FixedUntil => {
            let months = row.if_given("months", |row| months(row, "months"))?;
            Some(ValidityKind::FixedUntil { months })
        }
        Kind::StartWithin => start_within(row, context.ground),
        Kind::OpenUntilChanged => Some(ValidityKind::OpenUntilChanged),
        Kind::LiveStatus => live_status(row, context.pointer_age_s),
        Kind::VersionBound => {
            let to = row.if_given("to", |row| {
                let Located { value, span } = row.text("to", NAME_BYTES)?;
                context.codes.find(row, "to", &Located { value: &*value, span })
            })?;
            Some(ValidityKind::VersionBound { to })
        }
        Kind::TermOfContract => Some(ValidityKind::TermOfContract),
    })
}

fn start_within(row: &mut Row<'_, '_>, ground: Option<&Ground>) -> Option<ValidityKind> {
    let period = months(row, "months");
    let extensions = row.if_given("extensions", |row| small(row, "extensions", MAX_EXTENSIONS));
    let extension_months = match extensions {
        Some(None) => {
            row.refuse("extension_months", "without extensions");
            Some(0)
        }
        Some(Some(_)) | None => months(row, "extension_months"),
    };
    let started = row.text("started", NAME_BYTES);
    let started = started.filter(|key| ground.is_none_or(|ground| is_a_day(row, key, ground)));
    Some(ValidityKind::StartWithin {
        months: period?,
        extensions: extensions?.unwrap_or(0),
        extension_months: extension_months?,
        started: started?.value,
    })
}

/// Checks that a declared fact says on which day something was.
fn is_a_day(row: &mut Row<'_, '_>, key: &Located<String>, ground: &Ground) -> bool {
    let Some(fact) = ground.fact(row, "started", key) else { return false };
    let is_a_day = fact.kind == FactKind::Day;
    if !is_a_day {
        let fault = format!("started names fact {:?}, which is no day", fact.key);
        row.faults().add(&key.span, fault, "name a fact of kind day");
    }
    is_a_day
}

/// What the holder said counts for `pointer_age` whatever the validity, so no less can be promised.
fn live_status(row: &mut Row<'_, '_>, pointer_age_s: Option<u64>) -> Option<ValidityKind> {
    let least = pointer_age_s.unwrap_or(1);
    let max_age_s = row.integer("max_age_s", least..=MAX_AGE_S)?;
    Some(ValidityKind::LiveStatus { max_age: Duration::from_secs(max_age_s) })
}

fn months(row: &mut Row<'_, '_>, key: &'static str) -> Option<u32> {
    small(row, key, MAX_MONTHS)
}

fn small(row: &mut Row<'_, '_>, key: &'static str, most: u64) -> Option<u32> {
    row.integer(key, 1..=most).and_then(|number| u32::try_from(number).ok())
}
