//! The name of a log.

use std::{fmt, str::FromStr, sync::Arc};

use crate::hash::{HASH_BYTES, content_hash};

/// Longest name in bytes: it goes into every receipt.
const MAX_BYTES: usize = 255;

/// Name of a log, unique and for ever: the first line of its checkpoints.
///
/// A URL without a scheme by custom, such as `oncebus.test/gateway/g1`. Records are addressed by
/// origin and index.
///
/// Source: C2SP tlog-checkpoint; what a name may hold is C2SP signed-note's rule for key names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(Arc<str>);

/// Why a text is no origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// It is empty.
    #[error("origin is empty, name the log like oncebus.test/gateway/g1")]
    Empty,
    /// It is too long.
    #[error("origin has {bytes} bytes, the limit is {MAX_BYTES}")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// It holds what checkpoints and their signatures are split at.
    #[error("origin holds {found:?}, leave out spaces, control characters and plus signs")]
    Character {
        /// The first such character.
        found: char,
    },
}

// === impl Origin ===

impl Origin {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns what the first frame of this log has in place of its predecessor's hash.
    pub(crate) fn anchor(&self) -> [u8; HASH_BYTES] {
        content_hash(self.0.as_bytes())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let unfit = |c: &char| c.is_whitespace() || c.is_control() || *c == '+';
        if text.is_empty() {
            return Err(OriginError::Empty);
        }
        if MAX_BYTES < text.len() {
            return Err(OriginError::TooLong { bytes: text.len() });
        }
        match text.chars().find(unfit) {
            Some(found) => Err(OriginError::Character { found }),
            None => Ok(Self(text.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_like_a_url_is_an_origin() {
        let origin: Origin = "oncebus.test/gateway/g1".parse().unwrap();

        assert_eq!(origin.to_string(), "oncebus.test/gateway/g1");
    }

    #[test]
    fn name_that_would_break_a_checkpoint_is_refused() {
        for (text, found) in
            [("a b", ' '), ("a\nb", '\n'), ("a+b", '+'), ("a\u{3000}b", '\u{3000}'), ("a\0", '\0')]
        {
            assert_eq!(text.parse::<Origin>(), Err(OriginError::Character { found }));
        }
        assert_eq!("".parse::<Origin>(), Err(OriginError::Empty));
    }

    #[test]
    fn name_over_the_limit_is_refused() {
        assert!("x".repeat(255).parse::<Origin>().is_ok());
        assert_eq!("x".repeat(256).parse::<Origin>(), Err(OriginError::TooLong { bytes: 256 }));
    }
}
