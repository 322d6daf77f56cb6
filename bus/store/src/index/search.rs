//! Searches the index.

use std::{collections::HashMap, ops::Range};

use sqlx::{QueryBuilder, Sqlite};

use super::{IndexError, RecordFilter, SearchIndex, Visibility, days, names, sealed, signed};

/// Windows of time up to this long, in milliseconds, are looked up by time; in longer ones it costs
/// less to scan their days newest first.
const NARROW_MS: i64 = 3_600_000;

/// What a search reads of the rows that fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// Their positions, newest first.
    Newest,
    /// Their positions, oldest first.
    Oldest,
    /// Their number.
    Count,
    /// How SQLite would find them, newest first.
    #[cfg(test)]
    Plan,
}

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
        let range = 0..before.unwrap_or(u64::MAX);
        self.positions(Want::Newest, filter, visible, range, limit).await
    }

    /// Returns the positions of records in `range` that fit and are visible, oldest first; at most
    /// `limit`.
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub async fn search_oldest(
        &self,
        filter: &RecordFilter,
        visible: &Visibility,
        range: Range<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, IndexError> {
        self.positions(Want::Oldest, filter, visible, range, limit).await
    }

    /// Returns how many records in `range` fit and are visible.
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub async fn count(
        &self,
        filter: &RecordFilter,
        visible: &Visibility,
        range: Range<u64>,
    ) -> Result<u64, IndexError> {
        let Some(mut query) = self.query(Want::Count, filter, visible, range).await? else {
            return Ok(0);
        };
        let count: i64 = query.build_query_scalar().fetch_one(&self.database.reader).await?;
        Ok(count.unsigned_abs())
    }

    async fn positions(
        &self,
        want: Want,
        filter: &RecordFilter,
        visible: &Visibility,
        range: Range<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, IndexError> {
        let Some(mut query) = self.query(want, filter, visible, range).await? else {
            return Ok(Vec::new());
        };
        query.push(" LIMIT ").push_bind(signed(limit as u64));
        let found: Vec<i64> = query.build_query_scalar().fetch_all(&self.database.reader).await?;
        Ok(found.into_iter().map(i64::unsigned_abs).collect())
    }

    /// Writes a search; `None` where no record can fit.
    pub(super) async fn query(
        &self,
        want: Want,
        filter: &RecordFilter,
        visible: &Visibility,
        range: Range<u64>,
    ) -> Result<Option<QueryBuilder<Sqlite>>, IndexError> {
        let RecordFilter { from, until, .. } = *filter;
        let pool = &self.database.reader;
        let texts: Vec<_> = filter.texts().collect();
        let mut words: Vec<_> = texts.iter().map(|(_, text)| *text).collect();
        words.extend(visible.department());
        words.extend(visible.kinds());
        let names = names::find(pool, &words).await?;
        let days = match (from, until) {
            (None, None) => 0..i64::MAX,
            _ => days::positions(pool, from, until).await?,
        };
        let range = signed(range.start).max(days.start)..signed(range.end).min(days.end);
        if range.is_empty() || texts.iter().any(|(_, text)| !names.contains_key(*text)) {
            return Ok(None);
        }

        let tokens = self.tokens(filter);
        let bytes: Vec<_> = filter.bytes().map(|(column, bytes)| (column, vec![bytes])).collect();
        let sharp = !(bytes.is_empty() && tokens.is_empty());
        let mut query = QueryBuilder::new(want.select());
        query.push(if is_narrow(filter) && !sharp { " INDEXED BY records_time" } else { "" });
        query.push(" WHERE position >= ").push_bind(range.start);
        query.push(" AND position < ").push_bind(range.end);
        for (column, any) in bytes.into_iter().chain(tokens) {
            push_in(&mut query, column, any);
        }
        for (column, text) in texts {
            query.push(" AND ").push(column).push(" = ").push_bind(names[text]);
        }
        // A plus keeps SQLite from the index of times where another way is shorter.
        let time = if is_narrow(filter) && !sharp { "time" } else { "+time" };
        if let Some(from) = from {
            query.push(" AND ").push(time).push(" >= ").push_bind(from);
        }
        if let Some(until) = until {
            query.push(" AND ").push(time).push(" < ").push_bind(until);
        }
        if let Some(least) = filter.min_latency_ms {
            query.push(" AND latency_ms >= ").push_bind(least);
        }
        push_visible(&mut query, visible, &names);
        query.push(want.order());
        Ok(Some(query))
    }

    /// Returns the columns of tokens, and every token that may stand there: one of each key.
    fn tokens(&self, filter: &RecordFilter) -> Vec<(&'static str, Vec<Vec<u8>>)> {
        let kept = |tokens: Vec<[u8; 32]>| tokens.iter().map(|token| sealed::kept(token)).collect();
        let subject = filter.subject.as_ref().map(|subject| self.keys.subject_tokens(subject));
        let case = filter.case.as_ref().map(|(dept, number)| self.keys.case_tokens(dept, number));
        let tokens = [("subject", subject), ("case_token", case)];
        tokens.into_iter().filter_map(|(column, tokens)| Some((column, kept(tokens?)))).collect()
    }
}

// === impl Want ===

impl Want {
    fn select(self) -> &'static str {
        match self {
            Self::Newest | Self::Oldest => "SELECT position FROM records",
            Self::Count => "SELECT count(*) FROM records",
            #[cfg(test)]
            Self::Plan => "EXPLAIN QUERY PLAN SELECT position FROM records",
        }
    }

    fn order(self) -> &'static str {
        match self {
            Self::Newest => " ORDER BY position DESC",
            Self::Oldest => " ORDER BY position",
            Self::Count => "",
            #[cfg(test)]
            Self::Plan => " ORDER BY position DESC",
        }
    }
}

fn is_narrow(filter: &RecordFilter) -> bool {
    let window = filter.from.zip(filter.until);
    window.is_some_and(|(from, until)| until.saturating_sub(from) <= NARROW_MS)
}

fn push_in(query: &mut QueryBuilder<Sqlite>, column: &str, any: Vec<Vec<u8>>) {
    query.push(" AND ").push(column).push(" IN (");
    let mut list = query.separated(", ");
    for bytes in any {
        list.push_bind(bytes);
    }
    query.push(")");
}

/// Limits a search to what is visible. What no record has has no number, and fits none.
pub(super) fn push_visible(
    query: &mut QueryBuilder<Sqlite>,
    visible: &Visibility,
    names: &HashMap<String, i64>,
) {
    let Some(department) = visible.department() else { return };
    let department = names.get(department).copied();
    query.push(" AND (department = ").push_bind(department);
    query.push(" OR holder = ").push_bind(department);
    query.push(" OR kind IN (");
    let mut kinds = query.separated(", ");
    for kind in visible.kinds().iter().filter_map(|kind| names.get(*kind)) {
        kinds.push_bind(*kind);
    }
    query.push("))");
}
