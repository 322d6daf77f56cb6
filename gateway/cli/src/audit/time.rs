//! Times as people write them.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// Reads an RFC 3339 time, or a day: its first moment in Asia/Shanghai, which has no summer time.
///
/// # Errors
///
/// Says how a time is written.
pub(super) fn start(text: &str) -> Result<prost_types::Timestamp, String> {
    let day = || {
        let day: Date = text.parse().ok()?;
        let shanghai = TimeZone::fixed(jiff::tz::offset(8));
        Some(day.to_zoned(shanghai).ok()?.timestamp())
    };
    let time: Option<Timestamp> = text.parse().ok().or_else(day);
    match time {
        Some(time) => Ok(prost_types::Timestamp {
            seconds: time.as_second(),
            nanos: time.subsec_nanosecond(),
        }),
        None => Err("give a day like 2026-03-02, or a time like 2026-03-02T09:00:00Z".to_owned()),
    }
}

/// Writes a time of an answer; `None` where it is none.
pub(super) fn shown(time: &prost_types::Timestamp) -> Option<String> {
    Timestamp::new(time.seconds, time.nanos).ok().map(|time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_in_shanghai_eight_hours_before_greenwich() {
        let day = start("2026-03-02").unwrap();
        let time = start("2026-03-01T16:00:00Z").unwrap();

        assert_eq!(day, time);
        assert!(start("2026-02-30").is_err());
        assert!(start("yesterday").is_err());
    }
}
