//! How often a department may call.

use std::{
    num::NonZeroU32,
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

/// Counts what one department does against its rate: a bucket that fills steadily (GCRA).
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
    /// Lets in the calls of a department.
    pub(super) fn of_calls(limits: &AdmissionLimits, clock: &Arc<dyn Clock>) -> Self {
        let rate = limits.calls_per_second;
        Self::new(Quota::per_second(rate).allow_burst(limits.burst), rate, clock)
    }

    /// Lets in so many in each `period`, all at one moment if they come so.
    pub(super) fn within(period: Duration, limit: NonZeroU32, clock: &Arc<dyn Clock>) -> Self {
        // A limit above a thousand million in a second would have no period; it is as good as none.
        let quota = Quota::with_period(period / limit.get()).unwrap_or(Quota::per_second(limit));
        Self::new(quota.allow_burst(limit), limit, clock)
    }

    fn new(quota: Quota, limit: NonZeroU32, clock: &Arc<dyn Clock>) -> Self {
        let passed = Passed { last: clock.now(), all: Duration::ZERO };
        let passed = Arc::new(Mutex::new(passed));
        let clock = BusClock { clock: Arc::clone(clock), passed };
        let limiter = RateLimiter::direct_with_clock(quota, clock.clone());
        Self { limiter, clock, limit: limit.get() }
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

    /// Takes several at once, or none of them.
    ///
    /// # Errors
    ///
    /// Says how long it takes until so many are let in; of more than ever are at once, the longest there
    /// is.
    pub(super) fn take(&self, several: NonZeroU32, longest: Duration) -> Result<(), Duration> {
        match self.limiter.check_n(several) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(not_until)) => Err(not_until.wait_time_from(self.clock.now())),
            Err(_never_so_many) => Err(longest),
        }
    }

    /// Returns how many are let in, in the long run.
    pub(super) fn limit(&self) -> u32 {
        self.limit
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
