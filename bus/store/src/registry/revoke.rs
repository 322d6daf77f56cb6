//! Revoked versions: columns `revoked_ms` and `revocation` of `versions`.

use oncebus_core::{
    ChangeKind, CorrectionState, Digest, MaterialId, MaterialKey, RegistryError, Revoked, Version,
    VersionId,
};
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection, Transaction};

use super::{
    SqliteRegistry, changes, contributions, failed,
    rows::{self, VERSION, blob, material_blob, millis},
};

// === impl SqliteRegistry ===

impl SqliteRegistry {
    pub(super) async fn revoke_version(
        &self,
        id: &VersionId,
        revoked: &Revoked,
    ) -> Result<Option<Version>, RegistryError> {
        let action = "revoke a version";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        let update = "UPDATE versions SET revoked_ms = ?, revocation = ? \
             WHERE id = ? AND revoked_ms IS NULL";
        let changed = sqlx::query(update)
            .bind(millis(revoked.at))
            .bind(revoked.reason.code())
            .bind(blob(id))
            .execute(&mut *transaction)
            .await
            .map_err(failed(action))?;
        if changed.rows_affected() > 0 {
            changes::tell(&mut transaction, id, ChangeKind::Revoked, revoked.at).await?;
            let state = CorrectionState::Withdrawn;
            contributions::close(&mut transaction, id, state, revoked.at).await?;
        }
        let version = self.version_within(&mut transaction, id).await?;
        transaction.commit().await.map_err(failed(action))?;
        Ok(version)
    }

    pub(super) async fn revoked_of(
        &self,
        key: &MaterialKey,
        content: &Digest,
    ) -> Result<Option<Version>, RegistryError> {
        let condition = "m.subject_token = ? AND m.material_type = ? AND m.number = ? \
             AND v.content = ? AND v.revoked_ms IS NOT NULL";
        // One view of the table: a subject that is hidden anew meanwhile is not missed.
        let mut view = self.database.reader.begin().await.map_err(failed(ACTION))?;
        for token in self.keys.subject_tokens(&key.subject) {
            let row = sqlx::query(AssertSqlSafe(select(condition)))
                .bind(token.to_vec())
                .bind(key.material_type.as_str())
                .bind(key.number.as_str())
                .bind(content.as_bytes().to_vec())
                .fetch_optional(&mut *view)
                .await
                .map_err(failed(ACTION))?;
            if let Some(row) = row {
                return rows::version(&row, &self.keys).map(Some);
            }
        }
        Ok(None)
    }

    /// Returns a revoked version of a material with this content, as the transaction sees it.
    pub(super) async fn revoked_within(
        &self,
        transaction: &mut Transaction<'static, Sqlite>,
        material: MaterialId,
        content: &Digest,
    ) -> Result<Option<Version>, RegistryError> {
        let condition = "v.material = ? AND v.content = ? AND v.revoked_ms IS NOT NULL";
        let connection: &mut SqliteConnection = transaction;
        let row = sqlx::query(AssertSqlSafe(select(condition)))
            .bind(material_blob(material))
            .bind(content.as_bytes().to_vec())
            .fetch_optional(connection)
            .await
            .map_err(failed(ACTION))?;
        row.map(|row| rows::version(&row, &self.keys)).transpose()
    }
}

const ACTION: &str = "find a revoked version";

fn select(condition: &str) -> String {
    format!(
        "SELECT {VERSION} FROM versions v JOIN materials m ON m.id = v.material WHERE {condition} \
         LIMIT 1"
    )
}
