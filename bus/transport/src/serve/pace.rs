//! Spreads the cryptography of handshakes over the rounds of the scheduler.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::task::AtomicWaker;
use tokio::{sync::Semaphore, task::yield_now};

/// Lets a few handshakes of a worker take a step in one round of its scheduler, no more.
///
/// A step is one poll: at most one flight's worth of signatures and key exchange. Nobody holds a place
/// while waiting for the network, so silent peers delay no one.
#[derive(Debug)]
pub(super) struct Pace {
    places: Semaphore,
}

/// Remembers a wake-up that comes while nobody waits.
#[derive(Debug, Default)]
struct Bell {
    rung: AtomicBool,
    sleeper: AtomicWaker,
}

// === impl Pace ===

impl Pace {
    pub(super) fn new(places: usize) -> Self {
        Self { places: Semaphore::new(places.clamp(1, Semaphore::MAX_PERMITS)) }
    }

    /// Drives `work` to its end, step by step.
    pub(super) async fn walk<F: Future + Unpin>(&self, mut work: F) -> F::Output {
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(Arc::clone(&bell));
        loop {
            let place = self.places.acquire().await.expect("the semaphore is never closed");
            let step = Pin::new(&mut work).poll(&mut Context::from_waker(&waker));
            if let Poll::Ready(done) = step {
                return done;
            }
            // Everyone else who is ready has a turn before the place is free again.
            yield_now().await;
            drop(place);
            poll_fn(|cx| bell.poll_rung(cx)).await;
        }
    }
}

// === impl Bell ===

impl Bell {
    fn poll_rung(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.sleeper.register(cx.waker());
        if self.rung.swap(false, Ordering::AcqRel) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.sleeper.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, sync::atomic::AtomicUsize};

    use futures_util::{future::join_all, poll};

    use super::*;

    /// Takes two steps, and is woken at once for the second.
    fn two_steps(steps: &AtomicUsize) -> impl Future<Output = ()> + Unpin {
        let mut first = true;
        poll_fn(move |cx| {
            steps.fetch_add(1, Ordering::Relaxed);
            if !std::mem::take(&mut first) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    }

    #[tokio::test]
    async fn a_round_holds_as_many_steps_as_places_and_all_come_to_their_end() {
        let pace = Pace::new(2);
        let steps = AtomicUsize::new(0);
        let mut crowd = join_all((0..5).map(|_| pace.walk(two_steps(&steps))));

        let first_round = poll!(&mut crowd);

        assert!(first_round.is_pending());
        assert_eq!(steps.load(Ordering::Relaxed), 2);
        crowd.await;
        assert_eq!(steps.load(Ordering::Relaxed), 10);
    }

    #[tokio::test]
    async fn a_silent_peer_holds_no_place() {
        let pace = Pace::new(1);
        let steps = AtomicUsize::new(0);
        let mut silent = Box::pin(pace.walk(Box::pin(pending::<()>())));
        assert!(poll!(&mut silent).is_pending());

        tokio::select! {
            () = silent => unreachable!("it never ends"),
            () = pace.walk(two_steps(&steps)) => {}
        }

        assert_eq!(steps.load(Ordering::Relaxed), 2);
    }
}
