//! Ends the stream of a call at once.

use futures_util::future::{AbortHandle, AbortRegistration};

/// Ends the stream of a call at once, whatever its peer reads.
///
/// Every request carries one in its extensions. A body can end itself only when it is asked for more,
/// and it is not while its peer keeps the window shut: who must end such an answer hangs up.
#[derive(Clone, Debug)]
pub struct HangUp(AbortHandle);

// === impl HangUp ===

impl HangUp {
    /// Makes one for the future that is run with the registration.
    pub(super) fn new() -> (Self, AbortRegistration) {
        let (handle, registration) = AbortHandle::new_pair();
        (Self(handle), registration)
    }

    /// Drops handler, request and answer of the call, and resets its stream (`CANCEL`).
    ///
    /// What of the answer was not written yet is not sent, trailers included; other streams go on.
    /// Returns at once, may be called from any thread and again, and changes nothing once the stream has
    /// ended. If the service dropped its request before that had ended, the reset may come a second
    /// later. A peer whose socket takes nothing, not even the reset, loses its connection once
    /// [`crate::Limits::response_progress`] has passed.
    pub fn now(&self) {
        self.0.abort();
    }

    /// Tells whether somebody hung up.
    pub(super) fn is_done(&self) -> bool {
        self.0.is_aborted()
    }
}
