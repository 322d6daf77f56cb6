//! What a gateway does by itself: sweep, settle, drop old changes, compare, count refusals, feed the search
//! index.

use std::{sync::Arc, time::Duration};

use oncebus_core::{Admission, Bus, ExchangeError};
use oncebus_store::{SearchIndex, SqliteRegistry};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    corrections::compare, refusals::RefusalCounter, scrub::Scrubber, settle::settle_overdue,
};

/// Time between two sweeps.
const SWEEP: Duration = Duration::from_secs(60);
/// Time between two looks for changes that are too old: each reads all that are.
const EXPIRE: Duration = Duration::from_secs(24 * 3_600);
/// Time between two looks for intents that nobody closed.
const SETTLE: Duration = Duration::from_secs(60);
/// Subjects that are hidden anew in one transaction: it holds up other writers.
const RETOKEN: u32 = 100;
/// Time that other writers have between two transactions of upkeep.
const BREATH: Duration = Duration::from_millis(20);
/// Time between two records of counted refusals.
const REFUSALS: Duration = Duration::from_secs(10);

/// Starts the tasks on the present runtime; they end when `stop` is cancelled.
pub(crate) fn start(
    tasks: &TaskTracker,
    stop: &CancellationToken,
    bus: &Bus,
    index: &Arc<SearchIndex>,
    refusals: &Arc<RefusalCounter>,
    scrubber: &Scrubber,
) {
    let trail = bus.journal().trail().clone();
    tasks.spawn(Arc::clone(index).follow(trail, stop.clone()));
    let slowed = slow_down(Arc::clone(index), Arc::clone(bus.admission()));
    tasks.spawn(stop.clone().run_until_cancelled_owned(slowed));
    tasks.spawn(stop.clone().run_until_cancelled_owned(sweep(bus.clone())));
    tasks.spawn(stop.clone().run_until_cancelled_owned(expire(bus.clone())));
    tasks.spawn(stop.clone().run_until_cancelled_owned(retoken(Arc::clone(&scrubber.registry))));
    tasks.spawn(stop.clone().run_until_cancelled_owned(scrubber.clone().run()));
    tasks.spawn(stop.clone().run_until_cancelled_owned(compare(bus.clone())));
    let settled = settle(bus.clone(), Arc::clone(index));
    tasks.spawn(stop.clone().run_until_cancelled_owned(settled));
    tasks.spawn(stop.clone().run_until_cancelled_owned(record(bus.clone(), Arc::clone(refusals))));
}

/// Hides again what older subject keys hid. Keys are added while no gateway runs, so this ends.
async fn retoken(registry: Arc<SqliteRegistry>) {
    let mut all = 0;
    loop {
        match registry.retoken(RETOKEN).await {
            Ok(0) => break,
            Ok(done) => all += done,
            Err(error) => {
                tracing::warn!(%error, "subjects wait to be hidden under the newest key");
                tokio::time::sleep(SWEEP).await;
            }
        }
        tokio::time::sleep(BREATH).await;
    }
    if all > 0 {
        tracing::info!(all, "all subjects are hidden under the newest key");
    }
}

/// Lets nobody in while too much of the trail cannot be searched: what is unsearchable stays bounded.
async fn slow_down(index: Arc<SearchIndex>, admission: Arc<Admission>) {
    loop {
        index.falls_behind().await;
        admission.set_unsearchable(true);
        index.keeps_up().await;
        admission.set_unsearchable(false);
    }
}

async fn sweep(bus: Bus) {
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match bus.sweep().await {
            Ok(swept) if swept == oncebus_core::Swept::default() => {}
            Ok(swept) => tracing::info!(?swept, "abandoned uploads were swept"),
            Err(error) => tracing::warn!(%error, "abandoned uploads wait for the next sweep"),
        }
    }
}

async fn expire(bus: Bus) {
    let mut ticks = interval(EXPIRE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match drop_old_changes(&bus).await {
            Ok(0) => {}
            Ok(dropped) => tracing::info!(dropped, "old changes were dropped"),
            Err(error) => tracing::warn!(%error, "old changes wait to be dropped"),
        }
    }
}

/// Drops all changes that are too old even for the past; answers how many.
pub(crate) async fn drop_old_changes(bus: &Bus) -> Result<u64, ExchangeError> {
    let mut all = 0;
    loop {
        match bus.expire_changes().await? {
            0 => return Ok(all),
            dropped => all += dropped,
        }
        tokio::time::sleep(BREATH).await;
    }
}

async fn settle(bus: Bus, index: Arc<SearchIndex>) {
    let mut ticks = interval(SETTLE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match settle_overdue(&bus, &index).await {
            Ok(0) => {}
            Ok(closed) => tracing::warn!(closed, "calls died without an outcome, and are settled"),
            Err(error) => tracing::warn!(%error, "intents wait to be settled"),
        }
    }
}

async fn record(bus: Bus, refusals: Arc<RefusalCounter>) {
    let mut ticks = interval(REFUSALS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        refusals.record(bus.journal()).await;
    }
}
