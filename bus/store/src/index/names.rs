//! Texts that many records share, each kept once under a number.

use std::collections::{HashMap, HashSet};

use sqlx::{QueryBuilder, Sqlite, SqlitePool, Transaction};

/// Texts looked for in one statement.
const CHUNK: usize = 500;

/// Returns the numbers of texts; what no record has is left out.
pub(super) async fn find(
    pool: &SqlitePool,
    texts: &[&str],
) -> Result<HashMap<String, i64>, sqlx::Error> {
    let mut found = HashMap::new();
    for texts in texts.chunks(CHUNK) {
        found.extend(select(texts).build_query_as::<(String, i64)>().fetch_all(pool).await?);
    }
    Ok(found)
}

/// Returns the texts of numbers.
pub(super) async fn read(
    pool: &SqlitePool,
    ids: &HashSet<i64>,
) -> Result<HashMap<i64, String>, sqlx::Error> {
    let mut found = HashMap::new();
    for ids in ids.iter().collect::<Vec<_>>().chunks(CHUNK) {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT id, text FROM names WHERE id IN (");
        let mut list = query.separated(", ");
        for id in ids {
            list.push_bind(**id);
        }
        query.push(")");
        found.extend(query.build_query_as::<(i64, String)>().fetch_all(pool).await?);
    }
    Ok(found)
}

/// Returns the numbers of texts, and gives one to each that has none yet.
pub(super) async fn keep(
    transaction: &mut Transaction<'static, Sqlite>,
    texts: &HashSet<&str>,
) -> Result<HashMap<String, i64>, sqlx::Error> {
    let mut found = HashMap::new();
    for texts in texts.iter().copied().collect::<Vec<_>>().chunks(CHUNK) {
        let mut query = QueryBuilder::<Sqlite>::new("INSERT OR IGNORE INTO names (text) ");
        query.push_values(texts, |mut tuple, text| {
            tuple.push_bind((*text).to_owned());
        });
        query.build().execute(&mut **transaction).await?;
        let mut query = select(texts);
        let rows = query.build_query_as::<(String, i64)>().fetch_all(&mut **transaction).await?;
        found.extend(rows);
    }
    Ok(found)
}

fn select(texts: &[&str]) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT text, id FROM names WHERE text IN (");
    let mut list = query.separated(", ");
    for text in texts {
        list.push_bind((*text).to_owned());
    }
    query.push(")");
    query
}
