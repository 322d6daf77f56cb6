//! A document on its way to the bus, piece by piece.

use std::{
    io::{self, SeekFrom},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use oncebus_proto::v1::{self as pb, transfer_service_client::TransferServiceClient};
use sha2::{Digest as _, Sha256};
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _},
};
use tonic::{Status, transport::Channel};
use tonic_types::StatusExt as _;

use super::{TRANSFER_TIME, bar::bar};
use crate::{
    client::{Patience, failed, within},
    exit::CliError,
};

/// Bytes of one piece, the most that there may be.
const PIECE_BYTES: i64 = 1024 * 1024;
/// How often an upload may be told to go on elsewhere.
const MOVES: u32 = 16;

/// A file that is published: opened once, so that what was hashed is what is sent.
#[derive(Debug)]
pub(super) struct Document {
    path: PathBuf,
    file: File,
    /// Size in bytes.
    pub(super) size_bytes: i64,
    /// SHA-256 of the whole.
    pub(super) digest: pb::Digest,
}

// === impl Document ===

impl Document {
    /// Opens a file and measures it.
    ///
    /// # Errors
    ///
    /// Names the file that cannot be read.
    pub(super) async fn open(path: &Path) -> Result<Self, CliError> {
        let opened = async {
            let mut file = File::open(path).await?;
            let (size_bytes, digest) = measure(&mut file).await?;
            Ok((file, size_bytes, digest))
        };
        let (file, size_bytes, digest) = opened.await.map_err(|error| unreadable(path, &error))?;
        Ok(Self { path: path.to_owned(), file, size_bytes, digest })
    }

    /// Sends what is missing from `offset` on, and follows where the gateway says that it continues.
    ///
    /// # Errors
    ///
    /// Returns a call that failed for good, a file that changed, or a gateway that leads nowhere.
    pub(super) async fn send(
        &mut self,
        client: &mut TransferServiceClient<Channel>,
        upload: &str,
        mut offset: i64,
    ) -> Result<(), CliError> {
        let progress = bar(self.size_bytes.unsigned_abs());
        let mut moves = 0;
        let mut patience = Patience::default();
        while offset < self.size_bytes {
            progress.set_position(offset.unsigned_abs());
            let data = self.piece(offset).await?;
            let request = pb::PutChunkRequest { upload: upload.to_owned(), offset, data };
            offset = match client.put_chunk(within(TRANSFER_TIME, request)).await {
                Ok(staged) => {
                    patience = Patience::default();
                    self.checked(staged.into_inner().offset, offset + 1)?
                }
                Err(status) => match continues_at(&status) {
                    Some(elsewhere) if moves < MOVES => {
                        moves += 1;
                        self.checked(elsewhere, 0)?
                    }
                    Some(_) => return Err(failed(&status)),
                    None => {
                        patience.wait(&status).await?;
                        offset
                    }
                },
            };
        }
        Ok(())
    }

    /// Returns where the gateway says that the upload continues, unless that leads nowhere.
    fn checked(&self, offset: i64, least: i64) -> Result<i64, CliError> {
        let size = self.size_bytes;
        if (least..=size).contains(&offset) {
            return Ok(offset);
        }
        let message =
            format!("the gateway names offset {offset}, not one from {least} to {size}: report it");
        Err(CliError::check(message))
    }

    async fn piece(&mut self, offset: i64) -> Result<Bytes, CliError> {
        let length = PIECE_BYTES.min(self.size_bytes - offset);
        let mut data = vec![0; usize::try_from(length).unwrap_or_default()];
        let read = async {
            self.file.seek(SeekFrom::Start(offset.unsigned_abs())).await?;
            self.file.read_exact(&mut data).await
        };
        match read.await {
            Ok(_) => Ok(data.into()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                let path = self.path.display();
                Err(CliError::usage(format!("{path} was cut while it was sent, publish it again")))
            }
            Err(error) => Err(unreadable(&self.path, &error)),
        }
    }
}

async fn measure(file: &mut File) -> io::Result<(i64, pb::Digest)> {
    let mut hash = Sha256::new();
    let mut size_bytes = 0;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut buffer).await?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        size_bytes += i64::try_from(read).unwrap_or(i64::MAX);
    }
    let value = Bytes::copy_from_slice(&hash.finalize());
    Ok((size_bytes, pb::Digest { algorithm: pb::DigestAlgorithm::Sha256.into(), value }))
}

fn continues_at(status: &Status) -> Option<i64> {
    let info = status.get_details_error_info()?;
    if info.reason != "UPLOAD_OFFSET" {
        return None;
    }
    info.metadata.get("expected_offset")?.parse().ok()
}

fn unreadable(file: &Path, error: &io::Error) -> CliError {
    CliError::usage(format!("cannot read {}: {error}", file.display()))
}
