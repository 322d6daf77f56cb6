//! What there is too much of.

use std::time::Duration;

/// Why a call is not let in now, and may come back later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Load {
    /// The department calls too often.
    #[error("the department makes more than {limit} calls a second, wait {} ms", wait.as_millis())]
    Rate {
        /// Calls a second in the long run.
        limit: u32,
        /// When the next one is let in.
        wait: Duration,
    },
    /// The department verifies too many subjects in batches.
    #[error(
        "the department verifies more than {limit} subjects a {per} in batches, wait {} s, or send \
         fewer at a time",
        wait.as_secs().max(1)
    )]
    Subjects {
        /// Subjects in the long run.
        limit: u32,
        /// In how long: `minute` or `day`.
        per: &'static str,
        /// When so many will be let in.
        wait: Duration,
    },
    /// The department has too many calls under way.
    #[error("the department has {limit} calls under way, wait for some to end")]
    Calls {
        /// The limit.
        limit: u32,
    },
    /// All departments together have too many calls under way.
    #[error("the gateway has {limit} calls under way, try again in a second")]
    Gateway {
        /// The limit.
        limit: u32,
    },
    /// Too many bytes are on their way.
    #[error("answers and uploads of {limit} bytes are on their way, take some first")]
    Bytes {
        /// The limit.
        limit: u64,
    },
    /// The department has too many uploads pending.
    #[error("too many uploads are pending, commit some or try again later")]
    Uploads,
    /// The search index is too far behind the trail.
    #[error("too much of the audit trail cannot be searched yet, try again in a second")]
    Index,
    /// The department is not one of the catalogue's.
    #[error("the department has no place here, ask the operator of the bus")]
    Unknown,
}

/// When to come back after what passes by itself, unless it is known better.
const SOON: Duration = Duration::from_secs(1);

// === impl Load ===

impl Load {
    /// Returns when to come back.
    pub fn retry_after(&self) -> Duration {
        match self {
            Self::Rate { wait, .. } | Self::Subjects { wait, .. } => *wait,
            _ => SOON,
        }
    }
}
