//! Waits until a request to unseal is approved: its approval is a record like any other.

use std::time::Duration;

use oncebus_proto::v1::{self as pb, audit_service_client::AuditServiceClient};
use tokio::time::timeout;
use tonic::{Status, transport::Channel};

use super::Asked;
use crate::{
    client::{failed, within},
    exit::CliError,
    say,
};

/// Waits for the approval of what was asked.
///
/// # Errors
///
/// Returns a failed check if nobody approved it in time, and what the user is told of a call that
/// failed.
pub(super) async fn approved(
    client: &mut AuditServiceClient<Channel>,
    asked: &Asked,
    seconds: u32,
) -> Result<(), CliError> {
    let limit = Duration::from_secs(seconds.into());
    match timeout(limit, approval(client, asked.receipt.index, limit)).await {
        Ok(Ok(Some(record))) => {
            say::note(format_args!("approved by {}", record.system));
            Ok(())
        }
        Ok(Ok(None)) => Err(CliError::check("the gateway ends, read when it is back")),
        Ok(Err(status)) => Err(failed(&status)),
        Err(_elapsed) => {
            Err(CliError::check(format!("nobody approved it within {seconds} s, read later")))
        }
    }
}

/// Follows the trail until somebody approves what was asked at that record.
async fn approval(
    client: &mut AuditServiceClient<Channel>,
    asked: i64,
    limit: Duration,
) -> Result<Option<pb::Record>, Status> {
    let filter = pb::RecordFilter {
        kind: "admin".to_owned(),
        operation: "approve_unseal".to_owned(),
        outcome: "served".to_owned(),
        ..pb::RecordFilter::default()
    };
    let request = pb::TailRecordsRequest { filter: Some(filter), from_index: Some(asked) };
    let mut messages = client.tail_records(within(limit, request)).await?.into_inner();
    while let Some(message) = messages.message().await? {
        let approves = |record: &pb::Record| record.intent == Some(asked);
        if let Some(record) = message.records.into_iter().find(approves) {
            return Ok(Some(record));
        }
    }
    Ok(None)
}
