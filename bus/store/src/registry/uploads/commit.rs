//! Ends an upload: the one place where an uploaded version becomes current.

use jiff::Timestamp;
use oncebus_core::{
    ChunkDigests, Committed, HeldVersion, Manifest, NewUpload, RecordId, RegistryError, Status,
    Upload, UploadId, UploadState, Version,
};
use sqlx::{Sqlite, Transaction};

use super::{
    super::{
        SqliteRegistry, contributions, failed,
        rows::{blob, record_blob, upload_blob},
        versions::Place,
    },
    discard,
    row::{self, COMMITTED},
};

// === impl SqliteRegistry ===

impl SqliteRegistry {
    pub(in super::super) async fn commit(
        &self,
        id: UploadId,
        manifest: &Manifest,
        chunks: &ChunkDigests,
        outcome: RecordId,
        now: Timestamp,
    ) -> Result<Committed, RegistryError> {
        let action = "commit an upload";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        let Some(upload) = row::upload(&mut transaction, id, &self.keys).await? else {
            return Ok(Committed::Gone);
        };
        match &upload.state {
            UploadState::Pending => {}
            UploadState::Committed { .. } => return self.again(&mut transaction, &upload).await,
            UploadState::Discarding | UploadState::Discarded => return Ok(Committed::Gone),
        }
        check(&upload, manifest, chunks)?;
        let begun = &upload.begun;
        let content = &begun.document.digest;
        let revoked = self.revoked_within(&mut transaction, begun.material, content).await?;
        if let Some(version) = revoked {
            discard::start(&mut transaction, &upload).await?;
            transaction.commit().await.map_err(failed(action))?;
            return Ok(Committed::Revoked { version });
        }
        let current = self.current_within(&mut transaction, begun.material).await?;
        let ended = match current {
            Some(version) if version.manifest.content == begun.document.digest => {
                Ended { version, already_held: true, contributed: false }
            }
            current if begun.intake.fits(current.as_ref(), begun.expected) => {
                let (holder, status) = (&begun.holder, Status::Valid);
                let new = HeldVersion { manifest, chunks, holder, status, confirmed_at: now, now };
                if begun.intake.contributes(current.as_ref()) {
                    self.contribute(&mut transaction, begun, &new).await?
                } else {
                    let version = self.make_current(&mut transaction, &new, Place::Sealed).await?;
                    Ended { version, already_held: false, contributed: false }
                }
            }
            current => {
                discard::start(&mut transaction, &upload).await?;
                transaction.commit().await.map_err(failed(action))?;
                return Ok(Committed::Conflict { current: current.map(|version| version.id) });
            }
        };
        end(&mut transaction, id, &ended, outcome).await?;
        if ended.version.holder != begun.holder {
            discard::start(&mut transaction, &upload).await?;
        }
        transaction.commit().await.map_err(failed(action))?;
        Ok(ended.answer(outcome))
    }

    /// Answers as the first time.
    async fn again(
        &self,
        transaction: &mut Transaction<'static, Sqlite>,
        upload: &Upload,
    ) -> Result<Committed, RegistryError> {
        let UploadState::Committed { version, already_held, outcome, .. } = &upload.state else {
            return Ok(Committed::Gone);
        };
        let version = self.version_within(transaction, version).await?;
        let version = version.ok_or(RegistryError::Corrupt { what: "version of an upload" })?;
        let contributed = contributions::opened_by(transaction, upload.begun.id).await?;
        let already_held = *already_held;
        Ok(Ended { version, already_held, contributed }.answer(*outcome))
    }

    /// Adds a version beside the current one, and opens its correction.
    async fn contribute(
        &self,
        transaction: &mut Transaction<'static, Sqlite>,
        begun: &NewUpload,
        new: &HeldVersion<'_>,
    ) -> Result<Ended, RegistryError> {
        let id = new.manifest.id();
        let already_held = self.version_within(transaction, &id).await?.is_some();
        let version = self.add_beside(transaction, new).await?;
        contributions::open(transaction, begun, &id, new.now).await?;
        Ok(Ended { version, already_held, contributed: true })
    }
}

/// How an upload ended well.
struct Ended {
    version: Version,
    already_held: bool,
    contributed: bool,
}

impl Ended {
    fn answer(self, outcome: RecordId) -> Committed {
        let Self { version, already_held, contributed } = self;
        match (already_held, contributed) {
            (true, _) => Committed::AlreadyHeld { version, outcome },
            (false, true) => Committed::Contributed { version, outcome },
            (false, false) => Committed::New { version, outcome },
        }
    }
}

/// Checks that manifest and chunks are those of the upload: a version is for ever.
fn check(upload: &Upload, manifest: &Manifest, chunks: &ChunkDigests) -> Result<(), RegistryError> {
    let NewUpload { material, material_type, document, .. } = &upload.begun;
    let own = Manifest::new(*material, material_type, document, &upload.chunks);
    if own == *manifest && upload.chunks == *chunks {
        return Ok(());
    }
    Err(RegistryError::Corrupt { what: "manifest of an upload" })
}

async fn end(
    transaction: &mut Transaction<'static, Sqlite>,
    id: UploadId,
    ended: &Ended,
    outcome: RecordId,
) -> Result<(), RegistryError> {
    let action = "commit an upload";
    let update = "UPDATE uploads SET state = ?, version = ?, already_held = ?, outcome = ? \
         WHERE id = ?";
    sqlx::query(update)
        .bind(COMMITTED)
        .bind(blob(&ended.version.id))
        .bind(ended.already_held)
        .bind(record_blob(outcome))
        .bind(upload_blob(id))
        .execute(&mut **transaction)
        .await
        .map_err(failed(action))?;
    // The version has them now.
    sqlx::query("DELETE FROM upload_chunks WHERE upload = ?")
        .bind(upload_blob(id))
        .execute(&mut **transaction)
        .await
        .map_err(failed(action))?;
    Ok(())
}
