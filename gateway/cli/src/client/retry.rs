//! What passes by itself is tried again, a few times.

use std::time::Duration;

use tokio::time::sleep;
use tonic::{Code, Request, Response, Status};

use super::failure::{broke, failed, reason};
use crate::exit::CliError;

/// Tries after the first: with these pauses a gateway has 1.4 s to start anew.
const TRIES: u32 = 3;
/// Pause before the second try; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Longest time of a call that moves no bytes.
pub(crate) const CALL_TIME: Duration = Duration::from_secs(30);

/// How often, and after which pause, a call is made again.
#[derive(Debug)]
pub(crate) struct Patience {
    left: u32,
    pause: Duration,
}

/// Returns a request that ends after `limit`, whoever hangs.
pub(crate) fn within<M>(limit: Duration, message: M) -> Request<M> {
    let mut request = Request::new(message);
    request.set_timeout(limit);
    request
}

/// Makes a call that may be repeated, again and again while its failure passes by itself.
///
/// # Errors
///
/// Returns what the user is told of a failure that stays.
pub(crate) async fn persist<T>(
    mut call: impl AsyncFnMut() -> Result<Response<T>, Status>,
) -> Result<T, CliError> {
    let mut patience = Patience::default();
    loop {
        match call().await {
            Ok(answer) => return Ok(answer.into_inner()),
            Err(status) => patience.wait(&status).await?,
        }
    }
}

// === impl Patience ===

impl Default for Patience {
    fn default() -> Self {
        Self { left: TRIES, pause: FIRST_PAUSE }
    }
}

impl Patience {
    /// Waits until the failed call may be made again.
    ///
    /// # Errors
    ///
    /// Returns what the user is told, if the failure does not pass by itself or came too often.
    pub(crate) async fn wait(&mut self, status: &Status) -> Result<(), CliError> {
        if self.left == 0 || !passes(status) {
            return Err(failed(status));
        }
        self.left -= 1;
        sleep(self.pause).await;
        self.pause *= 2;
        Ok(())
    }
}

/// Tells whether the same call may do better in a moment.
fn passes(status: &Status) -> bool {
    let at_work = reason(status).is_some_and(|reason| reason == "REQUEST_IN_PROGRESS");
    at_work || status.code() == Code::Unavailable || broke(status)
}

/// Tells whether another stream may do better: a gateway that starts anew, a connection that broke,
/// other rights than before.
pub(crate) fn reopens(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::Unknown
            | Code::Internal
            | Code::Cancelled
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Aborted
    )
}
