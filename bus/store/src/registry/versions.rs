//! Table `versions`, and the pointer to the current one in `materials`.

use jiff::Timestamp;
use oncebus_core::{
    ChangeKind, HeldVersion, MaterialId, Number, RegistryError, Status, Subject, TypeCode, Version,
    VersionId,
};
use sqlx::{AssertSqlSafe, Sqlite, Transaction};

use super::{
    SqliteRegistry, changes, failed,
    rows::{self, VERSION, blob, material_blob, millis},
    status,
};

/// Most versions of one answer.
pub(super) const MAX_CURRENT: usize = 1_000;

/// Where the bytes of a version lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At the origin.
    Origin,
    /// Sealed, after an upload.
    Sealed,
}

// === impl SqliteRegistry ===

impl SqliteRegistry {
    pub(super) async fn current_versions(
        &self,
        material_type: &TypeCode,
        subject: &Subject,
        number: Option<&Number>,
    ) -> Result<Vec<Version>, RegistryError> {
        let select = format!(
            "SELECT {VERSION} FROM materials m JOIN versions v ON v.id = m.current \
             WHERE m.subject_token = ?1 AND m.material_type = ?2 \
             AND (?3 IS NULL OR m.number = ?3) ORDER BY m.number LIMIT {MAX_CURRENT}"
        );
        let mut found = Vec::new();
        // One view of the table: a subject that is hidden anew meanwhile is not missed.
        let mut view = self.database.reader.begin().await.map_err(failed("find versions"))?;
        for token in self.keys.subject_tokens(subject) {
            let rows = sqlx::query(AssertSqlSafe(select.as_str()))
                .bind(token.to_vec())
                .bind(material_type.as_str())
                .bind(number.map(Number::as_str))
                .fetch_all(&mut *view)
                .await
                .map_err(failed("find versions"))?;
            for row in rows {
                found.push(rows::version(&row, &self.keys)?);
            }
        }
        found.sort_by(|a: &Version, b| a.number.cmp(&b.number));
        found.truncate(MAX_CURRENT);
        Ok(found)
    }

    pub(super) async fn one_version(
        &self,
        id: &VersionId,
    ) -> Result<Option<Version>, RegistryError> {
        let row = sqlx::query(AssertSqlSafe(select_version()))
            .bind(blob(id))
            .fetch_optional(&self.database.reader)
            .await
            .map_err(failed("find a version"))?;
        row.map(|row| rows::version(&row, &self.keys)).transpose()
    }

    pub(super) async fn register_version(
        &self,
        held: &HeldVersion<'_>,
    ) -> Result<Version, RegistryError> {
        let action = "register a version";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        let version = self.make_current(&mut transaction, held, Place::Origin).await?;
        transaction.commit().await.map_err(failed(action))?;
        Ok(version)
    }

    /// Adds a version unless it is there, and makes it its material's current one.
    pub(super) async fn make_current(
        &self,
        transaction: &mut Transaction<'static, Sqlite>,
        new: &HeldVersion<'_>,
        place: Place,
    ) -> Result<Version, RegistryError> {
        let id = new.manifest.id();
        add(transaction, &id, new, place).await?;
        self.take_over(transaction, &id, new, place).await?;
        if place == Place::Origin {
            status::note(transaction, &id, new.now, new.status).await?;
        }
        point_at(transaction, new.manifest.material, &id, new.now).await?;
        let version = self.version_within(transaction, &id).await?;
        version.ok_or(RegistryError::Corrupt { what: "version" })
    }

    /// Adds an uploaded version unless it is there, and leaves what is current as it is.
    pub(super) async fn add_beside(
        &self,
        transaction: &mut Transaction<'static, Sqlite>,
        new: &HeldVersion<'_>,
    ) -> Result<Version, RegistryError> {
        let id = new.manifest.id();
        add(transaction, &id, new, Place::Sealed).await?;
        let version = self.version_within(transaction, &id).await?;
        version.ok_or(RegistryError::Corrupt { what: "version" })
    }

    /// Returns the current version of a material, as the transaction sees it.
    pub(super) async fn current_within(
        &self,
        transaction: &mut Transaction<'static, Sqlite>,
        material: MaterialId,
    ) -> Result<Option<Version>, RegistryError> {
        let select = format!(
            "SELECT {VERSION} FROM materials m JOIN versions v ON v.id = m.current WHERE m.id = ?"
        );
        let row = sqlx::query(AssertSqlSafe(select))
            .bind(material_blob(material))
            .fetch_optional(&mut **transaction)
            .await
            .map_err(failed("find the current version"))?;
        row.map(|row| rows::version(&row, &self.keys)).transpose()
    }

    /// Returns a version, as the transaction sees it.
    pub(super) async fn version_within(
        &self,
        transaction: &mut Transaction<'static, Sqlite>,
        id: &VersionId,
    ) -> Result<Option<Version>, RegistryError> {
        let row = sqlx::query(AssertSqlSafe(select_version()))
            .bind(blob(id))
            .fetch_optional(&mut **transaction)
            .await
            .map_err(failed("find a version"))?;
        row.map(|row| rows::version(&row, &self.keys)).transpose()
    }

    pub(super) async fn confirm_version(
        &self,
        id: &VersionId,
        at: Timestamp,
        status: Status,
    ) -> Result<(), RegistryError> {
        let action = "confirm a version";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        let update = "UPDATE versions SET confirmed_ms = ?1 WHERE id = ?2 AND confirmed_ms < ?1";
        sqlx::query(update)
            .bind(millis(at))
            .bind(blob(id))
            .execute(&mut *transaction)
            .await
            .map_err(failed(action))?;
        status::note(&mut transaction, id, at, status).await?;
        transaction.commit().await.map_err(failed(action))
    }
}

/// Adds a version, or confirms it if it is there.
async fn add(
    transaction: &mut Transaction<'static, Sqlite>,
    id: &VersionId,
    new: &HeldVersion<'_>,
    place: Place,
) -> Result<(), RegistryError> {
    let insert = "INSERT INTO versions (id, material, manifest, content, chunks, holder, sealed, \
         confirmed_ms, registered_ms, status, status_ms) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?9) \
         ON CONFLICT (id) DO UPDATE SET confirmed_ms = excluded.confirmed_ms \
         WHERE versions.confirmed_ms < excluded.confirmed_ms";
    sqlx::query(insert)
        .bind(blob(id))
        .bind(material_blob(new.manifest.material))
        .bind(new.manifest.canonical())
        .bind(new.manifest.content.as_bytes().to_vec())
        .bind(new.chunks.to_bytes())
        .bind(new.holder.as_str())
        .bind(place == Place::Sealed)
        .bind(millis(new.confirmed_at))
        .bind(millis(new.now))
        .bind(new.status.code())
        .execute(&mut **transaction)
        .await
        .map_err(failed("add a version"))?;
    Ok(())
}

/// Makes a version the current one, and tells of the change if it is one.
async fn point_at(
    transaction: &mut Transaction<'static, Sqlite>,
    material: MaterialId,
    id: &VersionId,
    now: Timestamp,
) -> Result<(), RegistryError> {
    let action = "make a version current";
    let select = "SELECT current FROM materials WHERE id = ?";
    let before: Option<Option<Vec<u8>>> = sqlx::query_scalar(select)
        .bind(material_blob(material))
        .fetch_optional(&mut **transaction)
        .await
        .map_err(failed(action))?;
    let before = before.flatten();
    if before.as_deref() == Some(blob(id).as_slice()) {
        return Ok(());
    }
    if let Some(before) = before {
        let before = VersionId::from_digest(rows::to_digest(&before)?);
        changes::tell(transaction, &before, ChangeKind::Superseded, now).await?;
    }
    sqlx::query("UPDATE materials SET current = ? WHERE id = ?")
        .bind(blob(id))
        .bind(material_blob(material))
        .execute(&mut **transaction)
        .await
        .map_err(failed(action))?;
    changes::tell(transaction, id, ChangeKind::Published, now).await
}

fn select_version() -> String {
    format!("SELECT {VERSION} FROM versions v JOIN materials m ON m.id = v.material WHERE v.id = ?")
}
