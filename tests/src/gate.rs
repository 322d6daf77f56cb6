//! A gate that an adapter's calls hang at while it is shut.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::{sync::watch, time::timeout};

/// Longest wait for calls to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Calls pass it, or hang until it is opened.
#[derive(Debug)]
pub(crate) struct Gate {
    shut: watch::Sender<bool>,
    hanging: watch::Sender<usize>,
    /// How many more may pass before it shuts; 0 if it does not shut by itself.
    before_shut: AtomicUsize,
}

/// A call that hangs; it may be dropped.
struct Hanging<'a>(&'a watch::Sender<usize>);

impl Default for Gate {
    fn default() -> Self {
        Self {
            shut: watch::Sender::new(false),
            hanging: watch::Sender::new(0),
            before_shut: 0.into(),
        }
    }
}

impl Gate {
    pub(crate) fn shut(&self) {
        self.shut.send_replace(true);
    }

    /// Shuts behind so many more.
    pub(crate) fn shut_after(&self, passing: usize) {
        self.before_shut.store(passing, Ordering::Relaxed);
    }

    pub(crate) fn open(&self) {
        self.shut.send_replace(false);
    }

    pub(crate) async fn pass(&self) {
        self.hanging.send_modify(|hanging| *hanging += 1);
        let _hanging = Hanging(&self.hanging);
        self.shut.subscribe().wait_for(|shut| !shut).await.unwrap();
        let counted = |left: usize| left.checked_sub(1);
        if self.before_shut.fetch_update(Ordering::Relaxed, Ordering::Relaxed, counted) == Ok(1) {
            self.shut();
        }
    }

    /// Waits until this many calls hang.
    pub(crate) async fn hang(&self, calls: usize) {
        let mut hanging = self.hanging.subscribe();
        let come = timeout(PATIENCE, hanging.wait_for(|hanging| *hanging == calls)).await;
        assert!(come.is_ok(), "{} calls hang, not {calls}", *self.hanging.borrow());
    }
}

impl Drop for Hanging<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|hanging| *hanging -= 1);
    }
}
