//! Ends a caller's stream at once.

use std::{fmt, sync::Arc};

/// Ends a caller's stream at once, whatever it reads: an answer that may not go on cannot wait until
/// its caller takes what is before the end.
#[derive(Clone)]
pub struct HangUp(Arc<dyn Fn() + Send + Sync>);

// === impl HangUp ===

impl HangUp {
    /// Makes one that does `end`, which must return at once, and may be called after the end.
    pub fn by(end: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(end))
    }

    /// Hangs up.
    pub(crate) fn now(&self) {
        (self.0)();
    }
}

impl fmt::Debug for HangUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HangUp")
    }
}
