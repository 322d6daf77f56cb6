//! Gives a registered reason to what the gRPC library refuses by itself.

use http::Response;
use tonic::{Code, Status, body::Body};

use crate::convert;

/// Replaces a status without details, which only the library makes, by one with a reason: it cannot
/// know of a registry of reasons. What it calls internal is a message that does not decode.
pub(super) fn with_reason(answer: Response<Body>) -> Response<Body> {
    let refused = Status::from_header_map(answer.headers());
    let Some(refused) = refused.filter(|status| status.details().is_empty()) else {
        return answer;
    };
    let (code, reason, cure) = match refused.code() {
        Code::Ok => return answer,
        Code::Unimplemented => {
            (Code::Unimplemented, "UNKNOWN_METHOD", "no such method, ask the reflection service")
        }
        Code::OutOfRange | Code::ResourceExhausted => (
            Code::InvalidArgument,
            "MESSAGE_TOO_LARGE",
            "the message is too large, send at most 1 MiB of data in a transfer, 256 KiB about materials and \
             64 KiB elsewhere",
        ),
        _ => (
            Code::InvalidArgument,
            "MALFORMED_MESSAGE",
            "the message cannot be decoded, generate the client from the published .proto files",
        ),
    };
    convert::call_refused(code, reason, cure.to_owned()).into_http()
}
