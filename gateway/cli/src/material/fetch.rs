//! `oncebus material fetch`.

use std::{
    io::{self, SeekFrom},
    path::{Path, PathBuf},
};

use clap::Args;
use oncebus_proto::v1::{self as pb, transfer_service_client::TransferServiceClient};
use sha2::{Digest as _, Sha256};
use tokio::{
    fs::{self, File, OpenOptions},
    io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _},
};
use tonic::{Code, Status, transport::Channel};

use super::{answer, bar::bar, receipt};
use crate::{
    client::{CallArgs, ProfileArgs, failed, subject},
    exit::{CliError, Exit},
    output::OutputArgs,
};

/// How often a broken stream is taken up again.
const TRIES: u32 = 5;

/// Flags of `material fetch`.
#[derive(Debug, Args)]
pub(crate) struct FetchArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    call: CallArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Name of the version, materialTypes/CODE/versions/ID
    #[arg(long, conflicts_with_all = ["material_type", "subject", "number"])]
    version: Option<String>,
    /// Code or alias of the type whose current version is wanted
    #[arg(long = "type", value_name = "TYPE", required_unless_present = "version")]
    material_type: Option<String>,
    /// Whom or what it is about, like project:2501-370800-04-01-000016
    #[arg(long, value_name = "SCHEME:VALUE", value_parser = subject, required_unless_present = "version")]
    subject: Option<pb::Subject>,
    /// The issuer's number, where the subject has several
    #[arg(long, default_value_t)]
    number: String,
    /// File to write; it appears when all of it is verified
    #[arg(long)]
    out: PathBuf,
    /// Continue the file from here: it has this many bytes of the version already
    #[arg(long, value_name = "N", default_value_t, requires = "version")]
    offset: u64,
    /// Keep the receipt in this file
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
}

/// A version on its way into a draft file.
struct Download {
    file: File,
    info: Option<pb::MaterialInfo>,
    receipt: Option<pb::Receipt>,
    written: u64,
}

// === impl FetchArgs ===

impl FetchArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let draft = draft_of(&self.out);
        let fetched = self.fetch_into(&draft).await;
        if fetched.is_err() {
            // Nothing half-done stays; that it is gone already is no fault.
            drop(fs::remove_file(&draft).await);
        }
        let (info, proof) = fetched?;
        fs::rename(&draft, &self.out).await.map_err(|error| unwritable(&self.out, &error))?;
        receipt::keep(&proof, self.receipt.as_deref())?;
        self.output.one(&answer::transfer(&info, true, &proof));
        Ok(())
    }

    async fn fetch_into(&self, draft: &Path) -> Result<(pb::MaterialInfo, pb::Receipt), CliError> {
        let mut client = TransferServiceClient::new(self.profile.connect()?);
        let file = self.start(draft).await.map_err(|error| unwritable(draft, &error))?;
        let mut download = Download { file, info: None, receipt: None, written: self.offset };
        let request_id = self.call.request_id();
        let mut tries = 0;
        while let Err(broken) = self.receive(&mut client, &mut download, &request_id).await {
            tries += 1;
            let may_go_on = download.info.is_some() && tries < TRIES;
            if !may_go_on || !matches!(broken.code(), Code::Unavailable | Code::Cancelled) {
                return Err(failed(&broken));
            }
        }
        let info = download.info.ok_or_else(|| unproven("it has no description"))?;
        let proof = download.receipt.ok_or_else(|| unproven("it has no receipt"))?;
        verify(download.file, &info).await?;
        Ok((info, proof))
    }

    /// Opens the draft, with what the file has already.
    async fn start(&self, draft: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        let mut file =
            options.create(true).truncate(true).read(true).write(true).open(draft).await?;
        if self.offset > 0 {
            let mut begun = File::open(&self.out).await?.take(self.offset);
            let copied = tokio::io::copy(&mut begun, &mut file).await?;
            if copied < self.offset {
                let text = format!("it has {copied} bytes, less than --offset {}", self.offset);
                return Err(io::Error::other(text));
            }
        }
        Ok(file)
    }

    /// Receives until the end, or until the stream breaks.
    async fn receive(
        &self,
        client: &mut TransferServiceClient<Channel>,
        download: &mut Download,
        request_id: &str,
    ) -> Result<(), Status> {
        let request = self.request(download, request_id);
        let mut messages = client.fetch_material(request).await?.into_inner();
        let mut progress = None;
        while let Some(message) = messages.message().await? {
            if let Some(info) = message.info {
                progress = Some(bar(info.size_bytes.unsigned_abs()));
                download.info = Some(info);
            }
            let unwritable = |error: io::Error| Status::internal(format!("cannot write: {error}"));
            download.file.write_all(&message.data).await.map_err(unwritable)?;
            download.written += u64::try_from(message.data.len()).unwrap_or(u64::MAX);
            if let Some(progress) = &progress {
                progress.set_position(download.written);
            }
            download.receipt = message.receipt.or(download.receipt.take());
        }
        if let Some(progress) = progress {
            progress.finish_and_clear();
        }
        Ok(())
    }

    /// Asks for the rest: of the version that came so far, once one did.
    fn request(&self, download: &Download, request_id: &str) -> pb::FetchMaterialRequest {
        let purpose = Some(self.call.purpose.clone());
        let request_id = request_id.to_owned();
        let begun = download.info.as_ref().map(|info| info.version.clone());
        if let Some(version) = begun.or_else(|| self.version.clone()) {
            let offset = i64::try_from(download.written).unwrap_or(i64::MAX);
            return pb::FetchMaterialRequest {
                version,
                offset,
                purpose,
                request_id,
                ..Default::default()
            };
        }
        pb::FetchMaterialRequest {
            material_type: self.material_type.clone().unwrap_or_default(),
            subject: self.subject.clone(),
            number: self.number.clone(),
            purpose,
            request_id,
            ..Default::default()
        }
    }
}

/// Compares the whole draft with the digest of the version.
async fn verify(mut file: File, info: &pb::MaterialInfo) -> Result<(), CliError> {
    let hashed = async {
        file.flush().await?;
        file.seek(SeekFrom::Start(0)).await?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let read = file.read(&mut buffer).await?;
            if read == 0 {
                file.sync_all().await?;
                return Ok::<_, io::Error>(hash.finalize());
            }
            hash.update(&buffer[..read]);
        }
    };
    let hashed = hashed
        .await
        .map_err(|error| CliError::usage(format!("cannot read back what was fetched: {error}")))?;
    let promised = info.sent_digest.as_ref().map(|digest| digest.value.clone());
    if promised.as_deref() != Some(hashed.as_slice()) {
        return Err(unproven("its digest is another one"));
    }
    Ok(())
}

fn draft_of(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn unproven(fault: &str) -> CliError {
    let message = format!("what came is not what was promised: {fault}, nothing was kept");
    CliError::new(Exit::Verification, message)
}

fn unwritable(file: &Path, error: &io::Error) -> CliError {
    CliError::usage(format!("cannot write {}: {error}", file.display()))
}
