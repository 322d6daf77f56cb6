//! Remembers which flights landed lately: a call that began while one was under way has shared it, also
//! where it looked only after the landing.

use moka::sync::Cache;
use tokio::time::Instant;

use super::Route;

/// Landings that are remembered; each matters only to calls that are under way.
const LANDINGS: u64 = 4_096;

/// The latest landing of each content. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Landings(Cache<Route, Landing>);

#[derive(Clone, Copy, Debug)]
struct Landing {
    intent: u64,
    at: Instant,
}

// === impl Landings ===

impl Default for Landings {
    fn default() -> Self {
        Self(Cache::new(LANDINGS))
    }
}

impl Landings {
    /// Notes that a content has come, all of it, under this Intent.
    pub(crate) fn note(&self, route: Route, intent: u64) {
        self.0.insert(route, Landing { intent, at: Instant::now() });
    }

    /// Returns the Intent under which the content came, if that was after a call had `begun`.
    pub(crate) fn since(&self, route: &Route, begun: Instant) -> Option<u64> {
        let landing = self.0.get(route)?;
        (begun <= landing.at).then_some(landing.intent)
    }
}
