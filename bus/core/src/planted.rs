//! Bugs that tests plant, to see that they would find them.
//!
//! Only a build with the feature `planted` can have one, and has none until a test plants it. In every
//! other build [`Planted::is`] is `false` for the compiler, and nothing of this is left.

#[cfg(feature = "planted")]
use std::sync::OnceLock;
use std::{sync::Arc, time::Duration};

use oncebus_trail::Receipt;

use crate::{
    Bus, Call, Caller, ExchangeError, FetchQuery, Operation, Permission, Permissions, Policy,
    Target, cache::Topic, record::Ending, resolve::Found, standing::Standing,
};

/// A mistake that the bus must not make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "planted"), expect(unreachable_pub, reason = "exported with the feature"))]
pub enum Bug {
    /// A fetch whose bytes are remembered is not decided.
    HitWithoutDecision,
    /// Remembered pointers are believed whatever was committed since.
    MissingGenerationCheck,
    /// An answer leaves before its Outcome is durable.
    OutcomeAfterRelease,
    /// What is remembered of a version is believed though it was revoked.
    RevokedPointerForgotten,
    /// `as_of` tells what is current now.
    PastIsPresent,
}

/// The bug of one bus, if it has one. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Planted {
    #[cfg(feature = "planted")]
    bug: Arc<OnceLock<Bug>>,
}

/// How much later than its answer an Outcome is written: longer than it takes to look for it.
const LATER: Duration = Duration::from_millis(500);

// === impl Planted ===

#[cfg(feature = "planted")]
impl Planted {
    /// Tells whether this bug is planted.
    pub(crate) fn is(&self, bug: Bug) -> bool {
        self.bug.get() == Some(&bug)
    }
}

#[cfg(not(feature = "planted"))]
impl Planted {
    /// Tells whether this bug is planted: no.
    #[expect(clippy::unused_self, reason = "as with the feature")]
    pub(crate) const fn is(&self, _bug: Bug) -> bool {
        false
    }
}

// === impl Bus ===

impl Bus {
    /// Plants a bug into this bus and all its clones; the first one stays.
    #[cfg(feature = "planted")]
    pub fn plant(&self, bug: Bug) {
        self.planted.bug.get_or_init(|| bug);
    }

    /// Lets a fetch through whatever was decided, if all it wants is remembered.
    pub(crate) fn let_through(
        &self,
        denied: ExchangeError,
        caller: &Caller,
        query: &FetchQuery,
    ) -> Result<Standing, ExchangeError> {
        if !self.planted.is(Bug::HitWithoutDecision) || !self.remembers(query) {
            return Err(denied);
        }
        let fetch = vec![query.material_type.code.to_string()];
        let department = caller.department.to_string();
        let may = Permission { department, fetch, publish: Vec::new() };
        let Ok(may) = Permissions::check(&[may], &self.catalog()) else { return Err(denied) };
        let (policy, operation) = (Arc::new(Policy::new(may)), Operation::Fetch);
        let (decided, _) = {
            let code = &query.material_type.code;
            Standing::decide(&policy, &self.revocations, caller, operation, code)
        };
        decided.map(|(_rule, standing)| standing)
    }

    fn remembers(&self, query: &FetchQuery) -> bool {
        let (code, max_age) = (&query.material_type.code, query.material_type.reliance());
        let found: Vec<_> = match &query.target {
            Target::Version(id) => {
                self.caches.named.version(id).map(Found::Registered).into_iter().collect()
            }
            Target::Current { subject, number } => {
                let topic = Topic { material_type: code.clone(), subject: subject.clone() };
                let pointer = self.caches.pointers.fresh(&topic, self.clock.now(), max_age);
                let mut known = pointer.map(|known| known.found.clone()).unwrap_or_default();
                known.retain(|found| number.as_ref().is_none_or(|n| n == found.number()));
                known
            }
        };
        let [Found::Registered(version)] = &found[..] else { return false };
        self.caches.chunks.since(version.manifest.content, 0..version.chunks.len()).is_some()
    }

    /// Answers as though an Outcome were durable, and writes it later.
    pub(crate) fn write_later(&self, call: Call) -> Receipt {
        let journal = self.journal.clone();
        let checkpoint = journal.trail().checkpoint();
        let index = journal.trail().size();
        tokio::spawn(async move {
            tokio::time::sleep(LATER).await;
            drop(journal.outcome(journal.draw_id(), Ending::Served, call).await);
        });
        Receipt {
            origin: checkpoint.checkpoint.origin.clone(),
            index,
            tree_size: index + 1,
            inclusion_path: Vec::new(),
            checkpoint: checkpoint.note.clone(),
            leaf: Vec::new(),
        }
    }
}
