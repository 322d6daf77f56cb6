//! `oncebus audit`: what happened, from the trail.

mod erase;
mod export;
mod filter;
mod fsck;
mod growth;
mod prove;
mod record;
mod retain;
mod reuse;
pub(crate) mod seal_key;
mod search;
mod show;
mod subject;
mod tail;
mod time;
mod unseal;
mod unsealed;
mod verify;
mod vkey;

use clap::Subcommand;
use oncebus_proto::v1::audit_service_client::AuditServiceClient;
use tonic::transport::Channel;

use crate::{client::ProfileArgs, exit::CliError};

/// Longest answer that is read, in bytes: a page of 1,000 records.
const MAX_ANSWER_BYTES: usize = 16 << 20;

/// Reads the audit trail; reading it is on the trail too
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Searches records, newest first; every filter must hold
    Search(Box<search::SearchArgs>),
    /// Shows one record whole
    Show(show::ShowArgs),
    /// Shows records as they are written, until Ctrl-C
    Tail(Box<tail::TailArgs>),
    /// Writes every record that fits, with proofs that verify offline
    Export(Box<export::ExportArgs>),
    /// Counts what was asked for, reused and collected
    Reuse(reuse::ReuseArgs),
    /// Says who had what of one subject, when and why
    Subject(subject::SubjectArgs),
    /// Proves that a record is on the trail
    Prove(prove::ProveArgs),
    /// Checks that the trail only grew since a checkpoint that you kept
    DiffCheckpoints(growth::GrowthArgs),
    /// Checks receipts and exports offline; needs nothing but the log's key
    Verify(verify::VerifyArgs),
    /// Checks all files of a trail and names the first fault; needs no gateway
    Fsck(fsck::FsckArgs),
    /// Unseals records, by two: an auditor asks, another system approves, the auditor reads
    #[command(subcommand)]
    Unseal(Box<unseal::UnsealCommand>),
    /// Erases sealed parts for good; records and proofs stay
    Erase(erase::EraseArgs),
    /// Drops records that the policy does not keep; proofs stay
    Retain(retain::RetainArgs),
    /// Makes an auditor's key and prints what the gateway's `seal_recipients` takes; needs no gateway
    SealKey(seal_key::SealKeyArgs),
}

// === impl AuditCommand ===

impl AuditCommand {
    /// Runs the command.
    pub(crate) async fn run(self) -> Result<(), CliError> {
        match self {
            Self::Search(args) => args.run().await,
            Self::Show(args) => args.run().await,
            Self::Tail(args) => args.run().await,
            Self::Export(args) => args.run().await,
            Self::Reuse(args) => args.run().await,
            Self::Subject(args) => args.run().await,
            Self::Prove(args) => args.run().await,
            Self::DiffCheckpoints(args) => args.run().await,
            Self::Verify(args) => args.run(),
            Self::Fsck(args) => args.run(),
            Self::Unseal(command) => command.run().await,
            Self::Erase(args) => args.run().await,
            Self::Retain(args) => args.run().await,
            Self::SealKey(args) => args.run(),
        }
    }
}

/// Opens the connection.
fn connect(profile: &ProfileArgs) -> Result<AuditServiceClient<Channel>, CliError> {
    let client = AuditServiceClient::new(profile.connect()?);
    Ok(client.max_decoding_message_size(MAX_ANSWER_BYTES))
}
