//! `oncebus audit`: what happened, from the trail.

mod fsck;
mod record;
pub(crate) mod seal_key;
mod time;
mod verify;
mod vkey;

use clap::{Args, Subcommand};
use oncebus_proto::v1::{self as pb, audit_service_client::AuditServiceClient};

use crate::{
    client::{CALL_TIME, ProfileArgs, failed, within},
    exit::{CliError, Exit},
    output::{Column, OutputArgs},
};

const COLUMNS: [Column; 11] = [
    ("#", "index"),
    ("time", "time"),
    ("kind", "kind"),
    ("operation", "operation"),
    ("outcome", "outcome"),
    ("reason", "reason"),
    ("cache", "cache"),
    ("department", "department"),
    ("holder", "holder"),
    ("type", "material_type"),
    ("item", "item"),
];
/// Longest answer that is read, in bytes: a page of 1,000 records.
const MAX_ANSWER_BYTES: usize = 16 << 20;

/// Reads the audit trail; reading it is on the trail too
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Searches records, newest first; every filter must hold
    Search(Box<SearchArgs>),
    /// Shows one record whole
    Show(ShowArgs),
    /// Makes an auditor's key and prints what the gateway's `seal_recipients` takes; needs no gateway
    SealKey(seal_key::SealKeyArgs),
    /// Checks receipts and exports offline; needs nothing but the log's key
    Verify(verify::VerifyArgs),
    /// Checks all files of a trail and names the first fault; needs no gateway
    Fsck(fsck::FsckArgs),
}

/// Flags of `audit search`.
#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Department that called
    #[arg(long, default_value_t)]
    department: String,
    /// System that called, by SPIFFE id
    #[arg(long, default_value_t)]
    system: String,
    /// Department that answered
    #[arg(long, default_value_t)]
    holder: String,
    /// Code or alias of a material type
    #[arg(long = "type", value_name = "TYPE", default_value_t)]
    material_type: String,
    /// Approval item of the purpose
    #[arg(long, default_value_t)]
    item: String,
    /// intent, outcome, aborted, refused, audit_read, config, start or stop
    #[arg(long, default_value_t)]
    kind: String,
    /// publish, resume, fetch, find or get
    #[arg(long, default_value_t)]
    operation: String,
    /// served, denied, failed, unknown or recovered
    #[arg(long, default_value_t)]
    outcome: String,
    /// A registered reason, like ACCESS_DENIED
    #[arg(long, default_value_t)]
    reason: String,
    /// Name of a version
    #[arg(long, default_value_t)]
    version: String,
    /// Not before this time: 2026-03-02T09:00:00+08:00, or a day in Asia/Shanghai
    #[arg(long, value_name = "TIME", value_parser = time::start)]
    since: Option<prost_types::Timestamp>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = time::start)]
    until: Option<prost_types::Timestamp>,
    /// Most records
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
}

/// Flags of `audit show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Position of the record in the log
    index: i64,
    /// Name of the log [default: the gateway's own]
    #[arg(long, default_value_t)]
    origin: String,
}

// === impl AuditCommand ===

impl AuditCommand {
    /// Runs the command.
    pub(crate) async fn run(self) -> Result<(), CliError> {
        match self {
            Self::Search(args) => args.run().await,
            Self::Show(args) => args.run().await,
            Self::SealKey(args) => args.run(),
            Self::Verify(args) => args.run(),
            Self::Fsck(args) => args.run(),
        }
    }
}

impl SearchArgs {
    async fn run(self) -> Result<(), CliError> {
        let channel = self.profile.connect()?;
        let mut client =
            AuditServiceClient::new(channel).max_decoding_message_size(MAX_ANSWER_BYTES);
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let mut records = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = self.request(limit - records.len(), page_token);
            let request = within(CALL_TIME, request);
            let answer = client.search_records(request).await.map_err(|s| failed(&s))?;
            let answer = answer.into_inner();
            records.extend(answer.records.iter().map(record::json));
            page_token = answer.next_page_token;
            if page_token.is_empty() || records.len() >= limit {
                break;
            }
        }
        self.output.rows(&COLUMNS, &records);
        Ok(())
    }

    fn request(&self, rows: usize, page_token: String) -> pb::SearchRecordsRequest {
        // A page's size is no part of the filter that its token is bound to.
        let page_size = i32::try_from(rows.min(1_000)).unwrap_or(1_000);
        let filter = pb::RecordFilter {
            department: self.department.clone(),
            system: self.system.clone(),
            holder: self.holder.clone(),
            material_type: self.material_type.clone(),
            item: self.item.clone(),
            kind: self.kind.clone(),
            operation: self.operation.clone(),
            outcome: self.outcome.clone(),
            reason: self.reason.clone(),
            version: self.version.clone(),
            start_time: self.since,
            end_time: self.until,
            ..pb::RecordFilter::default()
        };
        pb::SearchRecordsRequest { filter: Some(filter), page_size, page_token }
    }
}

impl ShowArgs {
    async fn run(self) -> Result<(), CliError> {
        let mut client = AuditServiceClient::new(self.profile.connect()?);
        let request = pb::GetRecordRequest { origin: self.origin, index: self.index };
        let request = within(CALL_TIME, request);
        let answer = client.get_record(request).await.map_err(|s| failed(&s))?;
        let record = answer.into_inner().record.ok_or_else(|| {
            CliError::new(Exit::Verification, "the answer holds no record: report it")
        })?;
        self.output.one(&record::json(&record));
        Ok(())
    }
}
