//! One at a time: what works on the same upload or content takes turns.

use std::{
    hash::{DefaultHasher, Hash, Hasher as _},
    sync::Arc,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many can work at the same time. Names share places, so that no list of them grows.
const PLACES: usize = 64;

/// Gives turns by name. Two names may share a place; then they wait for each other without need.
#[derive(Debug)]
pub(crate) struct Turns(Vec<Arc<Semaphore>>);

// === impl Turns ===

impl Turns {
    /// Waits for the turn of `name`; it lasts until the answer is dropped.
    pub(crate) async fn take(&self, name: &impl Hash) -> OwnedSemaphorePermit {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let place = usize::try_from(hasher.finish() % PLACES as u64).unwrap_or_default();
        let turn = Arc::clone(&self.0[place]).acquire_owned().await;
        turn.expect("the semaphores are never closed")
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self((0..PLACES).map(|_| Arc::new(Semaphore::new(1))).collect())
    }
}
