//! How versions stand with their issuers: columns `status` and `status_ms` of `versions`.

use jiff::Timestamp;
use oncebus_core::{ChangeKind, RegistryError, Status, VersionId};
use sqlx::{Sqlite, Transaction};

use super::{
    SqliteRegistry, changes, failed,
    rows::{blob, millis},
};

// === impl SqliteRegistry ===

impl SqliteRegistry {
    pub(super) async fn keep_status(
        &self,
        id: &VersionId,
        at: Timestamp,
        status: Status,
    ) -> Result<(), RegistryError> {
        let action = "note a status";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        note(&mut transaction, id, at, status).await?;
        transaction.commit().await.map_err(failed(action))
    }
}

/// Notes how a version stood at a moment, and tells of the change if it is one. A word that is older
/// than the last one changes nothing.
pub(super) async fn note(
    transaction: &mut Transaction<'static, Sqlite>,
    id: &VersionId,
    at: Timestamp,
    status: Status,
) -> Result<(), RegistryError> {
    let update = "UPDATE versions SET status_ms = ?1, status = ?2 WHERE id = ?3 \
         AND status <> ?2 AND status_ms <= ?1";
    let changed = sqlx::query(update)
        .bind(millis(at))
        .bind(status.code())
        .bind(blob(id))
        .execute(&mut **transaction)
        .await
        .map_err(failed("note a status"))?;
    if changed.rows_affected() == 0 {
        // The same word again makes any older one count no more.
        let later = "UPDATE versions SET status_ms = ?1 WHERE id = ?2 AND status_ms < ?1";
        sqlx::query(later)
            .bind(millis(at))
            .bind(blob(id))
            .execute(&mut **transaction)
            .await
            .map_err(failed("note a status"))?;
        return Ok(());
    }
    changes::tell(transaction, id, ChangeKind::Status, at).await
}
