//! Finds single records for other parts of the gateway.

use oncebus_core::RecordId;

use super::{IndexError, SearchIndex, signed};

// === impl SearchIndex ===

impl SearchIndex {
    /// Returns the position of the record with this id, if the index covers it.
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub async fn find_by_id(&self, id: RecordId) -> Result<Option<u64>, IndexError> {
        let select = "SELECT position FROM records WHERE id = ? ORDER BY position LIMIT 1";
        let found: Option<i64> = sqlx::query_scalar(select)
            .bind(&id.0.as_bytes()[..])
            .fetch_optional(&self.database.reader)
            .await?;
        Ok(found.map(i64::unsigned_abs))
    }

    /// Returns the positions of the newest records of a kind, newest first; at most `limit`.
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub async fn latest(&self, kind: &str, limit: u32) -> Result<Vec<u64>, IndexError> {
        let select = "SELECT position FROM records WHERE kind = \
             (SELECT id FROM names WHERE text = ?) ORDER BY position DESC LIMIT ?";
        let found: Vec<i64> = sqlx::query_scalar(select)
            .bind(kind)
            .bind(limit)
            .fetch_all(&self.database.reader)
            .await?;
        Ok(found.into_iter().map(i64::unsigned_abs).collect())
    }

    /// Returns the positions of intents that no outcome closes, oldest first, above `after`; at
    /// most `limit`.
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub async fn open_intents(
        &self,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<u64>, IndexError> {
        let select =
            "SELECT position FROM open_intents WHERE position > ? ORDER BY position LIMIT ?";
        let found: Vec<i64> = sqlx::query_scalar(select)
            .bind(after.map_or(-1, signed))
            .bind(limit)
            .fetch_all(&self.database.reader)
            .await?;
        Ok(found.into_iter().map(i64::unsigned_abs).collect())
    }
}
