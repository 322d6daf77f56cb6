//! `oncebus material`: what an agency system does.

mod answer;
mod bar;
mod bundle;
mod case;
mod download;
mod fetch;
mod list;
mod lookup;
mod publish;
mod resolve;
mod revoke;
mod upload;
mod verify;

use std::{future::Future, time::Duration};

use clap::Subcommand;
use oncebus_proto::v1::{self as pb, transfer_service_client::TransferServiceClient};
use serde_json::{Value, json};
use tokio::time::timeout;
use tonic::{Status, transport::Channel};

use crate::{
    client::ProfileArgs,
    exit::{CliError, Exit},
};

/// Longest message of a transfer: 1 MiB of data and what goes with it.
const MAX_MESSAGE_BYTES: usize = (1024 + 64) * 1024;
/// Longest time of one call of a transfer; the gateway allows no more.
const TRANSFER_TIME: Duration = Duration::from_secs(600);

/// Longest wait for the next message of a stream: a holder's slowest chunk is far sooner.
const SILENCE: Duration = Duration::from_secs(60);

/// Publishes, fetches, finds and verifies materials
#[derive(Debug, Subcommand)]
pub(crate) enum MaterialCommand {
    /// Publishes a file once; what is held already is not sent again
    Publish(Box<publish::PublishArgs>),
    /// Fetches a version into a file, verified to the byte
    Fetch(Box<fetch::FetchArgs>),
    /// Fetches the materials of a list, each into a file of its own
    Bundle(Box<bundle::BundleArgs>),
    /// Finds what is held of a type about a subject
    Find(lookup::FindArgs),
    /// Describes one version
    Get(lookup::GetArgs),
    /// Says whether claims about a material are true, and nothing else of it
    Verify(verify::VerifyArgs),
    /// Lists everything of a project and of its parties' licences, by stage
    List(list::ListArgs),
    /// Says of everything that an item or a package requires whether it is held
    Resolve(Box<resolve::ResolveArgs>),
    /// Takes a version back for ever, and tells who was given it
    Revoke(Box<revoke::RevokeArgs>),
}

// === impl MaterialCommand ===

impl MaterialCommand {
    /// Runs the command.
    pub(crate) async fn run(self) -> Result<(), CliError> {
        match self {
            Self::Publish(args) => args.run().await,
            Self::Fetch(args) => args.run().await,
            Self::Bundle(args) => args.run().await,
            Self::Find(args) => args.run().await,
            Self::Get(args) => args.run().await,
            Self::Verify(args) => args.run().await,
            Self::List(args) => args.run().await,
            Self::Resolve(args) => args.run().await,
            Self::Revoke(args) => args.run().await,
        }
    }
}

fn transfers(profile: &ProfileArgs) -> Result<TransferServiceClient<Channel>, CliError> {
    let client = TransferServiceClient::new(profile.connect()?);
    Ok(client.max_decoding_message_size(MAX_MESSAGE_BYTES))
}

/// Waits for the next message of a stream, and not for ever.
async fn silence<T>(next: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    let silent = |_elapsed| {
        let seconds = SILENCE.as_secs();
        Err(Status::cancelled(format!("nothing came for {seconds} s")))
    };
    timeout(SILENCE, next).await.unwrap_or_else(silent)
}

/// Writes how many pieces a checklist has.
pub(crate) fn counts(counts: &pb::ChecklistCounts) -> Value {
    json!({
        "asked": counts.asked,
        "distinct": counts.distinct,
        "held": counts.held,
        "to_collect": counts.to_collect,
        "satisfied": counts.satisfied,
    })
}

fn unproven(fault: &str) -> CliError {
    let message = format!("the answer is not what was promised: {fault}");
    CliError::new(Exit::Verification, message)
}

#[cfg(test)]
mod tests;
