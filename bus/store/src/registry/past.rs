//! What was current, as the bus knew it then: read from `changes`.

use jiff::Timestamp;
use oncebus_core::{PastVersion, RegistryError, Subject, TypeCode};
use sqlx::{AssertSqlSafe, sqlite::SqliteRow};

use super::{
    SqliteRegistry,
    changes::PUBLISHED,
    failed,
    rows::{self, VERSION, get, millis},
    versions::MAX_CURRENT,
};
use crate::SubjectKeys;

// === impl SqliteRegistry ===

impl SqliteRegistry {
    pub(super) async fn past_versions(
        &self,
        material_type: &TypeCode,
        subject: &Subject,
        before: Timestamp,
    ) -> Result<Vec<PastVersion>, RegistryError> {
        let action = "read the past";
        let select = format!(
            "SELECT {VERSION}, (SELECT s.status FROM changes s WHERE s.version = v.id \
             AND s.at_ms < ?3 ORDER BY s.sequence DESC LIMIT 1) AS then_status \
             FROM materials m JOIN versions v ON v.id = (SELECT c.version FROM changes c \
             WHERE c.material = m.id AND c.kind = {PUBLISHED} AND c.at_ms < ?3 \
             ORDER BY c.sequence DESC LIMIT 1) \
             WHERE m.subject_token = ?1 AND m.material_type = ?2 \
             ORDER BY m.number LIMIT {MAX_CURRENT}"
        );
        let mut found = Vec::new();
        // One view of the tables: a subject that is hidden anew meanwhile is not missed.
        let mut view = self.database.reader.begin().await.map_err(failed(action))?;
        for token in self.keys.subject_tokens(subject) {
            let rows = sqlx::query(AssertSqlSafe(select.as_str()))
                .bind(token.to_vec())
                .bind(material_type.as_str())
                .bind(millis(before))
                .fetch_all(&mut *view)
                .await
                .map_err(failed(action))?;
            for row in rows {
                found.push(past(&row, &self.keys, before)?);
            }
        }
        found.sort_by(|a: &PastVersion, b| a.version.number.cmp(&b.version.number));
        found.truncate(MAX_CURRENT);
        Ok(found)
    }
}

fn past(
    row: &SqliteRow,
    keys: &SubjectKeys,
    before: Timestamp,
) -> Result<PastVersion, RegistryError> {
    let version = rows::version(row, keys)?;
    let revoked = version.revoked.filter(|revoked| revoked.at < before);
    let status = get::<String>(row, "then_status")?.parse()?;
    Ok(PastVersion { version, status, revoked })
}
