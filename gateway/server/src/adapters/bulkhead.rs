//! How many calls one adapter has at a time, from all cores together.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

/// Calls that an adapter has at a time.
const IN_FLIGHT: usize = 64;
/// Calls that wait for a place.
const WAITING: usize = 64;
/// Longest wait for a place. A caller who waits for a slow adapter holds its own department's permit.
const WAIT: Duration = Duration::from_millis(100);

/// Keeps one adapter's slowness from taking what the calls of the others need.
#[derive(Debug)]
pub(super) struct Bulkhead {
    places: Arc<Semaphore>,
    queue: Semaphore,
}

/// A place among an adapter's calls, until it is dropped.
#[derive(Debug)]
pub(super) struct Place(#[expect(dead_code, reason = "held, never read")] OwnedSemaphorePermit);

// === impl Bulkhead ===

impl Bulkhead {
    pub(super) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(IN_FLIGHT)), queue: Semaphore::new(WAITING) }
    }

    /// Returns a place, or `None` if none is free in time, `by` then at the latest, or too many wait
    /// already.
    pub(super) async fn enter(&self, by: Instant) -> Option<Place> {
        if let Some(place) = self.free() {
            return Some(place);
        }
        let _waiting = self.queue.try_acquire().ok()?;
        let by = by.min(Instant::now() + WAIT);
        let place = timeout_at(by, Arc::clone(&self.places).acquire_owned()).await.ok()?;
        place.ok().map(Place)
    }

    /// Returns a place if one is free now.
    pub(super) fn free(&self) -> Option<Place> {
        Arc::clone(&self.places).try_acquire_owned().ok().map(Place)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use tokio::time::{advance, timeout};

    use super::*;

    fn soon() -> Instant {
        Instant::now() + 10 * WAIT
    }

    fn full() -> (Arc<Bulkhead>, Vec<Place>) {
        let bulkhead = Arc::new(Bulkhead::new());
        let places = (0..IN_FLIGHT).map(|_| bulkhead.free().unwrap()).collect();
        (bulkhead, places)
    }

    #[tokio::test(start_paused = true)]
    async fn of_many_64_enter_64_wait_a_little_and_the_rest_is_told_at_once() {
        let (bulkhead, places) = full();
        let started = Instant::now();

        let waits = join_all((0..200).map(|_| async {
            let place = bulkhead.enter(soon()).await;
            (place.is_some(), started.elapsed())
        }))
        .await;

        assert!(waits.iter().all(|(entered, _)| !entered));
        let waited = waits.iter().filter(|(_, after)| *after >= WAIT).count();
        let told = waits.iter().filter(|(_, after)| after.is_zero()).count();
        assert_eq!((waited, told), (WAITING, 200 - WAITING));
        drop(places);
        assert!(bulkhead.enter(soon()).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_is_left_is_the_first_waiters() {
        let (bulkhead, mut places) = full();
        let waiting = Arc::clone(&bulkhead);
        let first = tokio::spawn(async move { waiting.enter(soon()).await });
        advance(WAIT / 2).await;

        places.pop();
        let entered = first.await.unwrap();

        assert!(entered.is_some());
        assert!(bulkhead.free().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_past_its_own_time() {
        let (bulkhead, _places) = full();
        let started = Instant::now();

        let entered = bulkhead.enter(started + WAIT / 10).await;

        assert!(entered.is_none());
        assert_eq!(started.elapsed(), WAIT / 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiter_who_goes_leaves_its_place_in_the_queue() {
        let (bulkhead, places) = full();
        for _ in 0..3 * WAITING {
            assert!(
                timeout(WAIT / 100, bulkhead.enter(soon())).await.is_err(),
                "the queue was full"
            );
        }

        drop(places);

        assert!(bulkhead.enter(soon()).await.is_some());
    }
}
