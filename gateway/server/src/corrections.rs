//! Compares contributions with the records of their sources, every now and then.

use std::time::Duration;

use oncebus_core::{Bus, Corrected};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Time between two rounds: a source that is back is asked this soon.
const ROUND: Duration = Duration::from_secs(30);

/// Goes through the open contributions, up to 100 a round, oldest first; then from the oldest again.
pub(crate) async fn compare(bus: Bus) {
    let mut ticks = interval_at(Instant::now() + ROUND, ROUND);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut after = None;
    loop {
        ticks.tick().await;
        match bus.correct(after).await {
            Ok(Corrected { matched, differs, left, next }) => {
                after = next;
                if matched + differs + left > 0 {
                    tracing::info!(matched, differs, left, "contributions were compared");
                }
            }
            Err(error) => tracing::warn!(%error, "contributions wait to be compared"),
        }
    }
}
