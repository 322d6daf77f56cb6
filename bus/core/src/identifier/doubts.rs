//! How many identifiers were let through although something is wrong with them.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::Identifier;
use crate::FieldError;

/// Least time between two lines about one kind of identifier: a system with old codes sends many.
const BETWEEN_LINES: SignedDuration = SignedDuration::from_secs(60);

/// Counts since the start, by kind.
#[derive(Debug, Default)]
pub(super) struct Doubts([Mutex<Doubt>; Identifier::ALL.len()]);

#[derive(Debug, Default)]
struct Doubt {
    count: u64,
    said: Option<Timestamp>,
}

// === impl Doubts ===

impl Doubts {
    /// Counts one, and says so if nothing was said of its kind for a minute.
    pub(super) fn add(&self, identifier: Identifier, fault: &FieldError, now: Timestamp) {
        let mut doubt = self.0[identifier as usize].lock().unwrap_or_else(PoisonError::into_inner);
        doubt.count += 1;
        if doubt.said.is_some_and(|said| now.duration_since(said) < BETWEEN_LINES) {
            return;
        }
        doubt.said = Some(now);
        let (identifier, count, fault) = (identifier.as_str(), doubt.count, &fault.fault);
        tracing::warn!(identifier, count, %fault, "identifiers are let through with a fault");
    }

    /// Returns how many were let through.
    pub(super) fn count(&self, identifier: Identifier) -> u64 {
        self.0[identifier as usize].lock().unwrap_or_else(PoisonError::into_inner).count
    }
}
