//! `oncebus material publish`.

use std::{
    io::SeekFrom,
    path::{Path, PathBuf},
};

use bytes::{Bytes, BytesMut};
use clap::Args;
use oncebus_proto::v1::{self as pb, transfer_service_client::TransferServiceClient};
use sha2::{Digest as _, Sha256};
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _},
};
use tonic::{Status, transport::Channel};
use tonic_types::StatusExt as _;

use super::{answer, bar::bar, receipt};
use crate::{
    client::{CallArgs, ProfileArgs, failed, subject},
    exit::CliError,
    output::OutputArgs,
};

/// Bytes of one piece.
const PIECE_BYTES: usize = 1024 * 1024;
/// How often an upload may be told to go on elsewhere.
const MOVES: u32 = 16;

/// Flags of `material publish`.
#[derive(Debug, Args)]
pub(crate) struct PublishArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    call: CallArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Code or alias of the type
    #[arg(long = "type", value_name = "TYPE")]
    material_type: String,
    /// Whom or what it is about, like project:2501-370800-04-01-000016
    #[arg(long, value_name = "SCHEME:VALUE", value_parser = subject)]
    subject: pb::Subject,
    /// The issuer's number on the document
    #[arg(long)]
    number: String,
    /// The document
    #[arg(long)]
    file: PathBuf,
    /// Media type [default: by the file's ending pdf, ofd or json]
    #[arg(long)]
    media_type: Option<String>,
    /// Day of issue, YYYY-MM-DD
    #[arg(long, value_name = "DATE", default_value_t)]
    issued: String,
    /// Last day of validity, YYYY-MM-DD
    #[arg(long, value_name = "DATE", default_value_t)]
    valid_until: String,
    /// Who issued it
    #[arg(long, value_name = "NAME", default_value_t)]
    issuer: String,
    /// Name of the version that this one replaces
    #[arg(long, value_name = "VERSION", default_value_t)]
    replaces: String,
    /// Keep the receipt in this file
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
}

// === impl PublishArgs ===

impl PublishArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let (size, digest) = measure(&self.file).await.map_err(|e| unreadable(&self.file, &e))?;
        let digest = pb::Digest {
            algorithm: pb::DigestAlgorithm::Sha256.into(),
            value: Bytes::copy_from_slice(&digest),
        };
        let mut client = TransferServiceClient::new(self.profile.connect()?);
        let request_id = self.call.request_id();
        let begin = self.begin(size, &digest, &request_id)?;
        let begun = client.begin_publish(begin).await.map_err(|s| failed(&s))?.into_inner();
        let (info, already_held, proof) = match begun.held_version {
            Some(info) => (info, true, begun.receipt),
            None => {
                self.send(&mut client, &begun.upload, begun.offset, size).await?;
                let commit = pb::CommitPublishRequest {
                    upload: begun.upload,
                    size_bytes: size,
                    digest: Some(digest),
                    request_id,
                };
                let done =
                    client.commit_publish(commit).await.map_err(|s| failed(&s))?.into_inner();
                (done.info.unwrap_or_default(), done.already_held, done.receipt)
            }
        };
        let proof = proof.unwrap_or_default();
        receipt::keep(&proof, self.receipt.as_deref())?;
        self.output.one(&answer::transfer(&info, already_held, &proof));
        Ok(())
    }

    fn begin(
        &self,
        size_bytes: i64,
        digest: &pb::Digest,
        request_id: &str,
    ) -> Result<pb::BeginPublishRequest, CliError> {
        let media_type = match &self.media_type {
            Some(media_type) => media_type.clone(),
            None => by_ending(&self.file)?,
        };
        Ok(pb::BeginPublishRequest {
            material_type: self.material_type.clone(),
            subject: Some(self.subject.clone()),
            number: self.number.clone(),
            size_bytes,
            digest: Some(digest.clone()),
            media_type,
            issued: self.issued.clone(),
            valid_until: self.valid_until.clone(),
            issuer: self.issuer.clone(),
            expected_version: self.replaces.clone(),
            request_id: request_id.to_owned(),
            purpose: Some(self.call.purpose.clone()),
        })
    }

    /// Sends the file from `offset` on, and follows where the gateway says that the upload continues.
    async fn send(
        &self,
        client: &mut TransferServiceClient<Channel>,
        upload: &str,
        mut offset: i64,
        size: i64,
    ) -> Result<(), CliError> {
        let progress = bar(size.unsigned_abs());
        let mut file =
            File::open(&self.file).await.map_err(|error| unreadable(&self.file, &error))?;
        let mut moves = 0;
        while offset < size {
            progress.set_position(offset.unsigned_abs());
            let data = piece(&mut file, offset.unsigned_abs()).await;
            let data = data.map_err(|error| unreadable(&self.file, &error))?;
            let request = pb::PutChunkRequest { upload: upload.to_owned(), offset, data };
            offset = match client.put_chunk(request).await {
                Ok(staged) => staged.into_inner().offset,
                Err(status) => match continues_at(&status) {
                    Some(elsewhere) if moves < MOVES => {
                        moves += 1;
                        elsewhere
                    }
                    _ => return Err(failed(&status)),
                },
            };
        }
        progress.finish_and_clear();
        Ok(())
    }
}

/// Returns size and SHA-256 of a file.
async fn measure(file: &Path) -> std::io::Result<(i64, [u8; 32])> {
    let mut file = File::open(file).await?;
    let mut hash = Sha256::new();
    let mut size = 0;
    let mut buffer = vec![0; PIECE_BYTES];
    loop {
        let read = file.read(&mut buffer).await?;
        if read == 0 {
            return Ok((size, hash.finalize().into()));
        }
        hash.update(&buffer[..read]);
        size += i64::try_from(read).unwrap_or(i64::MAX);
    }
}

async fn piece(file: &mut File, offset: u64) -> std::io::Result<Bytes> {
    file.seek(SeekFrom::Start(offset)).await?;
    let mut data = BytesMut::with_capacity(PIECE_BYTES);
    let most = u64::try_from(PIECE_BYTES).unwrap_or(u64::MAX);
    let mut rest = file.take(most);
    while rest.read_buf(&mut data).await? > 0 {}
    Ok(data.freeze())
}

fn continues_at(status: &Status) -> Option<i64> {
    let info = status.get_details_error_info()?;
    info.metadata.get("expected_offset")?.parse().ok()
}

fn by_ending(file: &Path) -> Result<String, CliError> {
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    match ending.to_ascii_lowercase().as_str() {
        "pdf" => Ok("application/pdf".to_owned()),
        "ofd" => Ok("application/ofd".to_owned()),
        "json" => Ok("application/json".to_owned()),
        _ => Err(CliError::usage(format!(
            "the media type of {} is not told by its name, give --media-type",
            file.display()
        ))),
    }
}

fn unreadable(file: &Path, error: &std::io::Error) -> CliError {
    CliError::usage(format!("cannot read {}: {error}", file.display()))
}
