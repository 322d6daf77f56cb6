//! How often a department may call.

use std::{sync::Arc, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::Clock as GovernorClock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};

use super::{AdmissionLimits, Load};
use crate::Clock;

/// Counts the calls of one department against its rate: a bucket that fills steadily (GCRA).
#[derive(Debug)]
pub(super) struct Pace {
    limiter: RateLimiter<NotKeyed, InMemoryState, BusClock, NoOpMiddleware<Duration>>,
    clock: BusClock,
    limit: u32,
}

/// The bus's own clock, as the rate limiter sees it: time since 1970.
#[derive(Clone, Debug)]
struct BusClock(Arc<dyn Clock>);

// === impl Pace ===

impl Pace {
    pub(super) fn new(limits: &AdmissionLimits, clock: Arc<dyn Clock>) -> Self {
        let clock = BusClock(clock);
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
        Duration::try_from(self.0.now().as_duration()).unwrap_or(Duration::ZERO)
    }
}
