//! What was uploaded: staged under its upload's id, then sealed under its digest.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{FileExt as _, PermissionsExt as _},
    sync::Arc,
};

use bytes::Bytes;
use oncebus_adapter::{
    AdapterError, CHUNK_BYTES, ContentHash, ContentHasher, Digest, Seal, Sealed, UploadId,
};
use opendal::{Operator, Writer};

use crate::{
    blocking::blocking,
    folder::Folder,
    layout,
    turns::Turns,
    verified::{self, Verified},
};

/// What was uploaded.
#[derive(Clone, Debug)]
pub(crate) struct Uploads {
    pub(crate) folder: Arc<Folder>,
    /// Writes drafts and renames them.
    pub(crate) sealing: Operator,
    pub(crate) verified: Arc<Verified>,
    pub(crate) of_uploads: Arc<Turns>,
    /// Always taken after a turn of `of_uploads`.
    pub(crate) of_contents: Arc<Turns>,
}

// === impl Uploads ===

impl Uploads {
    /// Tells how many bytes are staged.
    pub(crate) async fn staged(&self, upload: &UploadId) -> Result<u64, AdapterError> {
        let (folder, path) = (Arc::clone(&self.folder), layout::staged(upload));
        blocking(move || match folder.read(&path) {
            Ok(file) => Ok(file.metadata()?.len()),
            Err(AdapterError::NotFound) => Ok(0),
            Err(error) => Err(error),
        })
        .await
    }

    /// Writes `data` at `offset`; returns how many bytes are staged then.
    pub(crate) async fn stage(
        &self,
        upload: &UploadId,
        offset: u64,
        data: Bytes,
    ) -> Result<u64, AdapterError> {
        let turn = self.of_uploads.take(upload).await;
        let (folder, path) = (Arc::clone(&self.folder), layout::staged(upload));
        blocking(move || {
            // The turn ends with the work, also when the caller hangs up before.
            let _turn = turn;
            stage(&folder, &path, offset, &data)
        })
        .await
    }

    /// Verifies an upload and keeps it; goes on to its end when the caller hangs up.
    pub(crate) async fn seal(&self, seal: &Seal) -> Result<Sealed, AdapterError> {
        let (uploads, seal) = (self.clone(), seal.clone());
        tokio::spawn(async move { uploads.seal_now(&seal).await })
            .await
            .map_err(AdapterError::fault)?
    }

    /// Opens sealed content, verified.
    pub(crate) async fn open(&self, digest: Digest, size_bytes: u64) -> Result<File, AdapterError> {
        let (folder, verified) = (Arc::clone(&self.folder), Arc::clone(&self.verified));
        blocking(move || verified.open(&folder, &layout::sealed(&digest), size_bytes, digest)).await
    }

    /// Forgets an upload, and content sealed under `sealed`.
    pub(crate) async fn discard(
        &self,
        upload: &UploadId,
        sealed: Option<&Digest>,
    ) -> Result<(), AdapterError> {
        let turn = self.of_uploads.take(upload).await;
        let content = match sealed {
            Some(digest) => Some((layout::sealed(digest), self.of_contents.take(digest).await)),
            None => None,
        };
        let (folder, staged) = (Arc::clone(&self.folder), layout::staged(upload));
        blocking(move || {
            let _turn = turn;
            folder.remove(&staged)?;
            content.map_or(Ok(()), |(path, _turn)| folder.remove(&path))
        })
        .await
    }

    async fn seal_now(&self, seal: &Seal) -> Result<Sealed, AdapterError> {
        let _upload = self.of_uploads.take(&seal.upload).await;
        let _content = self.of_contents.take(&seal.digest).await;
        let kept = self.open(seal.digest, seal.size_bytes).await;
        let Some(staged) = self.open_staged(&seal.upload).await? else {
            // Sealed before, by this upload or another, or never there.
            return kept.map(|_content| Sealed::Already);
        };
        if staged.metadata()?.len() != seal.size_bytes {
            return Err(AdapterError::SizeMismatch);
        }
        let sealed = match kept {
            Ok(_content) => {
                let hash = blocking(move || Ok(verified::hash(&staged)?)).await?;
                must_be(seal, &hash)?;
                Sealed::Already
            }
            // Not there, or damaged on the disk: then what was uploaded now replaces it.
            Err(
                AdapterError::NotFound | AdapterError::SizeMismatch | AdapterError::DigestMismatch,
            ) => {
                self.keep(seal, staged).await?;
                Sealed::New
            }
            Err(error) => return Err(error),
        };
        let (folder, path) = (Arc::clone(&self.folder), layout::staged(&seal.upload));
        blocking(move || folder.remove(&path)).await?;
        Ok(sealed)
    }

    async fn open_staged(&self, upload: &UploadId) -> Result<Option<File>, AdapterError> {
        let (folder, path) = (Arc::clone(&self.folder), layout::staged(upload));
        blocking(move || match folder.read(&path) {
            Ok(file) => Ok(Some(file)),
            Err(AdapterError::NotFound) => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    /// Copies a staged file into a draft while it is hashed, and gives the draft its name only if
    /// it is right.
    async fn keep(&self, seal: &Seal, staged: File) -> Result<(), AdapterError> {
        let (folder, path) = (Arc::clone(&self.folder), layout::sealed_folder(&seal.digest));
        blocking(move || folder.make(&path)).await?;

        let key = layout::sealed(&seal.digest);
        let mut draft = self.sealing.writer(&key).await.map_err(unsealed)?;
        if let Err(error) = copy(seal, staged, &mut draft).await {
            if let Err(left) = draft.abort().await {
                tracing::warn!(error = %left.kind(), "a draft is left until the next start");
            }
            return Err(error);
        }
        draft.close().await.map_err(unsealed)?;

        let (folder, path) = (Arc::clone(&self.folder), layout::sealed_folder(&seal.digest));
        blocking(move || {
            // opendal makes files as the process's umask says, and does not sync the folder.
            let file = folder.read(&key)?;
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
            file.sync_all()?;
            folder.sync(&path)
        })
        .await
    }
}

/// Writes `data` at `offset` of a staged file. Blocks.
fn stage(folder: &Folder, path: &str, offset: u64, data: &[u8]) -> Result<u64, AdapterError> {
    let file = folder.write(path)?;
    let staged_bytes = file.metadata()?.len();
    if staged_bytes < offset {
        return Err(AdapterError::StageOutOfRange { staged_bytes });
    }
    if offset < staged_bytes {
        file.set_len(offset)?;
    }
    if let Err(error) = file.write_all_at(data, offset) {
        // What is staged stays a whole number of what was sent. Cutting needs no room.
        file.set_len(offset)?;
        return Err(error.into());
    }
    Ok(offset + data.len() as u64)
}

/// Copies into a draft, and sees whether it is what it must be.
async fn copy(seal: &Seal, staged: File, draft: &mut Writer) -> Result<(), AdapterError> {
    let staged = Arc::new(staged);
    let mut hasher = ContentHasher::default();
    let mut at = 0;
    while at < seal.size_bytes {
        let left = usize::try_from(seal.size_bytes - at).unwrap_or(usize::MAX);
        let length = left.min(CHUNK_BYTES);
        let file = Arc::clone(&staged);
        let (chunk, hashed) = blocking(move || {
            let chunk = verified::read_exact(&file, at, length)?;
            hasher.update(&chunk);
            Ok((chunk, hasher))
        })
        .await?;
        hasher = hashed;
        draft.write(chunk).await.map_err(unsealed)?;
        at += length as u64;
    }
    must_be(seal, &hasher.finish())
}

fn must_be(seal: &Seal, hash: &ContentHash) -> Result<(), AdapterError> {
    if hash.digest == seal.digest && hash.chunk_root == seal.chunk_root {
        return Ok(());
    }
    Err(AdapterError::DigestMismatch)
}

/// Finds a full disk among an error's sources.
fn unsealed(error: opendal::Error) -> AdapterError {
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<io::Error>() {
            return io::Error::from(cause.kind()).into();
        }
        source = cause.source();
    }
    // The error's own text names the content's digest.
    AdapterError::fault(format!("cannot seal: {}", error.kind()))
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;
    use opendal::ErrorKind;

    use super::*;

    #[test]
    fn a_full_disk_is_told_from_a_fault() {
        let error = |kind: io::ErrorKind| {
            opendal::Error::new(ErrorKind::Unexpected, "io").set_source(io::Error::from(kind))
        };

        assert!(matches!(unsealed(error(io::ErrorKind::StorageFull)), AdapterError::Full));
        assert!(matches!(unsealed(error(io::ErrorKind::Other)), AdapterError::Fault(_)));
        assert!(matches!(AdapterError::from(io::Error::from(Errno::ENOSPC)), AdapterError::Full));
        assert!(matches!(AdapterError::from(io::Error::from(Errno::EDQUOT)), AdapterError::Full));
    }
}
