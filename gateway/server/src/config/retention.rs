//! Table `[retention]`: how long records are kept, and which longer.

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde::Deserialize;

use super::ConfigFault;

/// How long records are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days that every record is kept.
    pub keep_days: u32,
    /// Which records are kept until somebody takes the hold away.
    pub holds: Vec<Hold>,
}

/// A legal hold: what was written in these days is neither dropped nor erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// First day, in UTC.
    pub from: Date,
    /// Last day, in UTC.
    pub until: Date,
    /// Number of the file that orders it.
    pub reference: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawRetention {
    keep_days: u32,
    hold: Vec<RawHold>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHold {
    from: String,
    until: String,
    reference: String,
}

// === impl Retention ===

impl Retention {
    /// The law's three years: State Council Order 809.
    const LEAST_DAYS: u32 = 1_095;
    /// A century; more is a slip.
    const MOST_DAYS: u32 = 36_500;

    /// Returns the hold that a record of this time is under.
    pub(crate) fn hold_at(&self, time: Timestamp) -> Option<&Hold> {
        self.holds.iter().find(|hold| {
            let (from, until) = hold.times();
            from <= time && time < until
        })
    }
}

impl Default for RawRetention {
    fn default() -> Self {
        Self { keep_days: Retention::LEAST_DAYS, hold: Vec::new() }
    }
}

impl TryFrom<RawRetention> for Retention {
    type Error = ConfigFault;

    fn try_from(raw: RawRetention) -> Result<Self, ConfigFault> {
        let (least, most) = (Self::LEAST_DAYS, Self::MOST_DAYS);
        if !(least..=most).contains(&raw.keep_days) {
            return Err(ConfigFault::KeepDays { got: raw.keep_days, least, most });
        }
        let holds = raw.hold.into_iter().map(Hold::try_from).collect::<Result<_, _>>()?;
        Ok(Self { keep_days: raw.keep_days, holds })
    }
}

// === impl Hold ===

impl Hold {
    /// Returns its first moment, and the first after it.
    pub(crate) fn times(&self) -> (Timestamp, Timestamp) {
        let begin = |day: Date| day.to_zoned(TimeZone::UTC).map(|begin| begin.timestamp());
        let from = begin(self.from).unwrap_or(Timestamp::MIN);
        let after = self.until.checked_add(1.day()).and_then(begin);
        (from, after.unwrap_or(Timestamp::MAX))
    }
}

impl TryFrom<RawHold> for Hold {
    type Error = ConfigFault;

    fn try_from(raw: RawHold) -> Result<Self, ConfigFault> {
        let RawHold { from, until, reference } = raw;
        let plain = !reference.is_empty() && !reference.chars().any(char::is_control);
        match (from.parse(), until.parse()) {
            (Ok(from), Ok(until)) if from <= until && plain => Ok(Self { from, until, reference }),
            _ => Err(ConfigFault::Hold),
        }
    }
}
