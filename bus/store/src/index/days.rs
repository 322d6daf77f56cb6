//! Where the records of each day are, so that a search by time need not look at all others.

use std::{collections::BTreeMap, ops::Range};

use sqlx::{Sqlite, SqlitePool, Transaction};

use super::row::Row;

/// Milliseconds of a day, in UTC.
const DAY_MS: i64 = 86_400_000;

/// First and last position of the records of a day. A clock that was set back makes days overlap;
/// nothing is ever outside its day.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: i64,
    last: i64,
}

/// Returns the day of a moment, counted from 1970.
fn day(time: i64) -> i64 {
    time.div_euclid(DAY_MS)
}

/// Notes where rows from position `from` on are.
pub(super) async fn extend(
    transaction: &mut Transaction<'static, Sqlite>,
    from: i64,
    rows: &[Row],
) -> Result<(), sqlx::Error> {
    let mut spans: BTreeMap<i64, Span> = BTreeMap::new();
    for (position, row) in (from..).zip(rows) {
        let span = spans.entry(day(row.time())).or_insert(Span { first: position, last: position });
        span.last = position;
    }
    let upsert = "INSERT INTO days (day, first, last) VALUES (?, ?, ?) ON CONFLICT (day) DO UPDATE \
         SET first = min(first, excluded.first), last = max(last, excluded.last)";
    for (day, Span { first, last }) in spans {
        let query = sqlx::query(upsert).bind(day).bind(first).bind(last);
        query.execute(&mut **transaction).await?;
    }
    Ok(())
}

/// Returns the positions outside which no record is from `from` to before `until`; `None` is no limit.
pub(super) async fn positions(
    pool: &SqlitePool,
    from: Option<i64>,
    until: Option<i64>,
) -> Result<Range<i64>, sqlx::Error> {
    let select = "SELECT min(first), max(last) FROM days WHERE day BETWEEN ? AND ?";
    let first = from.map_or(i64::MIN, day);
    let last = until.map_or(i64::MAX, |until| day(until.saturating_sub(1)));
    let query = sqlx::query_as(select).bind(first).bind(last);
    let (first, last): (Option<i64>, Option<i64>) = query.fetch_one(pool).await?;
    Ok(first.zip(last).map_or(0..0, |(first, last)| first..last + 1))
}

/// Returns whether a day has its record's position.
pub(super) async fn covers(
    pool: &SqlitePool,
    time: i64,
    position: i64,
) -> Result<bool, sqlx::Error> {
    let select = "SELECT count(*) FROM days WHERE day = ? AND ? BETWEEN first AND last";
    let found: i64 =
        sqlx::query_scalar(select).bind(day(time)).bind(position).fetch_one(pool).await?;
    Ok(found == 1)
}
