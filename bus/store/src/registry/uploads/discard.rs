//! Gives uploads up, and sees that no content goes that a version or another upload needs.

use jiff::Timestamp;
use oncebus_core::{Discard, NewUpload, RegistryError, Upload, UploadId, UploadState};
use sqlx::{Sqlite, Transaction};

use super::{
    super::{
        SqliteRegistry, failed,
        rows::{get, millis, upload_blob},
    },
    row::{self, COMMITTED, DISCARDED, DISCARDING, PENDING},
};
use crate::SubjectKeys;

// === impl SqliteRegistry ===

impl SqliteRegistry {
    pub(in super::super) async fn abandon_idle(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Discard>, RegistryError> {
        let action = "give idle uploads up";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        let select = "SELECT id FROM uploads WHERE state = ? AND progress_ms < ? \
             ORDER BY progress_ms LIMIT ?";
        let idle: Vec<Vec<u8>> = sqlx::query_scalar(select)
            .bind(PENDING)
            .bind(millis(before))
            .bind(limit)
            .fetch_all(&mut *transaction)
            .await
            .map_err(failed(action))?;
        for upload in row::uploads(&mut transaction, idle, &self.keys).await? {
            start(&mut transaction, &upload).await?;
        }
        let select = "SELECT id FROM uploads WHERE state = ? OR discarding_copy = 1 \
             ORDER BY tried_ms, progress_ms LIMIT ?";
        let ids: Vec<Vec<u8>> = sqlx::query_scalar(select)
            .bind(DISCARDING)
            .bind(limit)
            .fetch_all(&mut *transaction)
            .await
            .map_err(failed(action))?;
        let mut discards = Vec::with_capacity(ids.len());
        for upload in row::uploads(&mut transaction, ids, &self.keys).await? {
            note_try(&mut transaction, upload.begun.id, before).await?;
            discards.push(discard(&mut transaction, upload).await?);
        }
        transaction.commit().await.map_err(failed(action))?;
        Ok(discards)
    }

    pub(in super::super) async fn discard_one(
        &self,
        id: UploadId,
    ) -> Result<Option<Discard>, RegistryError> {
        let action = "give an upload up";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        let Some(upload) = row::upload(&mut transaction, id, &self.keys).await? else {
            return Ok(None);
        };
        match &upload.state {
            UploadState::Pending => start(&mut transaction, &upload).await?,
            UploadState::Discarding => {}
            // The commit started it.
            UploadState::Committed { .. } if has_copy(&mut transaction, id).await? => {}
            UploadState::Committed { .. } | UploadState::Discarded => return Ok(None),
        }
        let Some(upload) = row::upload(&mut transaction, id, &self.keys).await? else {
            return Ok(None);
        };
        let discard = discard(&mut transaction, upload).await?;
        transaction.commit().await.map_err(failed(action))?;
        Ok(Some(discard))
    }

    pub(in super::super) async fn mark_discarded(&self, id: UploadId) -> Result<(), RegistryError> {
        let action = "note a discarded upload";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        let update = "UPDATE uploads SET discarding_copy = 0, discard_sealed = 0, \
             state = CASE state WHEN ?1 THEN ?2 ELSE state END WHERE id = ?3";
        sqlx::query(update)
            .bind(DISCARDING)
            .bind(DISCARDED)
            .bind(upload_blob(id))
            .execute(&mut *transaction)
            .await
            .map_err(failed(action))?;
        sqlx::query("DELETE FROM upload_chunks WHERE upload = ?")
            .bind(upload_blob(id))
            .execute(&mut *transaction)
            .await
            .map_err(failed(action))?;
        transaction.commit().await.map_err(failed(action))
    }
}

/// Marks an upload as being discarded, or the superfluous copy of a committed one.
pub(super) async fn start(
    transaction: &mut Transaction<'static, Sqlite>,
    upload: &Upload,
) -> Result<(), RegistryError> {
    let sealed = !is_needed(transaction, upload).await?;
    let update = "UPDATE uploads SET discard_sealed = ?1, \
         discarding_copy = CASE state WHEN ?2 THEN 1 ELSE 0 END, \
         state = CASE state WHEN ?2 THEN ?2 ELSE ?3 END WHERE id = ?4";
    sqlx::query(update)
        .bind(sealed)
        .bind(COMMITTED)
        .bind(DISCARDING)
        .bind(upload_blob(upload.begun.id))
        .execute(&mut **transaction)
        .await
        .map_err(failed("give an upload up"))?;
    Ok(())
}

/// Marks the copy that a committed upload sealed as superfluous: another holder's is the version.
pub(in super::super) async fn discard_copy(
    transaction: &mut Transaction<'static, Sqlite>,
    id: UploadId,
    keys: &SubjectKeys,
) -> Result<(), RegistryError> {
    match row::upload(transaction, id, keys).await? {
        Some(upload) => start(transaction, &upload).await,
        None => Ok(()),
    }
}

/// Returns whether the holder is being told to forget sealed content of the upload's digest.
///
/// No upload begins meanwhile, and no such discard starts while an upload is pending: so what a
/// pending upload seals stays.
pub(super) async fn is_discarding(
    transaction: &mut Transaction<'static, Sqlite>,
    new: &NewUpload,
) -> Result<bool, RegistryError> {
    let select = "SELECT EXISTS (SELECT 1 FROM uploads WHERE holder = ? AND content = ? \
         AND discard_sealed = 1)";
    sqlx::query_scalar(select)
        .bind(new.holder.as_str())
        .bind(new.document.digest.as_bytes().to_vec())
        .fetch_one(&mut **transaction)
        .await
        .map_err(failed("look for discards"))
}

/// Returns whether a version, or another pending upload, of the holder has the upload's content.
async fn is_needed(
    transaction: &mut Transaction<'static, Sqlite>,
    upload: &Upload,
) -> Result<bool, RegistryError> {
    let select = "SELECT EXISTS (SELECT 1 FROM versions WHERE holder = ?1 AND content = ?2) \
         OR EXISTS (SELECT 1 FROM uploads \
         WHERE holder = ?1 AND content = ?2 AND state = ?3 AND id <> ?4)";
    sqlx::query_scalar(select)
        .bind(upload.begun.holder.as_str())
        .bind(upload.begun.document.digest.as_bytes().to_vec())
        .bind(PENDING)
        .bind(upload_blob(upload.begun.id))
        .fetch_one(&mut **transaction)
        .await
        .map_err(failed("look for who needs a content"))
}

/// Returns whether a committed upload has a superfluous copy that is being discarded.
async fn has_copy(
    transaction: &mut Transaction<'static, Sqlite>,
    id: UploadId,
) -> Result<bool, RegistryError> {
    sqlx::query_scalar("SELECT discarding_copy = 1 FROM uploads WHERE id = ?")
        .bind(upload_blob(id))
        .fetch_one(&mut **transaction)
        .await
        .map_err(failed("look for discards"))
}

/// Puts an upload behind those that were not tried since.
async fn note_try(
    transaction: &mut Transaction<'static, Sqlite>,
    id: UploadId,
    before: Timestamp,
) -> Result<(), RegistryError> {
    sqlx::query("UPDATE uploads SET tried_ms = ? WHERE id = ?")
        .bind(millis(before))
        .bind(upload_blob(id))
        .execute(&mut **transaction)
        .await
        .map_err(failed("give idle uploads up"))?;
    Ok(())
}

async fn discard(
    transaction: &mut Transaction<'static, Sqlite>,
    upload: Upload,
) -> Result<Discard, RegistryError> {
    let row = sqlx::query("SELECT discard_sealed FROM uploads WHERE id = ?")
        .bind(upload_blob(upload.begun.id))
        .fetch_one(&mut **transaction)
        .await
        .map_err(failed("give an upload up"))?;
    Ok(Discard { upload, sealed: get(&row, "discard_sealed")? })
}
