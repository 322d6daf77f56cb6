//! One call to an adapter: its time, its one repetition, its failure.

use std::{future::Future, time::Duration};

use oncebus_core::{DeptId, HolderError};
use oncebus_proto::v1::adapter_service_client::AdapterServiceClient;
use oncebus_transport::was_not_sent;
use tokio::time::{Instant, timeout_at};
use tonic::{Request, Response, Status, transport::Channel};

use super::fault;

/// Kept back from the caller's time, so that an adapter's lateness can still be answered.
pub(super) const MARGIN: Duration = Duration::from_millis(50);
/// Longest wait for an answer, or for the first byte of one.
pub(super) const FIRST_BYTE: Duration = Duration::from_secs(5);
/// Longest wait for a seal: it reads the whole content again and syncs it.
pub(super) const SEAL: Duration = Duration::from_secs(60);

/// What an adapter is called through.
pub(super) type Client = AdapterServiceClient<Channel>;

/// Calls one department's adapter.
#[derive(Debug)]
pub(super) struct Calls {
    pub(super) holder: DeptId,
    pub(super) client: Client,
}

/// How long a call may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time {
    /// How long we wait for the answer.
    pub(super) wait: Instant,
    /// What the adapter is told that it has.
    pub(super) tell: Instant,
}

// === impl Time ===

impl Time {
    /// Returns a time of `most`, and never past the caller's `deadline`.
    pub(super) fn within(most: Duration, deadline: Instant) -> Self {
        let end = (Instant::now() + most).min(deadline - MARGIN);
        Self { wait: end, tell: end }
    }
}

// === impl Calls ===

impl Calls {
    /// Makes one call.
    ///
    /// One that certainly never left, because the adapter just said goodbye to an old connection, is
    /// made once more over a new one.
    pub(super) async fn call<M, T, F>(
        &self,
        message: M,
        time: Time,
        call: impl Fn(Client, Request<M>) -> F,
    ) -> Result<T, HolderError>
    where
        M: Clone,
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let request = || {
            let mut request = Request::new(message.clone());
            request.set_timeout(time.tell.saturating_duration_since(Instant::now()));
            request
        };
        let mut answer = timeout_at(time.wait, call(self.client.clone(), request())).await;
        if answer.as_ref().is_ok_and(|answer| answer.as_ref().is_err_and(|s| was_not_sent(s))) {
            answer = timeout_at(time.wait, call(self.client.clone(), request())).await;
        }
        match answer {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            Ok(Err(status)) => Err(fault::of_status(&self.holder, &status)),
            Err(_elapsed) => Err(HolderError::Deadline { holder: self.holder.clone() }),
        }
    }
}
