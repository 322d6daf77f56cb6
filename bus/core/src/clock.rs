//! The time of day, injected so that tests drive it.

mod steady;

use std::fmt;

use jiff::Timestamp;

pub use self::steady::SteadyClock;

/// Tells the time of day.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the present moment, UTC, to the millisecond.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}
