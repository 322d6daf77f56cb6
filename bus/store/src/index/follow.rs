//! Follows the trail at a pace that leaves the machine to those who call.

use std::{sync::Arc, time::Duration};

use oncebus_trail::Trail;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{IndexError, SearchIndex};

/// Records that the index may be behind the trail; at this bound the feed takes no more pauses, and
/// admission should wait for [`SearchIndex::keeps_up`].
pub const MAX_LAG: u64 = 100_000;
/// Pause after a group, in times that the group took: the feed has a fifth of one core at most.
const PAUSES: u32 = 4;
/// Longest pause: what took so long was waiting and not work.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Pause after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Says once that the index is too far behind, and once that it has caught up.
#[derive(Debug, Default)]
struct Watcher {
    behind: bool,
}

// === impl SearchIndex ===

impl SearchIndex {
    /// Follows the trail until `stop`, or until it grows no more.
    pub async fn follow(self: Arc<Self>, trail: Trail, stop: CancellationToken) {
        let mut grown = trail.grown();
        let mut watcher = Watcher::default();
        loop {
            let begun = Instant::now();
            let fed = self.feed_group(&trail).await;
            let took = begun.elapsed();
            watcher.look(self.lag());
            let next = async {
                match fed {
                    Ok(0) => return grown.changed().await.is_ok(),
                    Ok(_) => sleep(pause(took, self.lag())).await,
                    Err(error) => {
                        failed(&error);
                        sleep(AFTER_FAILURE).await;
                    }
                }
                true
            };
            if stop.run_until_cancelled(next).await != Some(true) {
                return;
            }
        }
    }

    /// Waits until the index is less than [`MAX_LAG`] records behind the trail. Whoever lets calls in
    /// waits here first, so that what cannot be searched stays bounded.
    pub async fn keeps_up(&self) {
        let mut indexed = self.indexed();
        let near = |indexed: &u64| self.behind(*indexed) < MAX_LAG;
        // The sender is this index itself.
        let _kept = indexed.wait_for(near).await;
    }
}

// === impl Watcher ===

impl Watcher {
    fn look(&mut self, lag: u64) {
        if !self.behind && MAX_LAG <= lag {
            tracing::warn!(lag, limit = MAX_LAG, "the search index is too far behind the trail");
            self.behind = true;
        }
        if self.behind && lag == 0 {
            tracing::info!("the search index has caught up with the trail");
            self.behind = false;
        }
    }
}

/// Returns how long to rest after a group that took so long.
fn pause(took: Duration, lag: u64) -> Duration {
    if lag < MAX_LAG { (took * PAUSES).min(LONGEST_PAUSE) } else { Duration::ZERO }
}

fn failed(error: &IndexError) {
    tracing::warn!(%error, "the search index lags behind the trail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_feed_rests_four_times_as_long_as_it_works_until_it_is_too_far_behind() {
        let group = Duration::from_millis(10);

        assert_eq!(pause(group, MAX_LAG - 1), Duration::from_millis(40));
        assert_eq!(pause(group, MAX_LAG), Duration::ZERO);
        assert_eq!(pause(Duration::from_secs(9), 0), LONGEST_PAUSE);
    }
}
