//! How often a department may call.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::Clock as GovernorClock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};

use jiff::Timestamp;

use super::{AdmissionLimits, Load};
use crate::Clock;

/// Counts the calls of one department against its rate: a bucket that fills steadily (GCRA).
#[derive(Debug)]
pub(super) struct Pace {
    limiter: RateLimiter<NotKeyed, InMemoryState, BusClock, NoOpMiddleware<Duration>>,
    clock: BusClock,
    limit: u32,
}

/// The bus's own clock, as the rate limiter sees it: the time that has passed, whatever is done to
/// the clock. One that is set back, or stands still until it is right again, would keep all out.
#[derive(Clone, Debug)]
struct BusClock {
    clock: Arc<dyn Clock>,
    passed: Arc<Mutex<Passed>>,
}

#[derive(Clone, Copy, Debug)]
struct Passed {
    last: Timestamp,
    all: Duration,
}

// === impl Pace ===

impl Pace {
    pub(super) fn new(limits: &AdmissionLimits, clock: Arc<dyn Clock>) -> Self {
        let passed = Passed { last: clock.now(), all: Duration::ZERO };
        let clock = BusClock { clock, passed: Arc::new(Mutex::new(passed)) };
        let quota = Quota::per_second(limits.calls_per_second).allow_burst(limits.burst);
        let limiter = RateLimiter::direct_with_clock(quota, clock.clone());
        Self { limiter, clock, limit: limits.calls_per_second.get() }
    }

    /// Counts one call.
    ///
    /// # Errors
    ///
    /// Says when the next one will be let in.
    pub(super) fn count(&self) -> Result<(), Load> {
        self.limiter.check().map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            Load::Rate { limit: self.limit, wait: wait.max(Duration::from_millis(1)) }
        })
    }
}

// === impl BusClock ===

impl GovernorClock for BusClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let more = Duration::try_from(now.duration_since(passed.last)).unwrap_or_default();
        passed.all += more;
        passed.last = now;
        passed.all
    }
}
