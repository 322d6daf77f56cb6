//! One call to an adapter, from the breaker to what it says of the adapter.

use std::{future::Future, sync::Arc, time::Duration};

use oncebus_core::{Asking, HolderError};
use oncebus_proto::v1::adapter_service_client::AdapterServiceClient;
use oncebus_transport::was_not_sent;
use tokio::time::{Instant, sleep, timeout_at};
use tonic::{Request, Response, Status, transport::Channel};

use super::{
    breaker::{Pass, Verdict},
    bulkhead::Place,
    connections::{Connections, Lease},
    fault,
    guard::Guard,
    retry::{Failed, Repeat},
};

/// Kept back from the caller's time, so that an adapter's lateness can still be answered.
pub(super) const MARGIN: Duration = Duration::from_millis(50);
/// Longest wait for a seal: it reads the whole content again and syncs it.
pub(super) const SEAL: Duration = Duration::from_secs(60);

/// What an adapter is called through.
pub(super) type Client = AdapterServiceClient<Channel>;

/// Calls one department's adapter.
#[derive(Debug)]
pub(super) struct Calls {
    pub(super) guard: Arc<Guard>,
    pub(super) connections: Connections,
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Ask<M> {
    pub(super) message: M,
    pub(super) time: Time,
    pub(super) repeat: Repeat,
    /// Counts second attempts.
    pub(super) asking: Asking,
}

/// How long a call may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time {
    /// How long we wait for the answer.
    pub(super) wait: Instant,
    /// What the adapter is told that it has.
    pub(super) tell: Instant,
    /// Who set the end of the wait.
    pub(super) set_by: SetBy,
}

/// Who limits a wait, and so whom it speaks against when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SetBy {
    /// Our limit for every adapter: whoever needs longer is at fault.
    Limit,
    /// The caller, who had little time itself.
    Caller,
}

/// A call that is not over: what it keeps at the adapter.
///
/// Dropped without [`ended`](Underway::ended), it counts as cancelled, and says nothing of the adapter.
#[derive(Debug)]
pub(super) struct Underway {
    guard: Arc<Guard>,
    pass: Pass,
    lease: Lease,
    _place: Option<Place>,
}

// === impl Time ===

impl Time {
    /// Returns a time of `most`, and never past the caller's `deadline`.
    pub(super) fn within(most: Duration, deadline: Instant) -> Self {
        let (limit, caller) = (Instant::now() + most, deadline - MARGIN);
        let set_by = if limit <= caller { SetBy::Limit } else { SetBy::Caller };
        let end = limit.min(caller);
        Self { wait: end, tell: end, set_by }
    }
}

// === impl Calls ===

impl Calls {
    /// Makes one call and checks its answer with `read`, which says how it breaks the contract.
    pub(super) async fn call<M, T, R, F>(
        &self,
        ask: Ask<M>,
        call: impl Fn(Client, Request<M>) -> F,
        read: impl FnOnce(T) -> Result<R, String>,
    ) -> Result<R, HolderError>
    where
        M: Clone,
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let set_by = ask.time.set_by;
        let (answer, underway) = self.begin(ask, call).await?;
        let answer = read(answer).map_err(|detail| {
            let holder = self.guard.holder.clone();
            HolderError::Misbehaved { holder, detail }
        });
        underway.ended(&answer, set_by);
        answer
    }

    /// Makes one call up to its answer, which may be the first of several.
    ///
    /// In this order: breaker, bulkhead, connection, attempt, second attempt, outcome noted.
    pub(super) async fn begin<M, T, F>(
        &self,
        ask: Ask<M>,
        call: impl Fn(Client, Request<M>) -> F,
    ) -> Result<(T, Underway), HolderError>
    where
        M: Clone,
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let guard = &self.guard;
        let pass = guard.admit()?;
        let place = guard.place(pass, ask.time.wait).await?;
        guard.retries.count();
        let lease = self.connections.lend(pass.connections());
        let mut underway = Underway { guard: Arc::clone(guard), pass, lease, _place: place };

        let mut answer = self.attempt(&ask, &underway.lease, &call).await;
        if let Err(failed) = &answer
            && let Some(pause) = guard.retries.pause(failed, ask.repeat)
            && Instant::now() + pause < ask.time.wait
        {
            sleep(pause).await;
            ask.asking.again();
            underway.lease = self.connections.lend(pass.connections());
            answer = self.attempt(&ask, &underway.lease, &call).await;
        }

        match answer {
            Ok(answer) => Ok((answer, underway)),
            Err(Failed { error, .. }) => {
                let error = Err(error);
                underway.ended(&error, ask.time.set_by);
                error
            }
        }
    }

    async fn attempt<M, T, F>(
        &self,
        ask: &Ask<M>,
        lease: &Lease,
        call: impl Fn(Client, Request<M>) -> F,
    ) -> Result<T, Failed>
    where
        M: Clone,
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let holder = &self.guard.holder;
        let mut request = Request::new(ask.message.clone());
        request.set_timeout(ask.time.tell.saturating_duration_since(Instant::now()));
        match timeout_at(ask.time.wait, call(lease.client(), request)).await {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            Ok(Err(status)) => {
                let error = fault::of_status(holder, &status);
                Err(Failed { error, unsent: was_not_sent(&status) })
            }
            Err(_elapsed) => {
                let error = HolderError::Deadline { holder: holder.clone() };
                Err(Failed { error, unsent: false })
            }
        }
    }
}

// === impl Underway ===

impl Underway {
    /// Returns whose adapter is called.
    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Notes that the adapter works so far.
    pub(super) fn alive(&mut self) {
        self.guard.breaker.note_alive(&mut self.pass);
    }

    /// Notes how the call ended; `set_by` is who limited its last wait.
    pub(super) fn ended<T>(self, outcome: &Result<T, HolderError>, set_by: SetBy) {
        let verdict = fault::verdict(outcome.as_ref().err(), set_by);
        self.guard.breaker.note(self.pass, verdict);
        if verdict == Verdict::Works {
            self.lease.ended();
        }
    }
}
