//! Who was given the bytes of a version.

use std::collections::{HashMap, HashSet};

use oncebus_core::{Subject, TypeCode, VersionName};
use sqlx::{QueryBuilder, Row as _, Sqlite, sqlite::SqliteRow};

use super::{IndexError, SearchIndex, names, sealed};

/// Most recipients that are listed.
const MAX_RECIPIENTS: usize = 1_000;
/// What a fetch is told by whose bytes could leave.
const WORDS: [&str; 3] = ["outcome", "fetch", "served"];

/// Systems that were given the bytes of a version, the last one first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipients {
    /// At most 1,000.
    pub recipients: Vec<Recipient>,
    /// Whether there are more.
    pub more: bool,
}

/// One system that was given the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Its department.
    pub department: String,
    /// The system, by SPIFFE id.
    pub system: String,
    /// When it was given them last, in milliseconds since 1970.
    pub last_ms: i64,
    /// How often it was given them.
    pub fetches: u64,
}

// === impl SearchIndex ===

impl SearchIndex {
    /// Lists who was given the bytes of a version. Records of personal types name none: see
    /// [`Self::recipients_about`].
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub async fn recipients(&self, version: &VersionName) -> Result<Recipients, IndexError> {
        let id = version.id.digest().as_bytes().to_vec();
        self.given(&version.material_type, "version", vec![id]).await
    }

    /// Lists who was given the bytes of any version of a type about a subject.
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub async fn recipients_about(
        &self,
        material_type: &TypeCode,
        subject: &Subject,
    ) -> Result<Recipients, IndexError> {
        let marks = self.keys.subject_marks(subject);
        let marks = marks.iter().map(|mark| sealed::kept(mark)).collect();
        self.given(material_type, "subject", marks).await
    }

    async fn given(
        &self,
        material_type: &TypeCode,
        column: &str,
        any: Vec<Vec<u8>>,
    ) -> Result<Recipients, IndexError> {
        let pool = &self.database.reader;
        let words: Vec<_> = WORDS.into_iter().chain([material_type.as_str()]).collect();
        let names = names::find(pool, &words).await?;
        let rows = statement(material_type, column, any, &names).build().fetch_all(pool).await?;
        let more = MAX_RECIPIENTS < rows.len();
        let rows = &rows[..rows.len().min(MAX_RECIPIENTS)];
        let recipients = self.named(rows).await?;
        Ok(Recipients { recipients, more })
    }

    async fn named(&self, rows: &[SqliteRow]) -> Result<Vec<Recipient>, IndexError> {
        let mut ids = HashSet::new();
        for row in rows {
            ids.extend(row.try_get::<Option<i64>, _>("department")?);
            ids.extend(row.try_get::<Option<i64>, _>("system")?);
        }
        let names = names::read(&self.database.reader, &ids).await?;
        rows.iter().map(|row| Ok(recipient(row, &names)?)).collect()
    }
}

/// Writes the one query. An outcome that follows another is about the same fetch.
fn statement(
    material_type: &TypeCode,
    column: &str,
    any: Vec<Vec<u8>>,
    names: &HashMap<String, i64>,
) -> QueryBuilder<Sqlite> {
    let word = |text: &str| names.get(text).copied().unwrap_or(-1);
    let [outcome, fetch, served] = WORDS.map(word);
    let mut query = QueryBuilder::new(
        "SELECT department, system, max(time) AS last_ms, count(*) AS fetches FROM records WHERE ",
    );
    query.push(column).push(" IN (");
    let mut list = query.separated(", ");
    for bytes in any {
        list.push_bind(bytes);
    }
    query.push(") AND material_type = ").push_bind(word(material_type.as_str()));
    query.push(" AND kind = ").push_bind(outcome);
    query.push(" AND operation = ").push_bind(fetch);
    query.push(" AND outcome = ").push_bind(served);
    query.push(" AND follows IS NULL GROUP BY department, system");
    query.push(" ORDER BY last_ms DESC, department, system LIMIT ");
    query.push_bind(MAX_RECIPIENTS as i64 + 1);
    query
}

fn recipient(row: &SqliteRow, names: &HashMap<i64, String>) -> Result<Recipient, sqlx::Error> {
    let name = |column: &str| {
        let id: Option<i64> = row.try_get(column)?;
        Ok::<_, sqlx::Error>(id.and_then(|id| names.get(&id).cloned()).unwrap_or_default())
    };
    Ok(Recipient {
        department: name("department")?,
        system: name("system")?,
        last_ms: row.try_get("last_ms")?,
        fetches: row.try_get::<i64, _>("fetches")?.unsigned_abs(),
    })
}
