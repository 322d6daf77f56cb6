//! Forgets what is dropped or erased on the trail.

use std::ops::Range;

use sqlx::{QueryBuilder, Sqlite};

use super::{IndexError, SearchIndex, signed};

/// Positions in one statement.
const CHUNK: usize = 500;

// === impl SearchIndex ===

impl SearchIndex {
    /// Forgets the records in `range`, which retention dropped. The newest record stays: it says how
    /// far the index reaches.
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub async fn forget(&self, range: Range<u64>) -> Result<(), IndexError> {
        let mut transaction = self.database.write().await?;
        for delete in [
            "DELETE FROM records WHERE position >= ? AND position < ? \
             AND position < (SELECT max(position) FROM records)",
            "DELETE FROM open_intents WHERE position >= ? AND position < ?",
        ] {
            let query = sqlx::query(delete).bind(signed(range.start)).bind(signed(range.end));
            query.execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Forgets whom and which case these records are about: their sealed parts are erased. The tokens
    /// are in no file of the index when this returns.
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub async fn forget_tokens(&self, positions: &[u64]) -> Result<(), IndexError> {
        let mut transaction = self.database.write().await?;
        for positions in positions.chunks(CHUNK) {
            let update = "UPDATE records SET subject = NULL, case_token = NULL WHERE position IN (";
            let mut query = QueryBuilder::<Sqlite>::new(update);
            let mut list = query.separated(", ");
            for position in positions {
                list.push_bind(signed(*position));
            }
            query.push(")");
            query.build().execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(self.database.forget_log().await?)
    }
}
