//! Feeds the index from the trail.

use std::{sync::Arc, time::Duration};

use oncebus_trail::Trail;
use serde::Deserialize;
use sqlx::{Sqlite, Transaction};
use tokio::{task::spawn_blocking, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{IndexError, SearchIndex};

/// Records indexed in one transaction.
const GROUP: usize = 1_024;
/// Pause after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// What the index keeps of a leaf.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    pub(super) id: String,
    kind: String,
    time: i64,
    operation: Option<String>,
    outcome: Option<String>,
    reason: Option<String>,
    department: Option<String>,
    system: Option<String>,
    holder: Option<String>,
    material_type: Option<String>,
    item: Option<String>,
    version: Option<String>,
    digest: Option<String>,
    intent: Option<i64>,
}

// === impl Row ===

impl Row {
    pub(super) fn read(leaf: &[u8]) -> Result<Self, IndexError> {
        Ok(serde_json::from_slice(leaf)?)
    }
}

// === impl SearchIndex ===

impl SearchIndex {
    /// Indexes what the trail has and the index has not, and returns how many records it covers.
    ///
    /// # Errors
    ///
    /// If trail or index fail; the next call continues where this one stopped.
    pub async fn feed(&self, trail: &Trail) -> Result<u64, IndexError> {
        loop {
            if trail.size() <= self.indexed_size().await? {
                return Ok(trail.size());
            }
            let mut transaction = self.database.write().await?;
            let covered = covered(&mut transaction).await?;
            let leaves = read(trail, covered.unsigned_abs(), GROUP).await?;
            if leaves.is_empty() {
                return Ok(covered.unsigned_abs());
            }
            for (position, leaf) in (covered..).zip(&leaves) {
                insert(&mut transaction, position, Row::read(leaf)?).await?;
            }
            transaction.commit().await?;
        }
    }

    /// Follows the trail until `stop`, or until it grows no more.
    pub async fn follow(self: Arc<Self>, trail: Trail, stop: CancellationToken) {
        let mut grown = trail.grown();
        loop {
            let fed = self.feed(&trail).await;
            if let Err(error) = &fed {
                tracing::warn!(%error, "the search index lags behind the trail");
            }
            let next = async {
                match fed {
                    Ok(_) => grown.changed().await.is_ok(),
                    Err(_) => {
                        sleep(PAUSE).await;
                        true
                    }
                }
            };
            if stop.run_until_cancelled(next).await != Some(true) {
                return;
            }
        }
    }

    /// Returns how many records the index covers: all below this position.
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub async fn indexed_size(&self) -> Result<u64, IndexError> {
        let size: i64 = sqlx::query_scalar("SELECT coalesce(max(position) + 1, 0) FROM records")
            .fetch_one(&self.database.reader)
            .await?;
        Ok(size.unsigned_abs())
    }
}

async fn covered(transaction: &mut Transaction<'static, Sqlite>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT coalesce(max(position) + 1, 0) FROM records")
        .fetch_one(&mut **transaction)
        .await
}

async fn insert(
    transaction: &mut Transaction<'static, Sqlite>,
    position: i64,
    row: Row,
) -> Result<(), sqlx::Error> {
    let insert = "INSERT INTO records (position, time, id, kind, operation, outcome, reason, \
         department, system, holder, material_type, item, version, digest, intent) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    sqlx::query(insert)
        .bind(position)
        .bind(row.time)
        .bind(row.id)
        .bind(row.kind)
        .bind(row.operation)
        .bind(row.outcome)
        .bind(row.reason)
        .bind(row.department)
        .bind(row.system)
        .bind(row.holder)
        .bind(row.material_type)
        .bind(row.item)
        .bind(row.version)
        .bind(row.digest)
        .bind(row.intent)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Reads leaves off the threads that answer calls.
pub(super) async fn read(trail: &Trail, from: u64, max: usize) -> Result<Vec<Vec<u8>>, IndexError> {
    let trail = trail.clone();
    Ok(spawn_blocking(move || trail.read(from, max)).await??)
}
