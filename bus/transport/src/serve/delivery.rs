//! How far a peer has taken an answer.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures_util::task::AtomicWaker;
use tokio::time::{Instant, sleep_until};

/// What a peer must take of an answer, or the rest of it, within [`crate::Limits::response_progress`].
const STEP_BYTES: usize = 256 * 1024;
/// Where a whole connection has no more than this before it, answers may end before they are taken.
///
/// HTTP/2 itself holds what an answer that has ended still has to send, and nothing ends that but the
/// connection. Waiting for it costs every answer a turn of the scheduler, so a little may be left there.
const UNWATCHED_BYTES: usize = 64 * 1024;

/// The bytes of all answers of a connection that its peer has before it.
#[derive(Debug, Default)]
pub(super) struct Backlog(AtomicUsize);

/// The bytes of one answer that its peer has before it: given to HTTP/2, and not yet written.
#[derive(Debug)]
pub(super) struct Delivery {
    backlog: Arc<Backlog>,
    account: Mutex<Account>,
    /// Woken when nothing is left before the peer.
    settled: AtomicWaker,
}

#[derive(Debug)]
struct Account {
    waiting: usize,
    /// Bytes that were taken since the step began.
    step: usize,
    step_began: Instant,
}

// === impl Delivery ===

impl Delivery {
    pub(super) fn new(backlog: Arc<Backlog>) -> Self {
        let account = Account { waiting: 0, step: 0, step_began: Instant::now() };
        Self { backlog, account: Mutex::new(account), settled: AtomicWaker::new() }
    }

    /// Puts so many bytes before the peer; its clock starts if there were none.
    pub(super) fn give(&self, bytes: usize) {
        self.backlog.0.fetch_add(bytes, Ordering::AcqRel);
        let mut account = self.account();
        if account.waiting == 0 {
            account.begin_step();
        }
        account.waiting += bytes;
    }

    /// Counts bytes that were written, or that nobody wants any more.
    pub(super) fn take(&self, bytes: usize) {
        self.backlog.0.fetch_sub(bytes, Ordering::AcqRel);
        let mut account = self.account();
        account.waiting -= bytes;
        account.step += bytes;
        if STEP_BYTES <= account.step {
            account.begin_step();
        }
        let settled = account.waiting == 0;
        drop(account);
        if settled {
            self.settled.wake();
        }
    }

    /// Tells whether the answer may end, although the peer has not taken all of it.
    pub(super) fn may_end(&self) -> bool {
        self.backlog.0.load(Ordering::Acquire) <= UNWATCHED_BYTES || self.is_settled()
    }

    /// Waits until the answer may end.
    pub(super) fn poll_may_end(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.may_end() { Poll::Ready(()) } else { self.poll_settled(cx) }
    }

    /// Returns once nothing is before the peer.
    pub(super) async fn settled(&self) {
        poll_fn(|cx| self.poll_settled(cx)).await;
    }

    /// Returns once a step has taken the peer longer than `limit`.
    ///
    /// It runs in the task of the stream that gives, which polls it after each giving: so it needs no
    /// waker for that, and an answer that is taken at once costs no timer.
    pub(super) async fn overdue(&self, limit: Duration) {
        loop {
            let over = poll_fn(|_| self.poll_step_began()).await + limit;
            if over <= Instant::now() {
                return;
            }
            sleep_until(over).await;
        }
    }

    fn poll_step_began(&self) -> Poll<Instant> {
        let account = self.account();
        if account.waiting == 0 { Poll::Pending } else { Poll::Ready(account.step_began) }
    }

    fn poll_settled(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.settled.register(cx.waker());
        if self.is_settled() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn is_settled(&self) -> bool {
        self.account().waiting == 0
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Account ===

impl Account {
    fn begin_step(&mut self) {
        self.step = 0;
        self.step_began = Instant::now();
    }
}
