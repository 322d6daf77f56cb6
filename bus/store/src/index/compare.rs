//! Compares the index with the trail that it was made from.

use std::collections::{HashMap, HashSet};

use oncebus_trail::{ReadError, Trail};
use sqlx::{AssertSqlSafe, Row as _, sqlite::SqliteRow};

use super::{
    IndexError, SearchIndex, days, feed, names, row,
    row::{Row, TEXTS},
    signed,
};

/// What a comparison found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Where to go on: all below, from where it began, was compared. At the indexed size, all was.
    pub next: u64,
    /// The first row that is not as its record is.
    pub fault: Option<RowFault>,
}

/// A row of the index that is not as its record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the search index has record {index} otherwise than the trail, in its {column}")]
pub struct RowFault {
    /// Position of the record.
    pub index: u64,
    /// The first column that differs; `position` where the row is missing, `day` where a search by
    /// time would miss it, `open` where a closed intent still counts as open.
    pub column: &'static str,
}

// === impl SearchIndex ===

impl SearchIndex {
    /// Reads up to `max` records from `from` on again, and compares their rows.
    ///
    /// # Errors
    ///
    /// If trail or index cannot be read.
    pub async fn compare(
        &self,
        trail: &Trail,
        from: u64,
        max: usize,
    ) -> Result<Compared, IndexError> {
        let end = self.indexed_size().min(from.saturating_add(max as u64));
        let Some(most) = end.checked_sub(from).filter(|most| *most > 0) else {
            return Ok(Compared { next: from, fault: None });
        };
        let due = match feed::read(trail, from, usize::try_from(most).unwrap_or(max)).await {
            // Retention dropped them; what the index still has of them only says that they were.
            Err(IndexError::Trail(ReadError::Pruned { .. })) => {
                let next = (from / feed::BUNDLE + 1) * feed::BUNDLE;
                return Ok(Compared { next: next.min(self.indexed_size()), fault: None });
            }
            due => due?,
        };
        let next = from + due.len() as u64;
        let stored = self.stored(from, next).await?;
        for (index, due) in (from..).zip(&due) {
            let column = match stored.get(&signed(index)) {
                None => Some("position"),
                Some(stored) => stored.difference(due),
            };
            let column = match column {
                None => self.misplaced(index, due).await?,
                column => column,
            };
            if let Some(column) = column {
                return Ok(Compared { next, fault: Some(RowFault { index, column }) });
            }
        }
        Ok(Compared { next, fault: None })
    }

    /// Returns which of the tables beside a row does not know it.
    async fn misplaced(&self, index: u64, row: &Row) -> Result<Option<&'static str>, IndexError> {
        let pool = &self.database.reader;
        if !days::covers(pool, row.time(), signed(index)).await? {
            return Ok(Some("day"));
        }
        let Some(intent) = row.intent().filter(|_| row.kind() == "outcome") else {
            return Ok(None);
        };
        let select = "SELECT count(*) FROM open_intents WHERE position = ?";
        let open: i64 = sqlx::query_scalar(select).bind(intent).fetch_one(pool).await?;
        Ok((open > 0).then_some("open"))
    }

    async fn stored(&self, from: u64, until: u64) -> Result<HashMap<i64, Row>, IndexError> {
        let columns = row::columns();
        let select = format!("SELECT {columns} FROM records WHERE position >= ? AND position < ?");
        let rows: Vec<SqliteRow> = sqlx::query(AssertSqlSafe(select))
            .bind(signed(from))
            .bind(signed(until))
            .fetch_all(&self.database.reader)
            .await?;
        let mut ids = HashSet::new();
        for row in &rows {
            for column in TEXTS {
                ids.extend(row.try_get::<Option<i64>, _>(column)?);
            }
        }
        let names = names::read(&self.database.reader, &ids).await?;
        let mut stored = HashMap::with_capacity(rows.len());
        for row in &rows {
            stored.insert(row.try_get("position")?, Row::stored(row, &names)?);
        }
        Ok(stored)
    }
}
