//! The `grpc-timeout` header.

use std::time::Duration;

use http::{HeaderMap, HeaderName};

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The header is there and cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "grpc-timeout {0:?} is not 1 to 8 digits and one of H, M, S, m, u, n; send it once, like 10S"
)]
pub(super) struct MalformedTimeout(String);

/// Reads the time that a caller gives its call; `None` where it names none.
///
/// Source: gRPC over HTTP2, section Requests (`TimeoutValue` has at most 8 digits).
pub(super) fn grpc_timeout(headers: &HeaderMap) -> Result<Option<Duration>, MalformedTimeout> {
    let mut values = headers.get_all(GRPC_TIMEOUT).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let parsed = parse(value.as_bytes()).filter(|_| values.next().is_none());
    let malformed = || {
        let shown = &value.as_bytes()[..value.len().min(16)];
        MalformedTimeout(String::from_utf8_lossy(shown).into_owned())
    };
    Ok(Some(parsed.ok_or_else(malformed)?))
}

fn parse(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if !(1..=8).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let amount = digits.iter().fold(0, |amount, digit| amount * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Some(Duration::from_secs(amount * 3600)),
        b'M' => Some(Duration::from_secs(amount * 60)),
        b'S' => Some(Duration::from_secs(amount)),
        b'm' => Some(Duration::from_millis(amount)),
        b'u' => Some(Duration::from_micros(amount)),
        b'n' => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}
