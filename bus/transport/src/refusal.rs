//! Why a connection or an answer was refused, and who counts it.

use std::{fmt, net::IpAddr};

/// Why a connection was refused before it carried a call, or an answer was cut.
///
/// A closed set: [`Self::reason`] is a metric's label and stands on the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Refusal {
    /// The peer showed no certificate.
    NoCertificate,
    /// Another authority's certificate, out of its time, for another use, badly signed or weak.
    UntrustedCertificate,
    /// A trusted certificate without exactly one SPIFFE name of our trust domain.
    NoIdentity,
    /// A known identity of a kind that this listener does not take.
    WrongKind,
    /// The handshake was not finished in its time.
    HandshakeTimeout,
    /// The oldest unfinished handshake, dropped to let a newcomer in.
    HandshakeDropped,
    /// No TLS, no TLS 1.3, no HTTP/2, or the peer gave up.
    HandshakeFailed,
    /// All places are taken.
    TooManyConnections,
    /// All places of the peer's address are taken.
    TooManyConnectionsOfAddress,
    /// All places of the peer's certificate are taken.
    TooManyConnectionsOfCertificate,
    /// An answer was cut because its peer did not take it in time; the connection goes on.
    SlowReader,
}

/// Counts refused connections, and answers that were cut.
pub trait Refusals: fmt::Debug + Send + Sync {
    /// Takes one refusal. Called from the accept loop and from data plane threads: it must not wait.
    fn refused(&self, address: IpAddr, refusal: Refusal);
}

// === impl Refusal ===

impl Refusal {
    /// Returns the registered reason.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoCertificate => "NO_CERTIFICATE",
            Self::UntrustedCertificate => "UNTRUSTED_CERTIFICATE",
            Self::NoIdentity => "NO_IDENTITY",
            Self::WrongKind => "WRONG_KIND",
            Self::HandshakeTimeout => "HANDSHAKE_TIMEOUT",
            Self::HandshakeDropped => "HANDSHAKE_DROPPED",
            Self::HandshakeFailed => "HANDSHAKE_FAILED",
            Self::TooManyConnections => "TOO_MANY_CONNECTIONS",
            Self::TooManyConnectionsOfAddress => "TOO_MANY_CONNECTIONS_OF_ADDRESS",
            Self::TooManyConnectionsOfCertificate => "TOO_MANY_CONNECTIONS_OF_CERTIFICATE",
            Self::SlowReader => "SLOW_READER",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}
