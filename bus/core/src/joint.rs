//! Work that is done once for all who want it at the same time.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use crate::{ExchangeError, HolderError};

/// A failure so shortly before the leader's deadline may be due to that.
const LAST_MOMENT: Duration = Duration::from_millis(200);

/// The works under way, by what they are about; never more than there are calls.
#[derive(Debug)]
pub(crate) struct Joint<K, V>(Arc<Mutex<HashMap<K, watch::Receiver<Option<V>>>>>);

/// How a caller takes part.
#[derive(Debug)]
pub(crate) enum Entered<K: Eq + Hash, V> {
    /// Nobody does it yet: this caller does, for all who come until the lead is dropped.
    Lead(Lead<K, V>),
    /// Another caller does it, and this is what it shares.
    Joined(V, Ticket<V>),
}

/// Names the work that was joined.
#[derive(Clone, Debug)]
pub(crate) struct Ticket<V>(watch::Receiver<Option<V>>);

/// The right and duty to do a work. Dropped before anything was shared, the next caller leads.
pub(crate) struct Lead<K: Eq + Hash, V> {
    joint: Joint<K, V>,
    key: K,
    shared: watch::Sender<Option<V>>,
}

// === impl Joint ===

impl<K, V> Clone for Joint<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, V> Default for Joint<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Joint<K, V> {
    /// Leads the work on `key`, or waits for what its leader shares; `None` at `deadline`.
    pub(crate) async fn enter(&self, key: &K, deadline: Instant) -> Option<Entered<K, V>> {
        loop {
            let mut shared = match self.claim(key) {
                Ok(lead) => return Some(Entered::Lead(lead)),
                Err(shared) => shared,
            };
            let led = timeout_at(deadline, shared.wait_for(Option::is_some)).await.ok()?;
            let value = led.as_deref().ok().cloned().flatten();
            drop(led);
            // Without a value the leader gave up: somebody else leads now.
            if let Some(value) = value {
                return Some(Entered::Joined(value, Ticket(shared)));
            }
        }
    }

    /// Leads the work anew in place of one that was joined and is of no use; `None` if somebody else
    /// does by now.
    pub(crate) fn overtake(&self, key: &K, joined: &Ticket<V>) -> Option<Lead<K, V>> {
        let mut works = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let present = works.get(key);
        if present.is_some_and(|present| !present.same_channel(&joined.0)) {
            return None;
        }
        let (shared, waits) = watch::channel(None);
        works.insert(key.clone(), waits);
        Some(Lead { joint: self.clone(), key: key.clone(), shared })
    }

    fn claim(&self, key: &K) -> Result<Lead<K, V>, watch::Receiver<Option<V>>> {
        let mut works = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match works.entry(key.clone()) {
            Entry::Occupied(shared) => Err(shared.get().clone()),
            Entry::Vacant(free) => {
                let (shared, waits) = watch::channel(None);
                free.insert(waits);
                Ok(Lead { joint: self.clone(), key: key.clone(), shared })
            }
        }
    }
}

// === impl Lead ===

impl<K: Eq + Hash, V> Lead<K, V> {
    /// Shares a value with all who wait, and with all who come while this lead lives.
    pub(crate) fn share(&self, value: V) {
        self.shared.send_replace(Some(value));
    }
}

impl<K: Eq + Hash, T: Clone> Lead<K, Result<T, HolderError>> {
    /// Shares what a holder gave, or that it failed. What is the leader's own misfortune is not shared:
    /// then another one leads.
    pub(crate) fn share_result(
        &self,
        result: &Result<T, ExchangeError>,
        leaders_deadline: Instant,
    ) {
        match result {
            Ok(value) => self.share(Ok(value.clone())),
            Err(ExchangeError::Holder(error))
                if Instant::now() + LAST_MOMENT < leaders_deadline =>
            {
                self.share(Err(error.clone()));
            }
            Err(_) => {}
        }
    }
}

impl<K: Eq + Hash, V> Drop for Lead<K, V> {
    fn drop(&mut self) {
        let mut works = self.joint.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Unless another one leads by now.
        let own = self.shared.subscribe();
        if works.get(&self.key).is_some_and(|present| present.same_channel(&own)) {
            works.remove(&self.key);
        }
    }
}

impl<K: Eq + Hash, V> fmt::Debug for Lead<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lead").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    async fn lead(joint: &Joint<u8, u32>) -> Lead<u8, u32> {
        match joint.enter(&1, soon()).await {
            Some(Entered::Lead(lead)) => lead,
            other => panic!("no lead: {other:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_come_while_it_is_done_get_the_same() {
        let joint = Joint::default();
        let leader = lead(&joint).await;
        let early: Vec<_> = (0..10)
            .map(|_| {
                let joint = joint.clone();
                tokio::spawn(async move { joint.enter(&1, soon()).await })
            })
            .collect();
        tokio::task::yield_now().await;

        leader.share(7);
        let late = joint.enter(&1, soon()).await;

        assert!(matches!(late, Some(Entered::Joined(7, _))), "{late:?}");
        for early in early {
            assert!(matches!(early.await.unwrap(), Some(Entered::Joined(7, _))));
        }
        drop(leader);
        lead(&joint).await;
    }

    #[tokio::test(start_paused = true)]
    async fn when_the_leader_gives_up_exactly_one_other_leads() {
        let joint = Joint::default();
        let leader = lead(&joint).await;
        let waiting = [(); 3].map(|()| {
            let joint = joint.clone();
            tokio::spawn(async move {
                match joint.enter(&1, soon()).await {
                    Some(Entered::Lead(lead)) => {
                        lead.share(1);
                        tokio::task::yield_now().await;
                        "led"
                    }
                    Some(Entered::Joined(..)) => "joined",
                    None => "waited in vain",
                }
            })
        });
        tokio::task::yield_now().await;

        drop(leader);
        let mut parts = Vec::new();
        for waiting in waiting {
            parts.push(waiting.await.unwrap());
        }

        parts.sort_unstable();
        assert_eq!(parts, ["joined", "joined", "led"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_work_that_is_of_no_use_is_overtaken_once_and_its_end_changes_nothing() {
        let joint = Joint::default();
        let first = lead(&joint).await;
        first.share(1);
        let Some(Entered::Joined(1, ticket)) = joint.enter(&1, soon()).await else { panic!() };

        let second = joint.overtake(&1, &ticket).unwrap();
        let twice = joint.overtake(&1, &ticket).is_some();
        drop(first);
        second.share(2);
        let joined = joint.enter(&1, soon()).await;

        assert!(!twice, "two overtook the same work");
        assert!(matches!(joined, Some(Entered::Joined(2, _))), "{joined:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_past_its_deadline() {
        let joint = Joint::default();
        let _leader = lead(&joint).await;

        assert!(joint.enter(&1, soon()).await.is_none());
    }
}
