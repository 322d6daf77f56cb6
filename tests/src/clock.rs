//! A clock that tests move.

use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use oncebus_core::Clock;

/// Stands still until it is moved.
#[derive(Debug)]
pub struct TestClock(Mutex<Timestamp>);

impl Default for TestClock {
    fn default() -> Self {
        Self(Mutex::new("2026-03-02T09:00:00Z".parse().unwrap()))
    }
}

impl TestClock {
    /// Moves the clock on.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap();
        *now += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}
