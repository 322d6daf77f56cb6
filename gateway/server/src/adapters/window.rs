//! How an adapter's calls of the last ten seconds went.

use tokio::time::Instant;

/// Length of the window, in slots of a second.
const SLOTS: u64 = 10;

/// Counts calls by the second in which they ended.
#[derive(Debug)]
pub(super) struct Window {
    start: Instant,
    slots: [Slot; SLOTS as usize],
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    second: u64,
    worked: u32,
    failed: u32,
}

// === impl Window ===

impl Window {
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), slots: Default::default() }
    }

    /// Counts one that ended well.
    pub(super) fn worked(&mut self) {
        let slot = self.slot();
        slot.worked = slot.worked.saturating_add(1);
    }

    /// Counts one that failed.
    pub(super) fn failed(&mut self) {
        let slot = self.slot();
        slot.failed = slot.failed.saturating_add(1);
    }

    /// Returns whether so many failed that asking is of little use: over half of at least `enough`.
    pub(super) fn mostly_failed(&self, enough: u32) -> bool {
        let now = self.second();
        let recent = self.slots.iter().filter(|slot| slot.second + SLOTS > now);
        let (worked, failed) = recent.fold((0_u32, 0_u32), |(worked, failed), slot| {
            (worked.saturating_add(slot.worked), failed.saturating_add(slot.failed))
        });
        worked.saturating_add(failed) >= enough && worked < failed
    }

    fn slot(&mut self) -> &mut Slot {
        let second = self.second();
        let slot = &mut self.slots[(second % SLOTS) as usize];
        if slot.second != second {
            *slot = Slot { second, ..Slot::default() };
        }
        slot
    }

    fn second(&self) -> u64 {
        self.start.elapsed().as_secs()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn under_half_of_twenty_is_most_and_half_is_not() {
        let mut window = Window::new();
        for _ in 0..9 {
            window.worked();
            window.failed();
        }
        window.failed();
        assert!(!window.mostly_failed(20), "19 calls were enough");

        window.worked();
        assert!(!window.mostly_failed(20), "half was not enough");
        window.failed();

        assert!(window.mostly_failed(20));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_ten_seconds_old_is_forgotten() {
        let mut window = Window::new();
        for _ in 0..20 {
            window.failed();
        }
        advance(Duration::from_secs(9)).await;
        assert!(window.mostly_failed(20));

        advance(Duration::from_secs(1)).await;
        assert!(!window.mostly_failed(20));
        window.failed();

        assert!(!window.mostly_failed(20), "a reused slot kept its old counts");
    }
}
