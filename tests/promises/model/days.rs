//! Days in Shanghai, as the model counts them: 0 is the day on which its time begins.

use jiff::{Span, civil};

use super::dice::Dice;

const HOUR_MS: i64 = 3_600_000;
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;
/// The model's time begins on this day, and at this hour of it.
const FIRST: civil::Date = civil::date(2026, 3, 2);
const BEGUN_MS: i64 = 17 * HOUR_MS;
/// When that was, in seconds since 1970.
pub(super) const BEGUN_S: i64 = 1_772_442_000;

/// What a document says of its days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Days {
    pub(super) issued: Option<i64>,
    pub(super) until: Until,
}

/// Until when a document says that it is valid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Until {
    #[default]
    Silent,
    Endless,
    Day(i64),
}

/// Returns the day on which a moment lies.
pub(super) fn day_of(ms: i64) -> i64 {
    (ms + BEGUN_MS).div_euclid(DAY_MS)
}

/// Returns the moment at which a day is over.
pub(super) fn end_of(day: i64) -> i64 {
    (day + 1) * DAY_MS - BEGUN_MS
}

/// Writes a day as requests and answers do.
pub(super) fn text_of(day: i64) -> String {
    (FIRST + Span::new().days(day)).to_string()
}

impl Days {
    /// Draws what a document of today may say: of days that are over, near, far or to come.
    pub(super) fn draw(dice: &mut Dice, today: i64) -> Self {
        let mut within = |days: usize| i64::try_from(dice.below(days)).unwrap();
        let issued = match within(4) {
            0 => None,
            // Today and tomorrow are where a verdict turns.
            1 => Some(today + within(2)),
            2 => Some(today + 1 + within(20)),
            _ => Some(today - within(400)),
        };
        let until = match within(7) {
            0 => Until::Silent,
            1 => Until::Endless,
            2 => Until::Day(today - 1 - within(20)),
            3 => Until::Day(today + within(31)),
            4 => Until::Day(today - 1 + within(2)),
            5 => Until::Day(today + 30 + within(2)),
            _ => Until::Day(today + 32 + within(300)),
        };
        Self { issued, until }
    }

    /// Returns the day of issue as answers say it.
    pub(super) fn issued_text(self) -> String {
        self.issued.map(text_of).unwrap_or_default()
    }

    /// Returns the end as a document spells it.
    pub(super) fn spelt(self) -> String {
        match self.until {
            Until::Endless => "长期".to_owned(),
            _ => self.until_text(),
        }
    }

    /// Returns the end as answers say it.
    pub(super) fn until_text(self) -> String {
        match self.until {
            Until::Silent => String::new(),
            Until::Endless => "long_term".to_owned(),
            Until::Day(day) => text_of(day),
        }
    }
}
