//! Put chunk: the data goes through to the publisher's own adapter.

use crate::{
    Admitted, Asking, Bus, CHUNK_BYTES, ChunkDigests, ExchangeError, Failure, FieldError,
    HolderError, NewUpload, Operation, Upload, UploadState, cache::Topic, find::finished,
};

use super::PutQuery;

impl Bus {
    /// Adds data to an upload and returns what is staged then.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::UploadOffset`] names where the upload continues, if it is elsewhere.
    pub async fn put_chunk(&self, admitted: Admitted, query: PutQuery) -> Result<u64, Failure> {
        let bus = self.clone();
        let work = async move { Ok(bus.run_put(&admitted, query).await?) };
        finished(tokio::spawn(work)).await
    }

    async fn run_put(&self, admitted: &Admitted, query: PutQuery) -> Result<u64, ExchangeError> {
        let Admitted { caller, deadline, permit, .. } = admitted;
        let asking = Asking::until(*deadline);
        let _room = permit.room(query.data.len() as u64)?;
        let upload = self.own_upload(caller, query.upload).await?;
        let begun = &upload.begun;
        self.policy.decide(caller, Operation::Publish, &begun.material_type)?;
        if upload.state != UploadState::Pending {
            return upload.size_if_committed();
        }
        fits(&upload, &query)?;

        // The Intent of BeginPublish covers this: it stays open until the upload ends.
        let end = query.offset + query.data.len() as u64;
        let chunks = ChunkDigests::of(&query.data);
        let staged =
            self.holders.stage(&begun.holder, query.upload, query.offset, query.data, &asking);
        match staged.await {
            Ok(staged) if staged == end => {}
            Ok(_) | Err(HolderError::StageRange { .. }) => {
                let expected = self.continue_at(&upload, &asking).await?;
                return Err(ExchangeError::UploadOffset { expected });
            }
            Err(error) => return Err(error.into()),
        }
        let now = self.clock.now();
        if self.registry.add_chunks(query.upload, upload.chunks.len(), &chunks, now).await? {
            return Ok(end);
        }
        // Another connection was faster with the same upload.
        let upload = self.own_upload(caller, query.upload).await?;
        if upload.state == UploadState::Pending {
            return Err(ExchangeError::UploadOffset { expected: upload.passed_bytes() });
        }
        // It even ended it: what was just staged is nobody's.
        let NewUpload { id, holder, .. } = &upload.begun;
        if let Err(error) = self.holders.discard(holder, *id, None, &asking).await {
            tracing::warn!(%error, "a staged copy is left at an adapter");
        }
        upload.size_if_committed()
    }

    /// Returns where an upload continues: behind what both the adapter and the registry have.
    pub(super) async fn continue_at(
        &self,
        upload: &Upload,
        asking: &Asking,
    ) -> Result<u64, ExchangeError> {
        let id = upload.begun.id;
        let nothing = bytes::Bytes::new();
        let staged = self.holders.stage(&upload.begun.holder, id, 0, nothing, asking).await?;
        if staged >= upload.passed_bytes() {
            return Ok(upload.passed_bytes());
        }
        let whole = staged / CHUNK_BYTES as u64;
        self.registry.truncate_chunks(id, usize::try_from(whole).unwrap_or(0)).await?;
        Ok(whole * CHUNK_BYTES as u64)
    }
}

impl Upload {
    /// Returns its size where it is committed already: all of it is there, only the commit's answer is
    /// still to be fetched.
    fn size_if_committed(&self) -> Result<u64, ExchangeError> {
        match self.state {
            UploadState::Committed { .. } => Ok(self.begun.document.size_bytes),
            _ => Err(ExchangeError::UploadNotFound),
        }
    }

    /// Returns what the pointer to its material is found under.
    pub(crate) fn topic(&self) -> Topic {
        let NewUpload { material_type, subject, .. } = &self.begun;
        Topic { material_type: material_type.clone(), subject: subject.clone() }
    }

    /// Returns how many bytes passed, as the chunk digests tell.
    pub(crate) fn passed_bytes(&self) -> u64 {
        let whole = self.chunks.len() as u64 * CHUNK_BYTES as u64;
        whole.min(self.begun.document.size_bytes)
    }
}

/// Checks that the data continues the upload and leaves no hole behind it.
fn fits(upload: &Upload, query: &PutQuery) -> Result<(), ExchangeError> {
    let size = upload.begun.document.size_bytes;
    let expected = upload.passed_bytes();
    if query.offset != expected {
        return Err(ExchangeError::UploadOffset { expected });
    }
    let length = query.data.len() as u64;
    if length > size - expected {
        let fault = format!("goes past the announced {size} bytes");
        let cure = format!("send at most {} bytes", size - expected);
        return Err(FieldError::new("data", fault, cure).into());
    }
    if length < size - expected && !length.is_multiple_of(CHUNK_BYTES as u64) {
        let fault = format!("has {length} bytes and is not the end");
        return Err(FieldError::new("data", fault, "send a multiple of 262144").into());
    }
    Ok(())
}
