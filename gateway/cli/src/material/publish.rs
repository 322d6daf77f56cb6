//! `oncebus material publish`.

use std::path::{Path, PathBuf};

use clap::Args;
use oncebus_proto::v1 as pb;
use serde_json::Value;

use super::{TRANSFER_TIME, answer, transfers, unproven, upload::Document};
use crate::{
    client::{CallArgs, ProfileArgs, persist, subject, within},
    exit::CliError,
    output::OutputArgs,
    receipt,
};

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
    /// Last day of validity, YYYY-MM-DD or long_term
    #[arg(long, value_name = "DATE", default_value_t)]
    valid_until: String,
    /// Who issued it
    #[arg(long, value_name = "NAME", default_value_t)]
    issuer: String,
    /// Name of the version that this one replaces
    #[arg(long, value_name = "VERSION", default_value_t)]
    replaces: String,
    /// Why it is uploaded although a department should have it
    #[arg(long, value_name = "EXCEPTION", value_parser = exception, requires = "ground")]
    exception: Option<pb::UploadException>,
    /// Ground of the exception, for auditors only, at most 256 bytes
    #[arg(long, value_name = "TEXT", requires = "exception")]
    ground: Option<String>,
    /// How it stands to another version, like annex_of=materialTypes/CODE/versions/ID; may be repeated
    #[arg(long = "relation", value_name = "KIND=VERSION", value_parser = relation)]
    relations: Vec<Named>,
    /// Keep the receipt in this file
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
}

/// A version that is named as related.
#[derive(Clone, Debug)]
struct Named(pb::Relation);

/// How a publication ended.
struct Published {
    info: pb::MaterialInfo,
    already_held: bool,
    receipt: pb::Receipt,
}

// === impl PublishArgs ===

impl PublishArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let answer = self.publish().await?;
        self.output.one(&answer);
        Ok(())
    }

    /// Publishes the file, and returns what the user is told.
    pub(super) async fn publish(&self) -> Result<Value, CliError> {
        let media_type = match &self.media_type {
            Some(media_type) => media_type.clone(),
            None => by_ending(&self.file)?,
        };
        let mut document = Document::open(&self.file).await?;
        let Published { info, already_held, receipt } =
            self.exchange(&mut document, media_type).await?;
        if info.version_digest.as_ref() != Some(&document.digest) {
            return Err(unproven("the version has another digest than the file"));
        }
        receipt::keep(&receipt, self.receipt.as_deref())?;
        Ok(answer::transfer(&info, already_held, &receipt))
    }

    /// Begins, sends what is missing, commits. Each call may be repeated under its request id.
    async fn exchange(
        &self,
        document: &mut Document,
        media_type: String,
    ) -> Result<Published, CliError> {
        let mut client = transfers(&self.profile)?;
        let request_id = self.call.request_id();
        let begin = self.begin(document, media_type, &request_id);
        let begin = async || client.begin_publish(within(TRANSFER_TIME, begin.clone())).await;
        let begun = persist(begin).await?;
        if let Some(info) = begun.held_version {
            return published(Some(info), true, begun.receipt);
        }
        document.send(&mut client, &begun.upload, begun.offset).await?;
        let commit = pb::CommitPublishRequest {
            upload: begun.upload,
            size_bytes: document.size_bytes,
            digest: Some(document.digest.clone()),
            request_id,
        };
        let commit = async || client.commit_publish(within(TRANSFER_TIME, commit.clone())).await;
        let done = persist(commit).await?;
        published(done.info, done.already_held, done.receipt)
    }

    fn begin(
        &self,
        document: &Document,
        media_type: String,
        request_id: &str,
    ) -> pb::BeginPublishRequest {
        pb::BeginPublishRequest {
            material_type: self.material_type.clone(),
            subject: Some(self.subject.clone()),
            number: self.number.clone(),
            size_bytes: document.size_bytes,
            digest: Some(document.digest.clone()),
            media_type,
            issued: self.issued.clone(),
            valid_until: self.valid_until.clone(),
            issuer: self.issuer.clone(),
            expected_version: self.replaces.clone(),
            request_id: request_id.to_owned(),
            purpose: Some(self.call.purpose()),
            exception: self.exception.unwrap_or_default().into(),
            exception_ground: self.ground.clone().unwrap_or_default(),
            relations: self.relations.iter().map(|named| named.0.clone()).collect(),
        }
    }
}

/// Reads a relation.
fn relation(text: &str) -> Result<Named, String> {
    let (kind, version) = text.split_once('=').ok_or("give KIND=VERSION")?;
    let name = format!("RELATION_KIND_{}", kind.to_uppercase());
    match pb::RelationKind::from_str_name(&name) {
        Some(kind) if kind != pb::RelationKind::Unspecified => {
            Ok(Named(pb::Relation { kind: kind.into(), version: version.to_owned() }))
        }
        _ => Err("the kind is replaces, annex_of, translation_of or snapshot_of".to_owned()),
    }
}

/// Checks that an answer is whole.
fn published(
    info: Option<pb::MaterialInfo>,
    already_held: bool,
    receipt: Option<pb::Receipt>,
) -> Result<Published, CliError> {
    let info = info.ok_or_else(|| unproven("it names no version"))?;
    let receipt = receipt.ok_or_else(|| unproven("it has no receipt"))?;
    Ok(Published { info, already_held, receipt })
}

fn exception(text: &str) -> Result<pb::UploadException, String> {
    let named = pb::UploadException::from_str_name(&format!("UPLOAD_EXCEPTION_{text}"));
    let named = named.filter(|exception| *exception != pb::UploadException::Unspecified);
    named.ok_or_else(|| "give HOLDER_DOWN or RECORD_DISPUTED".to_owned())
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
