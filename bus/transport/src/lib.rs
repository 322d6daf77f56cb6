//! Mutual TLS by SPIFFE identity, and the accept loop that holds every connection limit.
//!
//! A listener is [`serve`]d with [`Credentials::server`], a client calls through
//! [`Credentials::dialer`]. The peer's identity, read from its certificate once per connection,
//! is an `Arc<Peer>` in the extensions of every request, beside the [`HangUp`] of its stream.
//! [`CallLimitsLayer`] adds what holds for each call alone: its deadline and the number of its metadata
//! entries.

mod accepts;
mod calls;
mod credentials;
mod dial;
mod identity;
mod limits;
mod peer;
mod refusal;
mod serve;
mod tls;

pub use accepts::Accepts;
pub use calls::{CallLimited, CallLimits, CallLimitsLayer, Deadline, PathDeadline};
pub use credentials::{Credentials, CredentialsError};
pub use dial::{ConnectError, Dialer, EndpointError, connection_cause, was_not_sent};
pub use identity::{Identity, IdentityError, TrustDomain};
pub use limits::Limits;
pub use peer::Peer;
pub use refusal::{Refusal, Refusals};
pub use serve::{Drained, HangUp, RequestBody, Serving, Worker, serve};
pub use tls::{NameError, ServerTls};

#[cfg(test)]
mod tests;
