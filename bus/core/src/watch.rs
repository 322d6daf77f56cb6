//! Watches materials: tells what becomes of them, each event decided anew and on record first.

mod set;

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use oncebus_trail::Receipt;
use tokio::{
    select,
    sync::watch,
    time::{Instant, sleep_until},
};

pub use self::set::{Reference, Watched, WatchedSet};
use crate::{
    Admitted, Bus, Caller, Change, ChangeSpan, Epoch, ExchangeError, Failure, MaterialType,
    Operation, Purpose, RequestId, TypeCode, Verdict, exchange::Exchange, policy::Changes,
};

/// Changes that are read at once.
const BATCH: u32 = 256;
/// Changes that are dropped in one transaction: it holds up other writers.
const DROPPED: u32 = 1_000;
/// Longest time between two looks: another process may have written, and woken nobody here.
const POLL: Duration = Duration::from_secs(1);
/// Shortest time between two looks, so that a busy bus does not have every watch read all the time.
const APART: Duration = Duration::from_millis(50);

/// A checked request to watch materials.
#[derive(Clone, Debug)]
pub struct WatchQuery {
    /// What is watched.
    pub watched: WatchedSet,
    /// Sequence of the last change that the caller knows; `None` watches from now on.
    pub after: Option<u64>,
    /// Why.
    pub purpose: Purpose,
    /// The caller's id of the request.
    pub request_id: Option<RequestId>,
}

/// One watch. It keeps nothing ahead: what is told is decided when it is asked for.
#[derive(Debug)]
pub struct Watch {
    bus: Bus,
    /// Counts the watch among its department's calls until it ends.
    admitted: Admitted,
    query: WatchQuery,
    /// All changes up to this one were looked at.
    after: u64,
    /// What was read and not looked at yet.
    batch: VecDeque<Change>,
    /// Proof that the watch is on record; goes with the first message.
    opened: Option<Receipt>,
    moves: watch::Receiver<()>,
    looked: Instant,
    changes: Changes,
    /// The permissions that `withdrawn` is by.
    epoch: Epoch,
    /// Types that the caller has no permission for.
    withdrawn: HashSet<TypeCode>,
    /// Those of them that it was not told of yet.
    untold: VecDeque<(Arc<MaterialType>, Reference)>,
}

/// What a watch tells.
#[derive(Clone, Debug)]
pub struct Told {
    /// What happened; `None` where nothing did.
    pub event: Option<WatchEvent>,
    /// All changes up to this one are told: another watch goes on behind it.
    pub after: u64,
    /// Proof of the record; `None` where nothing new is told.
    pub receipt: Option<Receipt>,
}

/// What happened to what is watched.
#[derive(Clone, Debug)]
pub enum WatchEvent {
    /// A version changed.
    Changed {
        /// The caller's own text for the material.
        reference: Reference,
        /// What changed. Its subject is not told.
        change: Box<Change>,
        /// Whether the version is good now.
        verdict: Verdict,
    },
    /// The caller has no permission for a type any more.
    Withdrawn {
        /// The caller's own text for the first material of the type.
        reference: Reference,
        /// The type.
        material_type: TypeCode,
    },
}

// === impl Bus ===

impl Bus {
    /// Begins to watch materials.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::AccessDenied`] if the caller may watch none of the types,
    /// [`ExchangeError::CursorExpired`], and every failure, with the receipt of its record.
    pub async fn watch(&self, admitted: Admitted, query: WatchQuery) -> Result<Watch, Failure> {
        let caller = &admitted.caller;
        let (moves, changes, epoch) =
            (self.caches.moves(), self.policy.changes(), self.policy.epoch());
        let mut exchange = Exchange::begin_many(self, caller, Operation::Watch, &query.purpose);
        exchange.request(query.request_id);
        let opened = async {
            let barred = decide_all(&mut exchange, caller, &query.watched)?;
            let after = self.watch_from(query.after).await?;
            Ok::<_, ExchangeError>((barred, after, exchange.served(0, None).await?))
        };
        let (barred, after, receipt) = match opened.await {
            Ok(opened) => opened,
            Err(error) => return Err(exchange.failed(error).await),
        };
        Ok(Watch {
            bus: self.clone(),
            admitted,
            query,
            after,
            batch: VecDeque::new(),
            opened: Some(receipt),
            moves,
            looked: Instant::now(),
            changes,
            epoch,
            withdrawn: barred.iter().map(|(barred, _)| barred.code.clone()).collect(),
            untold: barred,
        })
    }

    /// Drops changes that are too old even for the past, at most a thousand; answers how many.
    ///
    /// # Errors
    ///
    /// If the registry fails.
    pub async fn expire_changes(&self) -> Result<u64, ExchangeError> {
        let before = self.clock.now() - self.limits.history_kept;
        Ok(self.registry.expire_changes(before, DROPPED).await?)
    }

    /// Returns behind which change a watch begins.
    async fn watch_from(&self, after: Option<u64>) -> Result<u64, ExchangeError> {
        let ChangeSpan { expired, latest, .. } = self.registry.change_span().await?;
        let Some(after) = after else { return Ok(latest) };
        // A registry that was put back knows less than the caller was told.
        if after < expired || latest < after {
            return Err(ExchangeError::CursorExpired);
        }
        let kept = self.clock.now() - self.limits.watch_kept;
        match self.registry.changes(after, 1).await?.first() {
            Some(missed) if missed.at < kept => Err(ExchangeError::CursorExpired),
            _ => Ok(after),
        }
    }
}

// === impl Watch ===

impl Watch {
    /// Waits for the next thing to tell: an event, or that nothing happened for a while. The first comes
    /// at once. What this returns is on record.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::CursorExpired`] if the watch was held up for longer than changes are kept; and
    /// every failure of the bus itself, with the receipt of its record where there is one.
    pub async fn next(&mut self) -> Result<Told, Failure> {
        let silent_until = Instant::now() + self.bus.limits.watch_heartbeat;
        if let Some(receipt) = self.opened.take() {
            return Ok(self.told(None, Some(receipt)));
        }
        loop {
            if let Some(told) = self.tell_withdrawn().await? {
                return Ok(told);
            }
            match self.batch.pop_front() {
                Some(change) => {
                    self.after = change.sequence;
                    if let Some(told) = self.tell(change).await? {
                        return Ok(told);
                    }
                }
                None if silent_until <= Instant::now() => return Ok(self.told(None, None)),
                None => self.look(silent_until).await?,
            }
        }
    }

    fn told(&self, event: Option<WatchEvent>, receipt: Option<Receipt>) -> Told {
        Told { event, after: self.after, receipt }
    }

    /// Tells of a change, if it is of what is watched and the caller may know of it now.
    async fn tell(&self, change: Change) -> Result<Option<Told>, Failure> {
        let Some(watched) = self.query.watched.find(&change) else { return Ok(None) };
        // By the catalogue in force, which may be another one than when the watch began.
        let material_type = &*self.bus.stored_type(&change.material_type)?;
        let mut exchange = self.exchange(material_type);
        exchange.about(&change.subject);
        let told = async {
            exchange.decide(&self.admitted.caller, Operation::Watch, material_type)?;
            let version = self.bus.registry.version(&change.version).await?;
            let version = version.ok_or(ExchangeError::MaterialNotFound)?;
            exchange.version(&version);
            let verdict = self.bus.describe(&version, material_type).await?.judgement.verdict;
            Ok::<_, ExchangeError>((verdict, exchange.served(0, None).await?))
        };
        match told.await {
            Ok((verdict, receipt)) => {
                let (reference, change) = (watched.reference.clone(), Box::new(change));
                let event = WatchEvent::Changed { reference, change, verdict };
                Ok(Some(self.told(Some(event), Some(receipt))))
            }
            // That is told and recorded once for the type, not by what happens to its materials.
            Err(error) if error.is_denial() => Ok(None),
            Err(error) => Err(exchange.failed(error).await),
        }
    }

    /// Tells of one type that was withdrawn, if there is one.
    async fn tell_withdrawn(&mut self) -> Result<Option<Told>, Failure> {
        self.decide_again();
        let Some((material_type, reference)) = self.untold.pop_front() else { return Ok(None) };
        let mut exchange = self.exchange(&material_type);
        let caller = &self.admitted.caller;
        let Err(denied) = exchange.decide(caller, Operation::Watch, &material_type) else {
            self.withdrawn.remove(&material_type.code);
            return Ok(None);
        };
        match exchange.failed(denied).await {
            Failure { receipt: Some(receipt), .. } => {
                let material_type = material_type.code.clone();
                let event = WatchEvent::Withdrawn { reference, material_type };
                Ok(Some(self.told(Some(event), Some(*receipt))))
            }
            unrecorded => Err(unrecorded),
        }
    }

    /// Decides every type again if the permissions have changed.
    fn decide_again(&mut self) {
        let epoch = self.bus.policy.epoch();
        if epoch == self.epoch {
            return;
        }
        self.epoch = epoch;
        for (material_type, reference) in self.query.watched.types() {
            let code = &material_type.code;
            let decided = self.bus.policy.decide(&self.admitted.caller, Operation::Watch, code);
            if decided.is_ok() {
                self.withdrawn.remove(code);
                self.untold.retain(|(untold, _)| untold.code != *code);
            } else if self.withdrawn.insert(code.clone()) {
                self.untold.push_back((material_type, reference));
            }
        }
    }

    /// Reads the next changes; where there are none, waits until there may be, or until `silent_until`.
    async fn look(&mut self, silent_until: Instant) -> Result<(), ExchangeError> {
        self.moves.mark_unchanged();
        self.looked = Instant::now();
        let registry = &self.bus.registry;
        self.batch = registry.changes(self.after, BATCH).await?.into();
        if self.batch.is_empty() {
            self.wait(silent_until).await;
        // Only now: what is dropped in between is missed by the reading.
        } else if self.after < registry.change_span().await?.expired {
            return Err(ExchangeError::CursorExpired);
        }
        Ok(())
    }

    async fn wait(&mut self, silent_until: Instant) {
        sleep_until(silent_until.min(self.looked + APART)).await;
        select! {
            // The bus outlives its watches, so this is never the end of what wakes.
            _ = self.moves.changed() => {}
            () = self.changes.next() => {}
            () = sleep_until(silent_until.min(self.looked + POLL)) => {}
        }
    }

    /// Opens the exchange of one thing to tell.
    fn exchange(&self, material_type: &MaterialType) -> Exchange {
        let (caller, purpose) = (&self.admitted.caller, &self.query.purpose);
        let mut exchange =
            Exchange::begin(&self.bus, caller, Operation::Watch, material_type, purpose);
        exchange.request(self.query.request_id);
        exchange
    }
}

/// Decides every type, and returns those that the caller may not watch.
fn decide_all(
    exchange: &mut Exchange,
    caller: &Caller,
    watched: &WatchedSet,
) -> Result<VecDeque<(Arc<MaterialType>, Reference)>, ExchangeError> {
    let types = watched.types();
    let (all, mut first, mut barred) = (types.len(), None, VecDeque::new());
    for (material_type, reference) in types {
        if let Err(denied) = exchange.decide_also(caller, Operation::Watch, &material_type) {
            first.get_or_insert(denied);
            barred.push_back((material_type, reference));
        }
    }
    match first {
        Some(denied) if barred.len() == all => Err(denied),
        _ => Ok(barred),
    }
}
