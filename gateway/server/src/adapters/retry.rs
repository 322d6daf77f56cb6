//! Whether a call that failed is made again.

use std::{fmt, sync::Arc, time::Duration};

use oncebus_core::{HolderError, Rng};
use tower::retry::budget::{Budget as _, TpsBudget};

/// Longest pause before the second attempt, which is the last: it would double before a third.
const PAUSE: Duration = Duration::from_millis(50);
/// Share of the calls that may be made again.
const SHARE: f32 = 0.1;
/// How long a call is remembered in the share.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Retries a second that the share does not cover.
const RESERVE: u32 = 0;

/// Decides on second attempts, of all cores together, so that retries never multiply a load.
pub(super) struct Retries {
    budget: TpsBudget,
    rng: Arc<dyn Rng>,
}

/// What a second attempt would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// The same again: the call only reads.
    Harmless,
    /// Perhaps a second effect.
    Never,
}

/// An attempt that failed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: HolderError,
    /// It certainly never left, as when it crossed the adapter's goodbye to an old connection.
    pub(super) unsent: bool,
}

// === impl Retries ===

impl Retries {
    pub(super) fn new(rng: Arc<dyn Rng>) -> Self {
        Self { budget: TpsBudget::new(REMEMBERED, RESERVE, SHARE), rng }
    }

    /// Counts a call, of which a share may be made again.
    pub(super) fn count(&self) {
        self.budget.deposit();
    }

    /// Returns the pause before a second attempt, or `None` if there is to be none.
    ///
    /// What never left goes again at once, whatever it does.
    pub(super) fn pause(&self, failed: &Failed, repeat: Repeat) -> Option<Duration> {
        if failed.unsent {
            return Some(Duration::ZERO);
        }
        let unavailable = matches!(failed.error, HolderError::Unavailable { .. });
        let may = unavailable && repeat == Repeat::Harmless && self.budget.withdraw();
        may.then(|| PAUSE.mul_f64(self.jitter()))
    }

    /// Draws a number from 0 to 1.
    fn jitter(&self) -> f64 {
        let mut bytes = [0; 4];
        self.rng.fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
    }
}

impl fmt::Debug for Retries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retries").field("budget", &self.budget).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    /// Draws the same byte each time.
    #[derive(Debug)]
    struct Fixed(u8);

    impl Rng for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    fn retries(draw: u8, calls: u32) -> Retries {
        let retries = Retries::new(Arc::new(Fixed(draw)));
        (0..calls).for_each(|_| retries.count());
        retries
    }

    fn unavailable() -> Failed {
        let holder = "market".parse().unwrap();
        Failed { error: HolderError::Unavailable { holder, detail: String::new() }, unsent: false }
    }

    fn late() -> Failed {
        let holder = "market".parse().unwrap();
        Failed { error: HolderError::Deadline { holder }, unsent: false }
    }

    #[tokio::test(start_paused = true)]
    async fn a_tenth_of_the_calls_of_the_last_minute_may_go_again() {
        let retries = retries(0, 100);

        let again = (0..100).filter(|_| retries.pause(&unavailable(), Repeat::Harmless).is_some());
        assert_eq!(again.count(), 10);
        (0..100).for_each(|_| retries.count());
        advance(REMEMBERED + Duration::from_secs(10)).await;

        assert_eq!(retries.pause(&unavailable(), Repeat::Harmless), None);
    }

    #[tokio::test(start_paused = true)]
    async fn only_reads_that_found_nobody_go_again() {
        let retries = retries(0, 100);

        assert_eq!(retries.pause(&unavailable(), Repeat::Never), None);
        assert_eq!(retries.pause(&late(), Repeat::Harmless), None);
        assert!(retries.pause(&unavailable(), Repeat::Harmless).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_left_goes_again_at_once_whatever_it_does() {
        let unsent = Failed { unsent: true, ..unavailable() };

        assert_eq!(retries(255, 0).pause(&unsent, Repeat::Never), Some(Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn the_pause_is_drawn_from_the_whole_of_its_length() {
        let pauses = [0, 128, 255].map(|draw| {
            retries(draw, 10).pause(&unavailable(), Repeat::Harmless).unwrap().as_millis()
        });

        assert_eq!(pauses, [0, 25, 50]);
    }
}
