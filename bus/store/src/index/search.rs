//! Searches the index.

use oncebus_core::RecordId;
use sqlx::{QueryBuilder, Sqlite};

use super::{IndexError, RecordFilter, SearchIndex, Visibility};

// === impl SearchIndex ===

impl SearchIndex {
    /// Returns the positions of records that fit and are visible, newest first, below `before`; at
    /// most `limit`.
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub async fn search(
        &self,
        filter: &RecordFilter,
        visible: &Visibility,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, IndexError> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT position FROM records WHERE TRUE");
        if let Some(before) = before {
            query.push(" AND position < ").push_bind(signed(before));
        }
        if let Visibility::Department(department) = visible {
            let department = department.as_str();
            query.push(" AND (department = ").push_bind(department);
            query.push(" OR holder = ").push_bind(department).push(")");
        }
        for (column, text) in filter.texts() {
            query.push(" AND ").push(column).push(" = ").push_bind(text);
        }
        if let Some(from) = filter.from {
            query.push(" AND time >= ").push_bind(from);
        }
        if let Some(until) = filter.until {
            query.push(" AND time < ").push_bind(until);
        }
        query.push(" ORDER BY position DESC LIMIT ").push_bind(signed(limit as u64));
        let found: Vec<i64> = query.build_query_scalar().fetch_all(&self.database.reader).await?;
        Ok(found.into_iter().map(i64::unsigned_abs).collect())
    }

    /// Returns the position of a record by its id.
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub async fn position(&self, id: RecordId) -> Result<Option<u64>, IndexError> {
        let select = "SELECT position FROM records WHERE id = ? ORDER BY position LIMIT 1";
        let found: Option<i64> = sqlx::query_scalar(select)
            .bind(id.to_string())
            .fetch_optional(&self.database.reader)
            .await?;
        Ok(found.map(i64::unsigned_abs))
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
        let select = "SELECT position FROM records i \
             WHERE position > ? AND kind = 'intent' AND NOT EXISTS \
             (SELECT 1 FROM records o WHERE o.intent = i.position AND o.kind = 'outcome') \
             ORDER BY position LIMIT ?";
        let found: Vec<i64> = sqlx::query_scalar(select)
            .bind(after.map_or(-1, signed))
            .bind(limit)
            .fetch_all(&self.database.reader)
            .await?;
        Ok(found.into_iter().map(i64::unsigned_abs).collect())
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
