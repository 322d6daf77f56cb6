//! Counts refusals that come before a call can be checked: strangers must not fill the trail.

use std::{
    collections::HashMap,
    mem,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use oncebus_core::Journal;
use oncebus_transport::{Refusal, Refusals};

/// Peers and reasons counted apart between two records; all others are counted together.
const MAX_PEERS: usize = 1_024;

/// Refusals since the last record, by peer and reason.
#[derive(Debug, Default)]
pub(crate) struct RefusalCounter(Mutex<HashMap<(Option<IpAddr>, &'static str), u64>>);

// === impl RefusalCounter ===

impl RefusalCounter {
    /// Counts one refusal.
    pub(crate) fn count(&self, peer: IpAddr, reason: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = counts.len() >= MAX_PEERS && !counts.contains_key(&(Some(peer), reason));
        let key = if full { (None, reason) } else { (Some(peer), reason) };
        *counts.entry(key).or_default() += 1;
    }

    /// Writes one record per peer and reason, and starts from zero.
    pub(crate) async fn record(&self, journal: &Journal) {
        let counts = mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for ((peer, reason), count) in counts {
            let peer = peer.map_or_else(|| "others".to_owned(), |peer| peer.to_string());
            if let Err(error) = journal.refused(peer, reason, count).await {
                tracing::error!(%error, reason, count, "refusals are not on the trail");
            }
        }
    }
}

impl Refusals for RefusalCounter {
    fn refused(&self, address: IpAddr, refusal: Refusal) {
        self.count(address, refusal.reason());
    }
}
