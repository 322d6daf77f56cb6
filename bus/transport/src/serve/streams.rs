//! Runs the streams of a connection, and ends those that their peer does not take.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::{AbortRegistration, Abortable, Aborted};
use hyper::rt::Executor;
use tokio::{select, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    HangUp,
    delivery::{Backlog, Delivery},
};
use crate::{Peer, Refusal, Refusals};

/// The streams of one connection.
#[derive(Debug)]
pub(super) struct Streams {
    peer: Arc<Peer>,
    refusals: Arc<dyn Refusals>,
    progress: Duration,
    backlog: Arc<Backlog>,
    /// Of the stream that is handed to the executor next.
    next: Mutex<Option<Watch>>,
    /// The peer does not even take resets.
    stuck: CancellationToken,
}

/// Runs each stream of a connection in a task of its own.
///
/// hyper hands a stream over as one future, service and answer together, right after it has called the
/// service for it, in the same poll of the connection. So what [`Streams::begin`] left belongs to it.
/// Dropping that future resets the stream, and h2 forgets what it still had to send.
#[derive(Clone, Debug)]
pub(super) struct StreamExecutor(Arc<Streams>);

/// What ends a stream before its own end.
#[derive(Debug)]
struct Watch {
    delivery: Arc<Delivery>,
    hang_up: HangUp,
    registration: AbortRegistration,
}

/// How a stream ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Done,
    TooSlow,
}

// === impl Streams ===

impl Streams {
    /// Makes the streams of a connection to `peer`, which must make progress within `progress`.
    pub(super) fn new(peer: Arc<Peer>, refusals: Arc<dyn Refusals>, progress: Duration) -> Self {
        let (backlog, next) = (Arc::default(), Mutex::default());
        Self { peer, refusals, progress, backlog, next, stuck: CancellationToken::new() }
    }

    /// Runs the streams of one connection.
    pub(super) fn executor(self: &Arc<Self>) -> StreamExecutor {
        StreamExecutor(Arc::clone(self))
    }

    /// Begins the stream that the executor is handed next.
    pub(super) fn begin(&self) -> (Arc<Delivery>, HangUp) {
        let delivery = Arc::new(Delivery::new(Arc::clone(&self.backlog)));
        let (hang_up, registration) = HangUp::new();
        let begun = (Arc::clone(&delivery), hang_up.clone());
        let watch = Watch { delivery, hang_up, registration };
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(watch);
        begun
    }

    /// Returns once the peer takes nothing at all, so that only closing the connection is left.
    pub(super) async fn stuck(&self) {
        self.stuck.cancelled().await;
    }

    fn take_next(&self) -> Option<Watch> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    async fn run(self: Arc<Self>, watch: Watch, stream: impl Future<Output = ()>) {
        let Watch { delivery, hang_up, registration } = watch;
        let overdue = async {
            delivery.overdue(self.progress).await;
            // Before the stream is dropped, so that its request is not waited for.
            hang_up.now();
        };
        let watched = async {
            select! {
                biased;
                () = stream => End::Done,
                () = overdue => End::TooSlow,
            }
        };
        match Abortable::new(watched, registration).await {
            Ok(End::Done) => return,
            Ok(End::TooSlow) => self.count_slow(),
            Err(Aborted) => tracing::debug!(address = %self.peer.address, "hung up on a call"),
        }
        // h2 forgets the rest with the reset, unless the socket takes nothing any more.
        if timeout(self.progress, delivery.settled()).await.is_err() {
            tracing::debug!(address = %self.peer.address, "peer reads nothing, connection is cut");
            self.stuck.cancel();
        }
    }

    fn count_slow(&self) {
        let (address, refusal) = (self.peer.address, Refusal::SlowReader);
        tracing::debug!(%address, %refusal, "answer cut");
        self.refusals.refused(address.ip().to_canonical(), refusal);
    }
}

// === impl StreamExecutor ===

impl<F> Executor<F> for StreamExecutor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        // The tasks end with their streams, and those with the connection.
        match self.0.take_next() {
            Some(watch) => drop(tokio::spawn(Arc::clone(&self.0).run(watch, stream))),
            None => drop(tokio::spawn(stream)),
        }
    }
}

#[cfg(test)]
mod tests;
