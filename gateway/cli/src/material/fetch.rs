//! `oncebus material fetch`.

use std::path::PathBuf;

use clap::Args;
use oncebus_proto::v1::{self as pb, transfer_service_client::TransferServiceClient};
use serde_json::Value;
use tonic::{Status, transport::Channel};

use super::{TRANSFER_TIME, answer, download::Download, silence, transfers};
use crate::{
    client::{CallArgs, Patience, ProfileArgs, failed, subject, within},
    exit::CliError,
    output::OutputArgs,
    receipt,
};

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

// === impl FetchArgs ===

impl FetchArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let answer = self.fetch().await?;
        self.output.one(&answer);
        Ok(())
    }

    /// Fetches into the file, and returns what the user is told.
    pub(super) async fn fetch(&self) -> Result<Value, CliError> {
        let mut client = transfers(&self.profile)?;
        let mut download = Download::begin(&self.out, self.version.as_deref(), self.offset).await?;
        let request_id = self.call.request_id();
        let mut patience = Patience::default();
        loop {
            let before = download.written();
            let request = self.request(&download, &request_id);
            let Some(broken) = receive(&mut client, &mut download, request).await? else { break };
            if download.version().is_none() {
                return Err(failed(&broken));
            }
            if download.written() > before {
                patience = Patience::default();
            }
            patience.wait(&broken).await?;
        }
        let (info, proof) = download.finish(&self.out).await?;
        receipt::keep(&proof, self.receipt.as_deref())?;
        Ok(answer::transfer(&info, true, &proof))
    }

    /// Asks for the rest: of the version that came so far, once one did.
    fn request(&self, download: &Download, request_id: &str) -> pb::FetchMaterialRequest {
        let common = pb::FetchMaterialRequest {
            purpose: Some(self.call.purpose()),
            request_id: request_id.to_owned(),
            ..Default::default()
        };
        match download.version().or(self.version.as_deref()) {
            Some(version) => pb::FetchMaterialRequest {
                version: version.to_owned(),
                offset: i64::try_from(download.written()).unwrap_or(i64::MAX),
                ..common
            },
            None => pb::FetchMaterialRequest {
                material_type: self.material_type.clone().unwrap_or_default(),
                subject: self.subject.clone(),
                number: self.number.clone(),
                ..common
            },
        }
    }
}

/// Receives until the end; returns how the stream broke if it did.
async fn receive(
    client: &mut TransferServiceClient<Channel>,
    download: &mut Download,
    request: pb::FetchMaterialRequest,
) -> Result<Option<Status>, CliError> {
    let mut messages = match client.fetch_material(within(TRANSFER_TIME, request)).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return Ok(Some(status)),
    };
    loop {
        match silence(messages.message()).await {
            Ok(Some(message)) => download.take(message).await?,
            Ok(None) => return Ok(None),
            Err(status) => return Ok(Some(status)),
        }
    }
}
