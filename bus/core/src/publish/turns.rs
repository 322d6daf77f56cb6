//! Commits of one upload take turns: the second waits for the first, and gets the same answer.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use crate::UploadId;

/// The uploads that are being committed now; as many as there are such calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turns(Arc<Mutex<HashMap<UploadId, watch::Receiver<()>>>>);

/// One commit's turn; the next one's comes when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Turns,
    id: UploadId,
    _over: watch::Sender<()>,
}

// === impl Turns ===

impl Turns {
    /// Waits for the turn of an upload; `None` if it does not come by `deadline`.
    pub(crate) async fn take(&self, id: UploadId, deadline: Instant) -> Option<Turn> {
        loop {
            let mut before = match self.claim(id) {
                Ok(turn) => return Some(turn),
                Err(before) => before,
            };
            // Nothing is ever sent: the sender's end is the news.
            let _ended = timeout_at(deadline, before.changed()).await.ok()?;
        }
    }

    fn claim(&self, id: UploadId) -> Result<Turn, watch::Receiver<()>> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match running.entry(id) {
            Entry::Occupied(before) => Err(before.get().clone()),
            Entry::Vacant(free) => {
                let (over, waits) = watch::channel(());
                free.insert(waits);
                Ok(Turn { turns: self.clone(), id, _over: over })
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}
