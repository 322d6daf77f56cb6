//! Tables `uploads` and `upload_chunks`: begin, put, and what is known of an upload.

mod commit;
mod discard;
mod row;

use jiff::Timestamp;
use oncebus_core::{
    ChunkDigests, NewUpload, RegistryError, Upload, UploadId, UploadState, VersionId,
};
use oncebus_trail::Receipt;
use sqlx::{AssertSqlSafe, Sqlite, Transaction};

use super::{
    SqliteRegistry, failed,
    rows::{blob, material_blob, millis, signed, upload_blob},
};
pub(super) use discard::discard_copy;
use row::{DISCARDING, PENDING, SELECT};

// === impl SqliteRegistry ===

impl SqliteRegistry {
    pub(super) async fn same_pending(
        &self,
        like: &NewUpload,
    ) -> Result<Option<Upload>, RegistryError> {
        let mut transaction = self.database.write().await.map_err(failed("find an upload"))?;
        self.same_pending_within(&mut transaction, like).await
    }

    pub(super) async fn insert_upload(
        &self,
        new: &NewUpload,
        limit: u32,
    ) -> Result<Upload, RegistryError> {
        let action = "begin an upload";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        if let Some(same) = self.same_pending_within(&mut transaction, new).await? {
            return Ok(same);
        }
        if discard::is_discarding(&mut transaction, new).await? {
            return Err(RegistryError::Discarding);
        }
        let count = "SELECT count(*) FROM uploads WHERE state = ? AND holder = ?";
        let pending: i64 = sqlx::query_scalar(count)
            .bind(PENDING)
            .bind(new.holder.as_str())
            .fetch_one(&mut *transaction)
            .await
            .map_err(failed(action))?;
        if pending >= i64::from(limit) {
            let department = new.holder.clone();
            return Err(RegistryError::TooManyUploads { department, limit });
        }
        insert(&mut transaction, new, self.keys.hide_purpose(&new.private)?).await?;
        transaction.commit().await.map_err(failed(action))?;
        let chunks = ChunkDigests::default();
        Ok(Upload { begun: new.clone(), chunks, pieces: 0, state: UploadState::Pending })
    }

    pub(super) async fn one_upload(&self, id: UploadId) -> Result<Option<Upload>, RegistryError> {
        let mut connection =
            self.database.reader.begin().await.map_err(failed("find an upload"))?;
        row::upload(&mut connection, id, &self.keys).await
    }

    pub(super) async fn append_chunks(
        &self,
        id: UploadId,
        at: usize,
        chunks: &ChunkDigests,
        now: Timestamp,
    ) -> Result<bool, RegistryError> {
        let action = "note staged chunks";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        let update = "UPDATE uploads SET chunk_count = ?1, \
             progress_ms = CASE WHEN progress_ms < ?2 THEN ?2 ELSE progress_ms END \
             WHERE id = ?3 AND state = ?4 AND chunk_count = ?5";
        let updated = sqlx::query(update)
            .bind(signed((at + chunks.len()) as u64))
            .bind(millis(now))
            .bind(upload_blob(id))
            .bind(PENDING)
            .bind(signed(at as u64))
            .execute(&mut *transaction)
            .await
            .map_err(failed(action))?;
        if updated.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("INSERT INTO upload_chunks (upload, position, digests) VALUES (?, ?, ?)")
            .bind(upload_blob(id))
            .bind(signed(at as u64))
            .bind(chunks.to_bytes())
            .execute(&mut *transaction)
            .await
            .map_err(failed(action))?;
        transaction.commit().await.map_err(failed(action))?;
        Ok(true)
    }

    pub(super) async fn cut_chunks(&self, id: UploadId, count: usize) -> Result<(), RegistryError> {
        let action = "drop lost chunks";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        let Some(upload) = row::upload(&mut transaction, id, &self.keys).await? else {
            return Ok(());
        };
        if upload.state != UploadState::Pending || upload.chunks.len() <= count {
            return Ok(());
        }
        let mut kept = upload.chunks;
        kept.truncate(count);
        sqlx::query("DELETE FROM upload_chunks WHERE upload = ?")
            .bind(upload_blob(id))
            .execute(&mut *transaction)
            .await
            .map_err(failed(action))?;
        // A row of no chunk would stand in the place of the first one to come.
        if !kept.is_empty() {
            sqlx::query("INSERT INTO upload_chunks (upload, position, digests) VALUES (?, 0, ?)")
                .bind(upload_blob(id))
                .bind(kept.to_bytes())
                .execute(&mut *transaction)
                .await
                .map_err(failed(action))?;
        }
        sqlx::query("UPDATE uploads SET chunk_count = ? WHERE id = ?")
            .bind(signed(count as u64))
            .bind(upload_blob(id))
            .execute(&mut *transaction)
            .await
            .map_err(failed(action))?;
        transaction.commit().await.map_err(failed(action))
    }

    pub(super) async fn keep_receipt(
        &self,
        id: UploadId,
        receipt: &Receipt,
    ) -> Result<(), RegistryError> {
        let action = "keep a receipt";
        let text = row::receipt_text(receipt);
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        sqlx::query("UPDATE uploads SET receipt = ? WHERE id = ? AND receipt IS NULL")
            .bind(text)
            .bind(upload_blob(id))
            .execute(&mut *transaction)
            .await
            .map_err(failed(action))?;
        transaction.commit().await.map_err(failed(action))
    }

    pub(super) async fn without_receipt(&self, limit: u32) -> Result<Vec<Upload>, RegistryError> {
        let action = "find publications without a receipt";
        let mut connection = self.database.reader.begin().await.map_err(failed(action))?;
        let select = "SELECT id FROM uploads WHERE state = ? AND receipt IS NULL LIMIT ?";
        let ids: Vec<Vec<u8>> = sqlx::query_scalar(select)
            .bind(row::COMMITTED)
            .bind(limit)
            .fetch_all(&mut *connection)
            .await
            .map_err(failed(action))?;
        row::uploads(&mut connection, ids, &self.keys).await
    }

    pub(super) async fn has_intent(&self, intent: u64) -> Result<bool, RegistryError> {
        let select = "SELECT EXISTS \
             (SELECT 1 FROM uploads WHERE intent = ? AND state IN (?, ?))";
        sqlx::query_scalar(select)
            .bind(signed(intent))
            .bind(PENDING)
            .bind(DISCARDING)
            .fetch_one(&self.database.reader)
            .await
            .map_err(failed("find an upload by its intent"))
    }

    async fn same_pending_within(
        &self,
        transaction: &mut Transaction<'static, Sqlite>,
        like: &NewUpload,
    ) -> Result<Option<Upload>, RegistryError> {
        let select = format!(
            "{SELECT} WHERE u.state = ?1 AND u.system = ?2 AND u.material = ?3 \
             AND u.document = ?4 AND (u.expected = ?5 OR (u.expected IS NULL AND ?5 IS NULL))"
        );
        let row = sqlx::query(AssertSqlSafe(select))
            .bind(PENDING)
            .bind(like.system.as_str())
            .bind(material_blob(like.material))
            .bind(row::text(&like.document))
            .bind(like.expected.as_ref().map(blob))
            .fetch_optional(&mut **transaction)
            .await
            .map_err(failed("find an upload"))?;
        match row {
            Some(row) => row::read(transaction, &row, &self.keys).await.map(Some),
            None => Ok(None),
        }
    }
}

async fn insert(
    transaction: &mut Transaction<'static, Sqlite>,
    new: &NewUpload,
    private: Vec<u8>,
) -> Result<(), RegistryError> {
    let insert = "INSERT INTO uploads \
         (id, material, system, holder, document, content, expected, intent, why, begun_ms, \
         progress_ms, private, intake, chunk_count, state, already_held, discarding_copy, discard_sealed, \
         tried_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, 0, 0, 0)";
    sqlx::query(insert)
        .bind(upload_blob(new.id))
        .bind(material_blob(new.material))
        .bind(new.system.as_str())
        .bind(new.holder.as_str())
        .bind(row::text(&new.document))
        .bind(new.document.digest.as_bytes().to_vec())
        .bind(new.expected.as_ref().map(|id: &VersionId| blob(id)))
        .bind(signed(new.intent))
        .bind(row::text(&new.why))
        .bind(millis(new.now))
        .bind(millis(new.now))
        .bind(private)
        .bind(row::text(&new.intake))
        .bind(PENDING)
        .execute(&mut **transaction)
        .await
        .map_err(failed("begin an upload"))?;
    Ok(())
}
