//! A version on its way into a file: a draft beside it, until the last byte is verified.

use std::{io, path::Path};

use indicatif::ProgressBar;
use oncebus_proto::v1 as pb;
use sha2::{Digest as _, Sha256};
use tempfile::TempPath;
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncWriteExt as _},
};

use super::{bar::bar, unproven};
use crate::exit::CliError;

/// A draft that is filled. Dropped before its end, it leaves nothing.
#[derive(Debug)]
pub(super) struct Download {
    draft: TempPath,
    file: File,
    hash: Sha256,
    written: u64,
    /// The version that was asked for, or that came first.
    version: Option<String>,
    info: Option<pb::MaterialInfo>,
    receipt: Option<pb::Receipt>,
    progress: Option<ProgressBar>,
}

// === impl Download ===

impl Download {
    /// Opens a draft beside `out`, with the first `offset` bytes that `out` has already.
    ///
    /// # Errors
    ///
    /// Names the file that cannot be read or written, or has another size than `offset`.
    pub(super) async fn begin(
        out: &Path,
        version: Option<&str>,
        offset: u64,
    ) -> Result<Self, CliError> {
        let (file, draft) =
            draft_beside(out).map_err(|error| unwritable(out, &error))?.into_parts();
        let mut download = Self {
            draft,
            file: File::from_std(file),
            hash: Sha256::new(),
            written: 0,
            version: version.map(ToOwned::to_owned),
            info: None,
            receipt: None,
            progress: None,
        };
        if offset > 0 {
            download.copy(out, offset).await?;
        }
        Ok(download)
    }

    /// Returns how many bytes of the version there are.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Returns the version that came so far.
    pub(super) fn version(&self) -> Option<&str> {
        let info = self.info.as_ref()?;
        Some(info.version.as_str()).filter(|version| !version.is_empty())
    }

    /// Takes the next message.
    ///
    /// # Errors
    ///
    /// Returns a file that cannot be written, or an answer that breaks its own promise.
    pub(super) async fn take(
        &mut self,
        message: pb::FetchMaterialResponse,
    ) -> Result<(), CliError> {
        if let Some(info) = message.info {
            self.describe(info)?;
        }
        let info = self.info.as_ref().ok_or_else(|| unproven("it begins without a description"))?;
        let size = info.size_bytes.unsigned_abs();
        let more = u64::try_from(message.data.len()).unwrap_or(u64::MAX);
        if size - self.written.min(size) < more {
            return Err(unproven("it is longer than it says"));
        }
        self.write(&message.data).await.map_err(|error| unwritable(&self.draft, &error))?;
        // Only the last message's counts: it proves the whole answer.
        self.receipt = message.receipt;
        Ok(())
    }

    /// Verifies the whole and gives it its name.
    ///
    /// # Errors
    ///
    /// Returns a failed verification, or a file that cannot be written.
    pub(super) async fn finish(
        self,
        out: &Path,
    ) -> Result<(pb::MaterialInfo, pb::Receipt), CliError> {
        let (draft, info, receipt) = self.verified(out).await?;
        draft.persist(out).map_err(|error| unwritable(out, &error.error))?;
        Ok((info, receipt))
    }

    /// Verifies the whole, which is to get a name at or in `out`, and returns the draft.
    ///
    /// # Errors
    ///
    /// As [`Self::finish`].
    pub(super) async fn verified(
        self,
        out: &Path,
    ) -> Result<(TempPath, pb::MaterialInfo, pb::Receipt), CliError> {
        let Self { draft, mut file, hash, info, receipt, .. } = self;
        let info = info.ok_or_else(|| unproven("it has no description"))?;
        let receipt = receipt.ok_or_else(|| unproven("it has no receipt at its end"))?;
        let promised = info
            .sent_digest
            .as_ref()
            .filter(|digest| digest.algorithm() == pb::DigestAlgorithm::Sha256);
        let promised = promised.ok_or_else(|| unproven("it names no digest"))?;
        if promised.value != hash.finalize().as_slice() {
            return Err(unproven("the bytes have another digest"));
        }
        let kept = async {
            file.flush().await?;
            file.sync_all().await
        };
        kept.await.map_err(|error| unwritable(out, &error))?;
        Ok((draft, info, receipt))
    }

    /// Takes a description: the first, or, after a break, one of the same version.
    fn describe(&mut self, info: pb::MaterialInfo) -> Result<(), CliError> {
        // A name may be asked for by the type's alias; the id is the same.
        if self.version.as_ref().is_some_and(|version| id(version) != id(&info.version)) {
            return Err(unproven("it is another version"));
        }
        self.version = Some(info.version.clone());
        self.progress.get_or_insert_with(|| bar(info.size_bytes.unsigned_abs()));
        self.info = Some(info);
        Ok(())
    }

    async fn write(&mut self, data: &[u8]) -> io::Result<()> {
        self.file.write_all(data).await?;
        self.hash.update(data);
        self.written += u64::try_from(data.len()).unwrap_or(u64::MAX);
        if let Some(progress) = &self.progress {
            progress.set_position(self.written);
        }
        Ok(())
    }

    /// Copies what an earlier fetch left.
    async fn copy(&mut self, out: &Path, offset: u64) -> Result<(), CliError> {
        let shown = out.display();
        let unreadable = |error| CliError::usage(format!("cannot continue {shown}: {error}"));
        let mut begun = File::open(out).await.map_err(unreadable)?;
        let size = begun.metadata().await.map_err(unreadable)?.len();
        if size != offset {
            let cure = format!("give --offset {size}, or --offset 0 to begin anew");
            return Err(CliError::usage(format!("{shown} has {size} bytes, not {offset}: {cure}")));
        }
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let read = begun.read(&mut buffer).await.map_err(unreadable)?;
            if read == 0 {
                return Ok(());
            }
            self.write(&buffer[..read]).await.map_err(|error| unwritable(&self.draft, &error))?;
        }
    }
}

/// Makes a file that only its owner may read, where `out` will be: a rename stays on one disk.
fn draft_beside(out: &Path) -> io::Result<tempfile::NamedTempFile> {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    tempfile::Builder::new()
        .prefix(".oncebus-")
        .suffix(".part")
        .tempfile_in(folder.unwrap_or(Path::new(".")))
}

fn id(version: &str) -> &str {
    version.rsplit('/').next().unwrap_or_default()
}

fn unwritable(file: &Path, error: &io::Error) -> CliError {
    CliError::usage(format!("cannot write {}: {error}", file.display()))
}
