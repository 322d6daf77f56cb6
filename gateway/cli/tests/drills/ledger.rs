//! What the callers were told: the oracle that a trail is compared with.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use oncebus_proto::v1 as pb;
use oncebus_tests::Tag;
use tokio::time::{Instant, sleep};

/// Everything that was acknowledged, and when something failed.
#[derive(Debug)]
pub(crate) struct Ledger {
    begun: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: Vec<Entry>,
    /// Acknowledged calls: when, by which department, how long each took.
    calls: Vec<Call>,
    errors: Vec<(Instant, String)>,
    unfinished: Vec<Tag>,
}

/// An acknowledged call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) department: &'static str,
    pub(crate) at: Instant,
    pub(crate) took: Duration,
}

/// Something acknowledged that must never be lost.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) department: &'static str,
    pub(crate) material_type: &'static str,
    /// When the call was made.
    pub(crate) since: Instant,
    /// `publish` or `fetch`.
    pub(crate) operation: &'static str,
    /// What the call was; of a publication its number and content too.
    pub(crate) tag: Tag,
    /// Name of the version.
    pub(crate) version: String,
    pub(crate) receipt: pb::Receipt,
}

// === impl Ledger ===

impl Ledger {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), state: Mutex::default() }
    }

    /// Notes a call that was acknowledged, and how long it took.
    pub(crate) fn acknowledged(&self, department: &'static str, since: Instant) {
        let at = Instant::now();
        self.state().calls.push(Call { department, at, took: at - since });
    }

    /// Notes what an acknowledgement promised.
    pub(crate) fn promised(&self, entry: Entry) {
        self.state().entries.push(entry);
    }

    /// Notes a call that failed.
    pub(crate) fn failed(&self, why: String) {
        self.state().errors.push((Instant::now(), why));
    }

    /// Notes a publication of which nobody knows whether it was made.
    pub(crate) fn unfinished(&self, tag: Tag) {
        self.state().unfinished.push(tag);
    }

    /// Returns all that was promised.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.state().entries.clone()
    }

    /// Returns the tags of publications that were given up.
    pub(crate) fn given_up(&self) -> Vec<Tag> {
        self.state().unfinished.clone()
    }

    /// Returns how many calls were acknowledged.
    pub(crate) fn count(&self) -> usize {
        self.state().calls.len()
    }

    /// Returns the calls that were acknowledged since then.
    pub(crate) fn calls(&self, from: Instant) -> Vec<Call> {
        self.state().calls.iter().filter(|call| from <= call.at).cloned().collect()
    }

    /// Returns in how many seconds of the drill a call failed.
    pub(crate) fn error_seconds(&self) -> usize {
        let second = |at: &Instant| (*at - self.begun).as_secs();
        self.state().errors.iter().map(|(at, _)| second(at)).collect::<BTreeSet<_>>().len()
    }

    /// Returns what failed, each text once.
    pub(crate) fn errors(&self) -> BTreeSet<String> {
        self.state().errors.iter().map(|(_, why)| why.clone()).collect()
    }

    /// Waits until so many more calls are acknowledged that began after now.
    pub(crate) async fn more(&self, calls: usize, patience: Duration) {
        let (begun, before) = (Instant::now(), self.count());
        let later = |call: &&Call| begun < call.at - call.took;
        let count = |state: &State| state.calls[before..].iter().filter(later).count();
        self.wait(calls, patience, count).await;
    }

    /// Waits until so many more publications and fetches of one department are.
    pub(crate) async fn more_of(&self, department: &str, calls: usize, patience: Duration) {
        let begun = Instant::now();
        let later = |entry: &&Entry| entry.department == department && begun < entry.since;
        let count = |state: &State| state.entries.iter().filter(later).count();
        self.wait(calls, patience, count).await;
    }

    async fn wait(&self, calls: usize, patience: Duration, count: impl Fn(&State) -> usize) {
        let begun = Instant::now();
        loop {
            if count(&self.state()) >= calls {
                return;
            }
            let errors = self.errors();
            assert!(begun.elapsed() < patience, "no {calls} calls in {patience:?}: {errors:?}");
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Returns how many publications and fetches were acknowledged.
    pub(crate) fn promises(&self) -> usize {
        self.state().entries.len()
    }

    /// Lets calls flow for so long, and returns how many were acknowledged in a second.
    pub(crate) async fn rate(&self, time: Duration) -> f64 {
        let before = self.count();
        let begun = Instant::now();
        sleep(time).await;
        (self.count() - before) as f64 / begun.elapsed().as_secs_f64()
    }

    /// Lets calls flow for so long, and returns how many a second were acknowledged of all but one
    /// department's.
    pub(crate) async fn rate_but(&self, department: &str, time: Duration) -> f64 {
        let (before, begun) = (self.count(), Instant::now());
        sleep(time).await;
        let state = self.state();
        let others = state.calls[before..].iter().filter(|call| call.department != department);
        others.count() as f64 / begun.elapsed().as_secs_f64()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}
