//! Counts what was asked for, reused and collected.

use std::collections::{HashMap, HashSet};

use sqlx::{QueryBuilder, Row as _, Sqlite, sqlite::SqliteRow};

use super::{IndexError, SearchIndex, Visibility, days, names, search::push_visible};

/// Most rows of a report.
pub const MAX_REUSE_ROWS: usize = 10_000;
/// What a publication or a fetch is told by.
const WORDS: [&str; 5] = ["outcome", "fetch", "publish", "served", "recovered"];

/// What the rows of a report are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReuseBy {
    /// Month in Asia/Shanghai, `YYYY-MM`.
    Month,
    /// Region of the gateway.
    Region,
    /// Approval item.
    Item,
    /// Package of items.
    Package,
    /// Type of the material.
    MaterialType,
    /// Department that asked.
    Department,
}

/// What to count.
#[derive(Clone, Debug)]
pub struct ReuseQuery {
    /// Not before this time, in milliseconds since 1970.
    pub from: Option<i64>,
    /// Before this time, in milliseconds since 1970.
    pub until: Option<i64>,
    /// What rows are made of; nothing gives one row.
    pub by: Vec<ReuseBy>,
}

/// Counts of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReuseCount {
    /// Values of the group, in the order asked for; empty where records have none.
    pub group: Vec<String>,
    /// Materials asked for: fetches that were served, and publications.
    pub asked: u64,
    /// Of those, served from what was held already.
    pub reused: u64,
    /// Of those, collected anew.
    pub collected: u64,
    /// Distinct subjects among them.
    pub projects: u64,
}

// === impl SearchIndex ===

impl SearchIndex {
    /// Counts what is visible, in the order of the groups.
    ///
    /// # Errors
    ///
    /// If the index fails, or there are over [`MAX_REUSE_ROWS`] groups.
    pub async fn reuse(
        &self,
        asked: &ReuseQuery,
        visible: &Visibility,
    ) -> Result<Vec<ReuseCount>, IndexError> {
        let pool = &self.database.reader;
        let words: Vec<_> =
            WORDS.into_iter().chain(visible.department()).chain(visible.kinds().to_vec()).collect();
        let words = names::find(pool, &words).await?;
        let positions = days::positions(pool, asked.from, asked.until).await?;
        let mut query = statement(asked, &words);
        query.push(" AND position >= ").push_bind(positions.start);
        query.push(" AND position < ").push_bind(positions.end);
        push_visible(&mut query, visible, &words);
        group(&mut query, asked);
        let rows: Vec<SqliteRow> = query.build().fetch_all(pool).await?;
        if MAX_REUSE_ROWS < rows.len() {
            return Err(IndexError::TooManyRows { limit: MAX_REUSE_ROWS });
        }
        self.counts(asked, &rows).await
    }

    async fn counts(
        &self,
        asked: &ReuseQuery,
        rows: &[SqliteRow],
    ) -> Result<Vec<ReuseCount>, IndexError> {
        let mut ids = HashSet::new();
        for row in rows {
            for (at, by) in asked.by.iter().enumerate() {
                if *by != ReuseBy::Month {
                    ids.extend(row.try_get::<Option<i64>, _>(at)?);
                }
            }
        }
        let names = names::read(&self.database.reader, &ids).await?;
        let mut counts = Vec::with_capacity(rows.len());
        for row in rows {
            counts.push(count(asked, row, &names)?);
        }
        // Without groups SQL counts nothing as one row too.
        counts.retain(|count| count.asked > 0);
        counts.sort_by(|one, other| one.group.cmp(&other.group));
        Ok(counts)
    }
}

// === impl ReuseBy ===

impl ReuseBy {
    fn expression(self) -> &'static str {
        match self {
            // Shanghai is eight hours ahead all year.
            Self::Month => "strftime('%Y-%m', time / 1000 + 28800, 'unixepoch')",
            Self::Region => "region",
            Self::Item => "item",
            Self::Package => "package",
            Self::MaterialType => "material_type",
            Self::Department => "department",
        }
    }
}

/// Writes the count. An outcome that follows another is about the same call, and is not counted again.
fn statement(asked: &ReuseQuery, words: &HashMap<String, i64>) -> QueryBuilder<Sqlite> {
    let word = |text: &str| words.get(text).copied().unwrap_or(-1);
    let (fetch, publish) = (word("fetch"), word("publish"));
    let (served, recovered) = (word("served"), word("recovered"));
    let mut query = QueryBuilder::new("SELECT ");
    for by in &asked.by {
        query.push(by.expression()).push(", ");
    }
    query.push("count(*), coalesce(sum(operation = ").push_bind(fetch);
    query.push(" OR coalesce(already_held, 0) = 1), 0), count(DISTINCT subject) FROM records");
    query.push(" WHERE kind = ").push_bind(word("outcome"));
    query.push(" AND follows IS NULL AND ((operation = ").push_bind(fetch);
    query.push(" AND outcome = ").push_bind(served);
    query.push(") OR (operation = ").push_bind(publish);
    query.push(" AND outcome IN (").push_bind(served).push(", ").push_bind(recovered).push(")))");
    if let Some(from) = asked.from {
        query.push(" AND +time >= ").push_bind(from);
    }
    if let Some(until) = asked.until {
        query.push(" AND +time < ").push_bind(until);
    }
    query
}

fn group(query: &mut QueryBuilder<Sqlite>, asked: &ReuseQuery) {
    if !asked.by.is_empty() {
        query.push(" GROUP BY ");
        let mut columns = query.separated(", ");
        for at in 1..=asked.by.len() {
            columns.push(at);
        }
    }
    query.push(" LIMIT ").push(MAX_REUSE_ROWS + 1);
}

fn count(
    asked: &ReuseQuery,
    row: &SqliteRow,
    names: &HashMap<i64, String>,
) -> Result<ReuseCount, sqlx::Error> {
    let mut group = Vec::with_capacity(asked.by.len());
    for (at, by) in asked.by.iter().enumerate() {
        let value = match by {
            ReuseBy::Month => row.try_get(at)?,
            _ => row.try_get::<Option<i64>, _>(at)?.and_then(|id| names.get(&id).cloned()),
        };
        group.push(value.unwrap_or_default());
    }
    let at = asked.by.len();
    let all = row.try_get::<i64, _>(at)?.unsigned_abs();
    let reused = row.try_get::<i64, _>(at + 1)?.unsigned_abs();
    let projects = row.try_get::<i64, _>(at + 2)?.unsigned_abs();
    Ok(ReuseCount { group, asked: all, reused, collected: all - reused.min(all), projects })
}
