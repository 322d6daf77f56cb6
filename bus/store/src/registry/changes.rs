//! Table `changes`: what became current, was superseded, changed its status or was revoked.

use jiff::Timestamp;
use oncebus_core::{Change, ChangeKind, ChangeSpan, RegistryError, VersionId};
use sqlx::{Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    SqliteRegistry, failed,
    rows::{self, blob, get, millis, signed, timestamp},
};
use crate::SubjectKeys;

/// Value of the column `kind` of what became current.
pub(super) const PUBLISHED: i64 = 0;

const SELECT: &str = "SELECT c.sequence AS sequence, c.kind AS kind, c.version AS version, \
     c.status AS status, c.at_ms AS at_ms, v.holder AS holder, m.material_type AS material_type, \
     m.number AS number, m.subject_token AS subject_token, m.subject_key AS subject_key, \
     m.subject_sealed AS subject_sealed \
     FROM changes c JOIN versions v ON v.id = c.version JOIN materials m ON m.id = c.material \
     WHERE c.sequence > ? ORDER BY c.sequence LIMIT ?";

/// Drops what neither a cursor nor the past needs: before the moment, and behind it, before the same
/// moment, is another version that became current, or another word about the same version. That a
/// version became current stays as long as it is the last that did.
const EXPIRE: &str = "DELETE FROM changes WHERE sequence IN (\
     SELECT c.sequence FROM changes c WHERE c.at_ms < ?1 AND EXISTS (\
     SELECT 1 FROM changes l WHERE l.material = c.material AND l.sequence > c.sequence \
     AND l.at_ms < ?1 AND (l.kind = 0 OR (l.version = c.version AND c.kind <> 0))) \
     ORDER BY c.sequence LIMIT ?2) RETURNING sequence";

// === impl SqliteRegistry ===

impl SqliteRegistry {
    pub(super) async fn changes_behind(
        &self,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Change>, RegistryError> {
        let rows = sqlx::query(SELECT)
            .bind(signed(after))
            .bind(limit)
            .fetch_all(&self.database.reader)
            .await
            .map_err(failed("read changes"))?;
        rows.iter().map(|row| change(row, &self.keys)).collect()
    }

    pub(super) async fn span_of_changes(&self) -> Result<ChangeSpan, RegistryError> {
        let select = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'changes'), 0), \
             coalesce((SELECT sequence FROM expired_changes), 0), \
             coalesce((SELECT before_ms FROM expired_changes), 0)";
        let (latest, expired, since): (i64, i64, i64) = sqlx::query_as(select)
            .fetch_one(&self.database.reader)
            .await
            .map_err(failed("read changes"))?;
        Ok(ChangeSpan {
            expired: expired.unsigned_abs(),
            latest: latest.unsigned_abs(),
            since: timestamp(since)?,
        })
    }

    pub(super) async fn drop_old_changes(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, RegistryError> {
        let action = "drop old changes";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        let dropped: Vec<i64> = sqlx::query_scalar(EXPIRE)
            .bind(millis(before))
            .bind(limit)
            .fetch_all(&mut *transaction)
            .await
            .map_err(failed(action))?;
        if let Some(last) = dropped.iter().max() {
            let keep = "INSERT INTO expired_changes (id, sequence, before_ms) VALUES (1, ?, ?) \
                 ON CONFLICT (id) DO UPDATE SET sequence = max(sequence, excluded.sequence), \
                 before_ms = max(before_ms, excluded.before_ms)";
            sqlx::query(keep)
                .bind(last)
                .bind(millis(before))
                .execute(&mut *transaction)
                .await
                .map_err(failed(action))?;
        }
        transaction.commit().await.map_err(failed(action))?;
        Ok(dropped.len() as u64)
    }
}

/// Adds a change of a version, in the transaction that makes it.
pub(super) async fn tell(
    transaction: &mut Transaction<'static, Sqlite>,
    version: &VersionId,
    kind: ChangeKind,
    at: Timestamp,
) -> Result<(), RegistryError> {
    let insert = "INSERT INTO changes (material, version, kind, status, at_ms) \
         SELECT material, id, ?, status, ? FROM versions WHERE id = ?";
    sqlx::query(insert)
        .bind(number(kind))
        .bind(millis(at))
        .bind(blob(version))
        .execute(&mut **transaction)
        .await
        .map_err(failed("tell of a change"))?;
    Ok(())
}

fn change(row: &SqliteRow, keys: &SubjectKeys) -> Result<Change, RegistryError> {
    Ok(Change {
        sequence: get::<i64>(row, "sequence")?.unsigned_abs(),
        kind: kind(get(row, "kind")?)?,
        material_type: get::<String>(row, "material_type")?.parse()?,
        subject: keys.reveal(&rows::hidden(row)?)?,
        number: get::<String>(row, "number")?.parse()?,
        version: VersionId::from_digest(rows::digest(row, "version")?),
        status: get::<String>(row, "status")?.parse()?,
        holder: rows::holder(row)?,
        at: timestamp(get(row, "at_ms")?)?,
    })
}

fn number(kind: ChangeKind) -> i64 {
    match kind {
        ChangeKind::Published => PUBLISHED,
        ChangeKind::Superseded => 1,
        ChangeKind::Status => 2,
        ChangeKind::Revoked => 3,
    }
}

fn kind(number: i64) -> Result<ChangeKind, RegistryError> {
    match number {
        PUBLISHED => Ok(ChangeKind::Published),
        1 => Ok(ChangeKind::Superseded),
        2 => Ok(ChangeKind::Status),
        3 => Ok(ChangeKind::Revoked),
        _ => Err(RegistryError::Corrupt { what: "kind of a change" }),
    }
}
