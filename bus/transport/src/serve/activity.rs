//! What a connection is doing: when it is quiet, it may be closed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use crate::Limits;

/// Counts the calls of a connection.
#[derive(Debug)]
pub(super) struct Activity {
    start: Instant,
    begun: AtomicU64,
    in_flight: AtomicUsize,
    /// When the last call ended, in milliseconds after the start.
    last_end_ms: AtomicU64,
}

/// A call in flight; dropping it ends the call.
#[derive(Debug)]
pub(super) struct Call(Arc<Activity>);

// === impl Activity ===

impl Activity {
    pub(super) fn new(start: Instant) -> Self {
        Self {
            start,
            begun: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            last_end_ms: AtomicU64::new(0),
        }
    }

    /// Begins a call.
    pub(super) fn begin(self: &Arc<Self>) -> Call {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        Call(Arc::clone(self))
    }

    /// Returns once no request has come in its time, or no call was in flight for too long.
    ///
    /// It looks at the counts when the time could be over, so that calls need not wake it.
    pub(super) async fn quiet(&self, limits: &Limits) {
        loop {
            let over = self.quiet_at(limits);
            if over <= Instant::now() {
                return;
            }
            sleep_until(over).await;
        }
    }

    /// Tells whether a call is in flight.
    pub(super) fn is_busy(&self) -> bool {
        0 < self.in_flight.load(Ordering::Acquire)
    }

    fn quiet_at(&self, limits: &Limits) -> Instant {
        if self.begun.load(Ordering::Relaxed) == 0 {
            return self.start + limits.first_request;
        }
        if self.is_busy() {
            return Instant::now() + limits.idle;
        }
        let last_end = Duration::from_millis(self.last_end_ms.load(Ordering::Acquire));
        self.start + last_end + limits.idle
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

// === impl Call ===

impl Drop for Call {
    fn drop(&mut self) {
        self.0.last_end_ms.store(self.0.elapsed_ms(), Ordering::Release);
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}
