//! Hides again, under the newest key, what older keys hid.

use oncebus_core::RegistryError;
use sqlx::Row as _;

use super::{SqliteRegistry, failed, rows};

// === impl SqliteRegistry ===

impl SqliteRegistry {
    /// Hides at most `limit` subjects of older keys under the newest one, in one transaction, and
    /// answers how many; 0 when none is left. They are found all the time.
    ///
    /// # Errors
    ///
    /// If the file fails, or a subject cannot be read back.
    pub async fn retoken(&self, limit: u32) -> Result<u32, RegistryError> {
        let action = "hide subjects under the newest key";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        let select = "SELECT id, subject_key, subject_token, subject_sealed FROM materials \
             WHERE subject_key < ? LIMIT ?";
        let old = sqlx::query(select)
            .bind(self.keys.newest())
            .bind(limit)
            .fetch_all(&mut *transaction)
            .await
            .map_err(failed(action))?;
        let update = "UPDATE materials SET subject_key = ?, subject_token = ?, subject_sealed = ? \
             WHERE id = ?";
        let mut done = 0;
        for row in old {
            let hidden = self.keys.hide(&self.keys.reveal(&rows::hidden(&row)?)?)?;
            let id: Vec<u8> = row.try_get("id").map_err(failed(action))?;
            sqlx::query(update)
                .bind(hidden.key)
                .bind(hidden.token)
                .bind(hidden.sealed)
                .bind(id)
                .execute(&mut *transaction)
                .await
                .map_err(failed(action))?;
            done += 1;
        }
        transaction.commit().await.map_err(failed(action))?;
        Ok(done)
    }

    /// Counts the subjects that older keys hide.
    ///
    /// # Errors
    ///
    /// If the file fails.
    pub async fn of_older_keys(&self) -> Result<u64, RegistryError> {
        let count = "SELECT count(*) FROM materials WHERE subject_key < ?";
        let found: i64 = sqlx::query_scalar(count)
            .bind(self.keys.newest())
            .fetch_one(&self.database.reader)
            .await
            .map_err(failed("count subjects by their keys"))?;
        Ok(found.unsigned_abs())
    }
}
