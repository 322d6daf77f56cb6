//! What tests do while an adapter is asked.

use std::{fmt, sync::Arc};

/// Sees each call but Discard as it comes in: its method, and its type where it names one.
pub(crate) type Watcher = Arc<dyn Fn(&'static str, &str) + Send + Sync>;

/// Who sees the calls as they come in.
#[derive(Clone, Default)]
pub(crate) struct Watched(pub(crate) Option<Watcher>);

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "watched" } else { "unwatched" })
    }
}

/// Something that happens while the adapter is asked.
#[derive(Default)]
pub(crate) struct Hook(pub(crate) Option<Box<dyn FnOnce() + Send>>);

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "set" } else { "none" })
    }
}
