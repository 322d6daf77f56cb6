//! What a failed connection says.

use std::{error::Error, io, time::Duration};

use rustls::{AlertDescription, CertificateError, OtherError};

use crate::tls::Unaccepted;

/// An endpoint that is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("endpoint {0:?} must be https://HOST:PORT, for example https://127.0.0.1:7443")]
pub struct EndpointError(pub(super) String);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The name is unknown, or nobody listens there.
    #[error("cannot reach {address}: {source}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// No answer in time.
    #[error("{address} did not answer within {after:?}")]
    Silent {
        /// Host and port.
        address: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The server's certificate is not that of the peer that was wanted.
    #[error("certificate of {address} is refused: {reason}")]
    WrongServer {
        /// Host and port.
        address: String,
        /// What is wrong with the certificate.
        reason: String,
    },
    /// The server refused our certificate.
    #[error("{address} refused the certificate of {own}: {}", cure(*.alert))]
    Refused {
        /// Host and port.
        address: String,
        /// Our SPIFFE id.
        own: String,
        /// What the server said.
        alert: AlertDescription,
    },
    /// The server does not speak HTTP/2.
    #[error("{address} does not speak HTTP/2: is it a gateway or an adapter?")]
    NoHttp2 {
        /// Host and port.
        address: String,
    },
    /// The handshake failed otherwise.
    #[error("no TLS 1.3 connection to {address}: {source}")]
    Handshake {
        /// Host and port.
        address: String,
        /// What the TLS library says.
        source: io::Error,
    },
}

impl ConnectError {
    pub(super) fn of_handshake(address: String, own: &str, error: io::Error) -> Self {
        match tls_error(&error) {
            Some(rustls::Error::InvalidCertificate(wrong)) => {
                Self::WrongServer { address, reason: reason(wrong) }
            }
            Some(rustls::Error::AlertReceived(alert)) if is_about_us(*alert) => {
                Self::Refused { address, own: own.to_owned(), alert: *alert }
            }
            _ => Self::Handshake { address, source: error },
        }
    }
}

/// Returns what a call's error says about its connection, or `None` if it says nothing.
///
/// Looks through the error's sources: HTTP/2 keeps only the text of what broke a connection.
pub fn connection_cause(error: &(dyn Error + 'static)) -> Option<String> {
    let mut text = None;
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(connect) = error.downcast_ref::<ConnectError>() {
            return Some(connect.to_string());
        }
        if let Some(io) = error.downcast_ref::<io::Error>() {
            let inner = io.get_ref().and_then(|inner| inner.downcast_ref::<ConnectError>());
            text = Some(inner.map_or_else(|| io.to_string(), ToString::to_string));
        }
        next = error.source();
    }
    text
}

/// Tells whether a call certainly never left, so that it may be tried again whatever it does.
///
/// So it is without a connection, and where the call crossed the server's goodbye to an old one.
pub fn was_not_sent(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        // hyper cancels what still waits for its connection when that closes, and nothing else.
        let waited = error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled);
        if waited || error.is::<ConnectError>() {
            return true;
        }
        next = error.source();
    }
    false
}

/// Tells an alert that answers our certificate; with TLS 1.3 it comes after our side is done.
pub(super) fn refusal(error: &io::Error) -> Option<AlertDescription> {
    match tls_error(error) {
        Some(rustls::Error::AlertReceived(alert)) if is_about_us(*alert) => Some(*alert),
        _ => None,
    }
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

fn is_about_us(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::CertificateRequired
    )
}

fn cure(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::UnknownCA => "it does not trust the authority that issued it",
        AlertDescription::CertificateExpired => {
            "it has expired or is not valid yet; issue a new one"
        }
        AlertDescription::CertificateRevoked => "it was revoked",
        AlertDescription::UnsupportedCertificate => "it is not issued for TLS clients",
        AlertDescription::CertificateUnknown | AlertDescription::AccessDenied => {
            "such an identity may not call there (wrong trust domain or kind)"
        }
        _ => "it is not valid there",
    }
}

fn reason(wrong: &CertificateError) -> String {
    match wrong {
        CertificateError::UnknownIssuer => {
            "it was issued by an authority that our trust bundle does not hold".to_owned()
        }
        CertificateError::InvalidPurpose => "it is not issued for TLS servers".to_owned(),
        CertificateError::Other(OtherError(other)) => other
            .downcast_ref::<Unaccepted>()
            .map_or_else(|| other.to_string(), ToString::to_string),
        other => other.to_string(),
    }
}
