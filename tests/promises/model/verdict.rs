//! Whether a version is good, by the model's own word.

use oncebus_proto::v1 as pb;

use super::{
    city::{Paper, Standing, Version},
    days::{BEGUN_S, Days, Until, day_of},
};

/// Days before its last one from which a version is told as expiring.
const EXPIRING_DAYS: i64 = 30;
/// How long a live status counts.
const LIVE_MS: i64 = 300_000;

/// What ends a type's validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    FixedUntil,
    TermOfContract,
    /// Another version of the same material.
    VersionBound,
    LiveStatus,
}

/// Under what a version is judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    pub(super) day: i64,
    pub(super) current: bool,
    pub(super) revoked: bool,
    /// How long ago its holder spoke; nobody knows of a day that is over.
    pub(super) age_ms: Option<i64>,
}

/// That a version was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Revoked {
    pub(super) at_ms: i64,
    pub(super) reason: pb::Revocation,
}

/// All that an answer says of how a version stands.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    validity: pb::Validity,
    valid_until: String,
    issued: String,
    status: String,
    current: bool,
    revoked: Option<Revoked>,
}

/// Judges a version: the first row that fits.
pub(super) fn judged(kind: Kind, days: Days, at: At) -> pb::Validity {
    let live = kind == Kind::LiveStatus;
    let rows = [
        (at.revoked, pb::Validity::Revoked),
        (live && at.age_ms.is_none_or(|age| age >= LIVE_MS), pb::Validity::Unknown),
        (days.issued.is_some_and(|issued| issued > at.day), pb::Validity::NotYetValid),
        (kind == Kind::VersionBound && !at.current, pb::Validity::Outdated),
        (ends_before(days, at.day), pb::Validity::Expired),
        (ends_before(days, at.day + EXPIRING_DAYS + 1), pb::Validity::Expiring),
        (says_nothing(kind, days), pb::Validity::Undated),
    ];
    let row = rows.into_iter().find(|(fits, _)| *fits);
    row.map_or(pb::Validity::Valid, |(_, validity)| validity)
}

fn ends_before(days: Days, day: i64) -> bool {
    matches!(days.until, Until::Day(last) if last < day)
}

fn says_nothing(kind: Kind, days: Days) -> bool {
    matches!(kind, Kind::FixedUntil | Kind::TermOfContract) && days.until == Until::Silent
}

impl Paper {
    /// Tells what is wrong with what an answer of `now_ms` says of one of its versions.
    pub(super) fn misjudged(
        &self,
        version: usize,
        current: bool,
        info: &pb::MaterialInfo,
        now_ms: i64,
    ) -> Option<String> {
        let right = self.said(&self.versions[version], current, info.age_ms, now_ms);
        let told = Said {
            validity: info.validity(),
            valid_until: info.valid_until.clone(),
            issued: info.issued.clone(),
            status: info.status.clone(),
            current: info.current,
            revoked: info.revoked_at.map(|at| Revoked {
                at_ms: (at.seconds - BEGUN_S) * 1_000 + i64::from(at.nanos) / 1_000_000,
                reason: info.revocation(),
            }),
        };
        (told != right)
            .then(|| format!("version {version} of {self} is told as {told:?}, not {right:?}"))
    }

    /// The same where any of what may be registered will do.
    pub(super) fn misjudged_by_all(
        &self,
        version: usize,
        info: &pb::MaterialInfo,
        now_ms: i64,
    ) -> Option<String> {
        let each = |s: &Standing| self.misjudged(version, s.current == Some(version), info, now_ms);
        let mut wrong = None;
        for standing in &self.standings {
            wrong = Some(each(standing)?);
        }
        wrong
    }

    fn said(&self, version: &Version, current: bool, age_ms: i64, now_ms: i64) -> Said {
        let (day, revoked) = (day_of(now_ms), version.revoked.is_some());
        let at = At { day, current, revoked, age_ms: Some(age_ms) };
        Said {
            validity: judged(self.of.kind, version.days, at),
            valid_until: version.days.until_text(),
            issued: version.days.issued_text(),
            status: "01".to_owned(),
            current,
            revoked: version.revoked,
        }
    }
}
