//! Dates within identifiers.

use jiff::civil::Date;

/// Tells whether eight digits, `YYYYMMDD`, are a day that exists.
pub(super) fn exists(digits: &str) -> bool {
    let part = |from, to| digits.get(from..to).and_then(|part: &str| part.parse::<i16>().ok());
    let small = |from, to| part(from, to).and_then(|number| i8::try_from(number).ok());
    match (part(0, 4), small(4, 6), small(6, 8)) {
        (Some(year), Some(month), Some(day)) => Date::new(year, month, day).is_ok(),
        _ => false,
    }
}
