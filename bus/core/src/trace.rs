//! The trace that a call belongs to, as its caller says.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::FieldError;

/// Id of a trace: 16 bytes, not all zero, written as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TraceId([u8; 16]);

// === impl TraceId ===

impl TraceId {
    /// Reads the header `traceparent`; `None` where it is not one, which is no fault of the call.
    ///
    /// Source: W3C Trace Context, section 3.2.
    pub fn from_traceparent(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let (version, trace, parent, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let lengths = [version.len(), parent.len(), flags.len()] == [2, 16, 2];
        let digits = [version, parent, flags].iter().all(|part| part.bytes().all(is_digit));
        let known = version != "ff" && (version != "00" || parts.next().is_none());
        let called = parent.bytes().any(|byte| byte != b'0');
        if lengths && digits && known && called { trace.parse().ok() } else { None }
    }
}

impl FromStr for TraceId {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let mut id = [0; 16];
        let read = text.bytes().all(is_digit) && hex::decode_to_slice(text, &mut id).is_ok();
        if read && id != [0; 16] {
            return Ok(Self(id));
        }
        let cure = "give 32 lower-case hexadecimal digits, not all zero";
        Err(FieldError::new("trace_id", "is no trace id", cure))
    }
}

impl TryFrom<String> for TraceId {
    type Error = FieldError;

    fn try_from(text: String) -> Result<Self, FieldError> {
        text.parse()
    }
}

impl From<TraceId> for String {
    fn from(id: TraceId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn read(header: &str) -> Option<String> {
        TraceId::from_traceparent(header).map(|id| id.to_string())
    }

    #[test]
    fn a_valid_header_names_its_trace_and_any_other_none() {
        let valid = format!("00-{TRACE}-00f067aa0ba902b7-01");
        let later = format!("01-{TRACE}-00f067aa0ba902b7-01-more");
        let faulty = [
            String::new(),
            TRACE.to_owned(),
            valid.to_uppercase(),
            format!("{valid}-more"),
            valid.replace("00-4", "ff-4"),
            valid.replace(TRACE, &"0".repeat(32)),
            valid.replace("00f067aa0ba902b7", &"0".repeat(16)),
            valid.replace("-01", "-1"),
            valid.replace("4bf9", "4bf"),
        ];

        assert_eq!(read(&valid).as_deref(), Some(TRACE));
        assert_eq!(read(&later).as_deref(), Some(TRACE));
        for header in faulty {
            assert_eq!(read(&header), None, "{header}");
        }
    }
}
