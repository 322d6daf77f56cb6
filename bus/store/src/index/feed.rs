//! Feeds the index from the trail.

use std::collections::{HashMap, HashSet};

use oncebus_trail::{ReadError, Trail};
use sqlx::{QueryBuilder, Sqlite, Transaction};
use tokio::task::spawn_blocking;

use super::{IndexError, SearchIndex, days, names, row, row::Row, signed};

/// Records indexed in one transaction.
const GROUP: usize = 1_024;
/// Records that retention drops together.
pub(super) const BUNDLE: u64 = 256;
/// Rows written by one statement; SQLite binds at most 32,766 values.
const ROWS: usize = 64;

// === impl SearchIndex ===

impl SearchIndex {
    /// Indexes what the trail has now and the index has not, without pause: somebody waits. Returns
    /// how many records the index covers.
    ///
    /// # Errors
    ///
    /// If trail or index fail; the next call continues where this one stopped.
    pub async fn feed(&self, trail: &Trail) -> Result<u64, IndexError> {
        let target = trail.size();
        while self.indexed_size() < target && self.feed_group(trail).await? > 0 {}
        Ok(self.indexed_size())
    }

    /// Indexes one group, and returns how many records it had: none if there is nothing new.
    pub(super) async fn feed_group(&self, trail: &Trail) -> Result<usize, IndexError> {
        if trail.size() <= self.indexed_size() {
            return Ok(0);
        }
        let mut transaction = self.database.write().await?;
        let (from, rows) = next(trail, covered(&mut transaction).await?).await?;
        if rows.is_empty() {
            return Ok(0);
        }
        insert(&mut transaction, from, &rows).await?;
        days::extend(&mut transaction, from, &rows).await?;
        settle(&mut transaction, from, &rows).await?;
        transaction.commit().await?;
        let end = from.unsigned_abs() + rows.len() as u64;
        self.indexed.send_if_modified(|indexed| {
            let grown = *indexed < end;
            *indexed = end.max(*indexed);
            grown
        });
        Ok(rows.len())
    }
}

/// Reads the next group from position `from` on, or behind what retention dropped there.
async fn next(trail: &Trail, from: i64) -> Result<(i64, Vec<Row>), IndexError> {
    let mut from = from.unsigned_abs();
    loop {
        let rows = read(trail, from, GROUP).await;
        let behind = (from / BUNDLE + 1) * BUNDLE;
        // Only whole bundles that are published are ever dropped.
        let dropped = matches!(rows, Err(IndexError::Trail(ReadError::Pruned { .. })))
            && behind <= trail.published_size();
        if !dropped {
            return Ok((signed(from), rows?));
        }
        from = behind;
    }
}

/// Reads records off the threads that answer calls.
pub(super) async fn read(trail: &Trail, from: u64, max: usize) -> Result<Vec<Row>, IndexError> {
    let trail = trail.clone();
    let work = spawn_blocking(move || {
        let leaves = trail.read(from, max)?;
        let sealed = trail.read_sealed(from, leaves.len())?;
        let rows = leaves.iter().zip(&sealed).map(|(leaf, sealed)| Row::read(leaf, sealed));
        rows.collect()
    });
    work.await?
}

async fn covered(transaction: &mut Transaction<'static, Sqlite>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT coalesce(max(position) + 1, 0) FROM records")
        .fetch_one(&mut **transaction)
        .await
}

async fn insert(
    transaction: &mut Transaction<'static, Sqlite>,
    from: i64,
    rows: &[Row],
) -> Result<(), sqlx::Error> {
    let texts: HashSet<_> = rows.iter().flat_map(|row| row.texts.iter().flatten()).collect();
    let texts = texts.into_iter().map(String::as_str).collect();
    let names = names::keep(transaction, &texts).await?;
    let rows: Vec<_> = (from..).zip(rows).collect();
    for rows in rows.chunks(ROWS) {
        insert_rows(transaction, &names, rows).await?;
    }
    Ok(())
}

async fn insert_rows(
    transaction: &mut Transaction<'static, Sqlite>,
    names: &HashMap<String, i64>,
    rows: &[(i64, &Row)],
) -> Result<(), sqlx::Error> {
    let into = format!("INSERT INTO records ({}) ", row::columns());
    let mut query = QueryBuilder::<Sqlite>::new(into);
    query.push_values(rows, |mut tuple, (position, row)| {
        tuple.push_bind(*position);
        for number in row.numbers {
            tuple.push_bind(number);
        }
        for bytes in &row.bytes {
            tuple.push_bind(bytes.clone());
        }
        for text in &row.texts {
            tuple.push_bind(text.as_ref().map(|text| names[text]));
        }
    });
    query.build().execute(&mut **transaction).await?;
    Ok(())
}

/// Opens what intents open, and closes what outcomes close.
async fn settle(
    transaction: &mut Transaction<'static, Sqlite>,
    from: i64,
    rows: &[Row],
) -> Result<(), sqlx::Error> {
    for (position, row) in (from..).zip(rows) {
        let statement = match (row.kind(), row.intent()) {
            ("intent", _) => Some(("INSERT INTO open_intents (position) VALUES (?)", position)),
            ("outcome", Some(intent)) => {
                Some(("DELETE FROM open_intents WHERE position = ?", intent))
            }
            _ => None,
        };
        if let Some((statement, position)) = statement {
            sqlx::query(statement).bind(position).execute(&mut **transaction).await?;
        }
    }
    Ok(())
}
