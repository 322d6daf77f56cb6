//! Table `contributions`: versions that were brought beside the one of their source.

use jiff::Timestamp;
use oncebus_core::{
    Contribution, CorrectionId, CorrectionState, HeldVersion, NewUpload, RegistryError, Subject,
    TypeCode, UploadId, Version, VersionId,
};
use sqlx::{AssertSqlSafe, Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    SqliteRegistry, failed,
    rows::{self, VERSION, blob, get, material_blob, millis, timestamp, upload_blob, uuid},
    uploads,
    versions::Place,
};
use crate::SubjectKeys;

/// Most contributions of one answer.
const MAX_CONTRIBUTIONS: usize = 100;

/// Values of the column `state`.
const OPEN: i64 = 0;
const MATCHED: i64 = 1;
const DIFFERS: i64 = 2;
const WITHDRAWN: i64 = 3;

/// Columns of a contribution; read by [`contribution`].
const CONTRIBUTION: &str = "c.correction AS correction, c.department AS department, \
     c.exception AS exception, c.state AS state, c.opened_ms AS opened_ms, \
     c.closed_ms AS closed_ms";

const FROM: &str = "FROM contributions c JOIN versions v ON v.id = c.version \
     JOIN materials m ON m.id = c.material";

// === impl SqliteRegistry ===

impl SqliteRegistry {
    pub(super) async fn one_contribution(
        &self,
        id: &VersionId,
    ) -> Result<Option<Contribution>, RegistryError> {
        let select = format!("SELECT {CONTRIBUTION} FROM contributions c WHERE c.version = ?");
        let row = sqlx::query(AssertSqlSafe(select))
            .bind(blob(id))
            .fetch_optional(&self.database.reader)
            .await
            .map_err(failed("find a contribution"))?;
        row.map(|row| contribution(&row)).transpose()
    }

    pub(super) async fn contributions_about(
        &self,
        material_type: &TypeCode,
        subject: &Subject,
    ) -> Result<Vec<(Version, Contribution)>, RegistryError> {
        let select = format!(
            "SELECT {VERSION}, {CONTRIBUTION} {FROM} WHERE m.subject_token = ? \
             AND m.material_type = ? AND m.current IS NOT c.version \
             ORDER BY c.correction LIMIT {MAX_CONTRIBUTIONS}"
        );
        let mut found = Vec::new();
        // One view of the tables: a subject that is hidden anew meanwhile is not missed.
        let mut view = self.database.reader.begin().await.map_err(failed(ACTION))?;
        for token in self.keys.subject_tokens(subject) {
            let rows = sqlx::query(AssertSqlSafe(select.as_str()))
                .bind(token.to_vec())
                .bind(material_type.as_str())
                .fetch_all(&mut *view)
                .await
                .map_err(failed(ACTION))?;
            for row in rows {
                found.push(both(&row, &self.keys)?);
            }
        }
        found.sort_by_key(|(_, contribution)| contribution.correction);
        found.truncate(MAX_CONTRIBUTIONS);
        Ok(found)
    }

    pub(super) async fn not_compared(
        &self,
        after: Option<CorrectionId>,
        limit: u32,
    ) -> Result<Vec<(Version, Contribution)>, RegistryError> {
        let select = format!(
            "SELECT {VERSION}, {CONTRIBUTION} {FROM} WHERE c.state = 0 \
             AND (?1 IS NULL OR c.correction > ?1) ORDER BY c.correction LIMIT ?2"
        );
        let rows = sqlx::query(AssertSqlSafe(select))
            .bind(after.map(|id| id.0.as_bytes().to_vec()))
            .bind(limit)
            .fetch_all(&self.database.reader)
            .await
            .map_err(failed(ACTION))?;
        rows.iter().map(|row| both(row, &self.keys)).collect()
    }

    pub(super) async fn close_one(
        &self,
        id: &VersionId,
        state: CorrectionState,
        at: Timestamp,
    ) -> Result<bool, RegistryError> {
        let action = "close a correction";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        let closed = close(&mut transaction, id, state, at).await?;
        transaction.commit().await.map_err(failed(action))?;
        Ok(closed)
    }

    /// Gives a version that is about to become current to its holder, if it was a contribution; the
    /// contributor's copy is superfluous then.
    pub(super) async fn take_over(
        &self,
        transaction: &mut Transaction<'static, Sqlite>,
        id: &VersionId,
        new: &HeldVersion<'_>,
        place: Place,
    ) -> Result<(), RegistryError> {
        let action = "take a contribution over";
        let update = "UPDATE versions SET holder = ?1, sealed = ?2 WHERE id = ?3 AND holder <> ?1 \
             AND EXISTS (SELECT 1 FROM contributions WHERE version = ?3)";
        let taken = sqlx::query(update)
            .bind(new.holder.as_str())
            .bind(place == Place::Sealed)
            .bind(blob(id))
            .execute(&mut **transaction)
            .await
            .map_err(failed(action))?;
        if taken.rows_affected() == 0 {
            return Ok(());
        }
        let row = sqlx::query("SELECT correction FROM contributions WHERE version = ?")
            .bind(blob(id))
            .fetch_one(&mut **transaction)
            .await
            .map_err(failed(action))?;
        let brought = UploadId(uuid(&row, "correction")?);
        uploads::discard_copy(transaction, brought, &self.keys).await
    }
}

const ACTION: &str = "find contributions";

/// Notes that an upload brought a version as a contribution, unless the version is one already.
pub(super) async fn open(
    transaction: &mut Transaction<'static, Sqlite>,
    upload: &NewUpload,
    version: &VersionId,
    now: Timestamp,
) -> Result<(), RegistryError> {
    let insert = "INSERT INTO contributions \
         (version, material, correction, department, exception, state, opened_ms) \
         VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (version) DO NOTHING";
    sqlx::query(insert)
        .bind(blob(version))
        .bind(material_blob(upload.material))
        .bind(upload_blob(upload.id))
        .bind(upload.holder.as_str())
        .bind(upload.intake.exception().map(|exception| exception.code()))
        .bind(OPEN)
        .bind(millis(now))
        .execute(&mut **transaction)
        .await
        .map_err(failed("open a correction"))?;
    Ok(())
}

/// Returns whether an upload opened a correction.
pub(super) async fn opened_by(
    transaction: &mut Transaction<'static, Sqlite>,
    upload: UploadId,
) -> Result<bool, RegistryError> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM contributions WHERE correction = ?)")
        .bind(upload_blob(upload))
        .fetch_one(&mut **transaction)
        .await
        .map_err(failed(ACTION))
}

/// Closes an open correction; answers whether it was open.
pub(super) async fn close(
    transaction: &mut Transaction<'static, Sqlite>,
    id: &VersionId,
    state: CorrectionState,
    at: Timestamp,
) -> Result<bool, RegistryError> {
    let update =
        "UPDATE contributions SET state = ?, closed_ms = ? WHERE version = ? AND state = ?";
    let closed = sqlx::query(update)
        .bind(code(state))
        .bind(millis(at))
        .bind(blob(id))
        .bind(OPEN)
        .execute(&mut **transaction)
        .await
        .map_err(failed("close a correction"))?;
    Ok(closed.rows_affected() > 0)
}

fn both(row: &SqliteRow, keys: &SubjectKeys) -> Result<(Version, Contribution), RegistryError> {
    Ok((rows::version(row, keys)?, contribution(row)?))
}

/// Reads the columns of [`CONTRIBUTION`].
fn contribution(row: &SqliteRow) -> Result<Contribution, RegistryError> {
    let exception: Option<String> = get(row, "exception")?;
    let closed: Option<i64> = get(row, "closed_ms")?;
    Ok(Contribution {
        correction: CorrectionId(uuid(row, "correction")?),
        department: get::<String>(row, "department")?.parse()?,
        exception: exception.map(|code| code.parse()).transpose()?,
        state: match get::<i64>(row, "state")? {
            OPEN => CorrectionState::Open,
            MATCHED => CorrectionState::Matched,
            DIFFERS => CorrectionState::Differs,
            WITHDRAWN => CorrectionState::Withdrawn,
            _ => return Err(RegistryError::Corrupt { what: "state of a correction" }),
        },
        opened_at: timestamp(get(row, "opened_ms")?)?,
        closed_at: closed.map(timestamp).transpose()?,
    })
}

fn code(state: CorrectionState) -> i64 {
    match state {
        CorrectionState::Open => OPEN,
        CorrectionState::Matched => MATCHED,
        CorrectionState::Differs => DIFFERS,
        CorrectionState::Withdrawn => WITHDRAWN,
    }
}
