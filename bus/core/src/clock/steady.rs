//! A clock that never goes backwards, whatever the machine's own does.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;

use super::Clock;

/// A step back of this much or less is how clocks are kept right, and goes unnoticed.
const NOTICED: Duration = Duration::from_secs(1);
/// So far behind, nobody knows what is still valid.
const UNSOUND: Duration = Duration::from_secs(300);

/// Tells the machine's time, or that of the newest record where the machine's lies behind it.
///
/// So no record is older than the one before, and what was too old once never gets young again.
#[derive(Debug)]
pub struct SteadyClock {
    wall: Arc<dyn Clock>,
    /// Time of the newest record, in milliseconds since 1970.
    reached: AtomicI64,
    /// How far the machine's clock lay behind when that was last told, in milliseconds.
    told: AtomicI64,
}

// === impl SteadyClock ===

impl SteadyClock {
    /// Goes on from `reached`, the time of the newest record.
    pub fn new(wall: Arc<dyn Clock>, reached: Timestamp) -> Self {
        let reached = AtomicI64::new(reached.as_millisecond());
        Self { wall, reached, told: AtomicI64::new(0) }
    }

    /// Returns the time of the next record, in milliseconds since 1970.
    pub(crate) fn reach(&self) -> i64 {
        let wall = self.wall.now().as_millisecond();
        self.reached.fetch_max(wall, Ordering::AcqRel).max(wall)
    }

    /// Returns how far the machine's clock lies behind the newest record.
    pub fn behind(&self) -> Duration {
        let behind = self.reached.load(Ordering::Acquire) - self.wall.now().as_millisecond();
        Duration::from_millis(u64::try_from(behind).unwrap_or(0))
    }

    /// Returns whether the time can be relied on for what has a time limit.
    pub fn is_sound(&self) -> bool {
        self.behind() <= UNSOUND
    }

    /// Has the present step told again: it could not be put on record.
    pub(crate) fn tell_again(&self) {
        self.told.store(0, Ordering::Release);
    }

    /// Returns how far the machine's clock lies behind, once for each step back.
    pub(crate) fn stepped_back(&self) -> Option<Duration> {
        let behind = self.behind();
        let millis = i64::try_from(behind.as_millis()).unwrap_or(i64::MAX);
        let told = self.told.fetch_min(millis, Ordering::AcqRel).min(millis);
        let noticed = Duration::from_millis(u64::try_from(told).unwrap_or(0)) + NOTICED < behind;
        let first = noticed
            && self
                .told
                .compare_exchange(told, millis, Ordering::AcqRel, Ordering::Acquire)
                .is_ok();
        first.then_some(behind)
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let wall = self.wall.now();
        let reached = Timestamp::from_millisecond(self.reached.load(Ordering::Acquire));
        reached.map_or(wall, |reached| wall.max(reached))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Says what it is told to say.
    #[derive(Debug)]
    struct Told(Mutex<i64>);

    impl Clock for Told {
        fn now(&self) -> Timestamp {
            Timestamp::from_millisecond(*self.0.lock().unwrap()).unwrap()
        }
    }

    impl Told {
        fn set(&self, ms: i64) {
            *self.0.lock().unwrap() = ms;
        }
    }

    fn clock() -> (Arc<Told>, SteadyClock) {
        let told = Arc::new(Told(Mutex::new(1_000_000)));
        let clock = SteadyClock::new(Arc::clone(&told) as _, Timestamp::UNIX_EPOCH);
        assert_eq!(clock.reach(), 1_000_000);
        (told, clock)
    }

    #[test]
    fn the_time_of_records_never_goes_back() {
        let (told, clock) = clock();

        told.set(990_000);
        let back = [clock.reach(), clock.now().as_millisecond()];
        told.set(1_000_001);

        assert_eq!(back, [1_000_000; 2]);
        assert_eq!(clock.reach(), 1_000_001);
    }

    #[test]
    fn each_step_back_of_more_than_a_second_is_told_once() {
        let (told, clock) = clock();

        let steps = [999_000, 998_999, 998_500, 980_000, 1_000_000, 990_000].map(|ms| {
            told.set(ms);
            clock.stepped_back().map(|behind| behind.as_millis())
        });

        assert_eq!(steps, [None, Some(1_001), None, Some(20_000), None, Some(10_000)]);
    }

    #[test]
    fn five_minutes_behind_the_time_is_still_relied_on_and_not_longer() {
        let (told, clock) = clock();

        let sound = [700_000, 699_999, 1_000_000].map(|ms| {
            told.set(ms);
            clock.is_sound()
        });

        assert_eq!(sound, [true, false, true]);
    }
}
