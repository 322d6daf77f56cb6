//! `oncebus audit search`.

use clap::Args;
use oncebus_proto::v1::{self as pb, audit_service_client::AuditServiceClient};
use serde_json::Value;
use tonic::transport::Channel;

use super::{
    connect,
    filter::{FilterArgs, WindowArgs},
    record,
};
use crate::{
    client::{CALL_TIME, ProfileArgs, failed, within},
    exit::CliError,
    output::OutputArgs,
    say,
};

/// Most records of a page.
const PAGE: usize = 1_000;

/// Flags of `audit search`.
#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    window: WindowArgs,
    /// Most records
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
}

/// Records that were found, newest first, and how far the search reached.
pub(super) struct Found {
    pub(super) records: Vec<Value>,
    pub(super) tree_size: i64,
    pub(super) indexed_size: i64,
}

// === impl SearchArgs ===

impl SearchArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let mut client = connect(&self.profile)?;
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let found = search(&mut client, &self.filter.within(self.window), limit).await?;
        self.output.rows(&record::COLUMNS, &found.records);
        tell_lag(found.tree_size, found.indexed_size);
        Ok(())
    }
}

/// Finds up to `limit` records.
///
/// # Errors
///
/// Returns what the user is told of a call that failed.
pub(super) async fn search(
    client: &mut AuditServiceClient<Channel>,
    filter: &pb::RecordFilter,
    limit: usize,
) -> Result<Found, CliError> {
    let mut found = Found { records: Vec::new(), tree_size: 0, indexed_size: 0 };
    let mut page_token = String::new();
    loop {
        // A page's size is no part of the filter that its token is bound to.
        let page_size = page_size(limit - found.records.len());
        let filter = Some(filter.clone());
        let request = pb::SearchRecordsRequest { filter, page_size, page_token };
        let request = within(CALL_TIME, request);
        let answer = client.search_records(request).await.map_err(|s| failed(&s))?.into_inner();
        found.records.extend(answer.records.iter().map(record::json));
        (found.tree_size, found.indexed_size) = (answer.tree_size, answer.indexed_size);
        page_token = answer.next_page_token;
        if page_token.is_empty() || found.records.len() >= limit {
            return Ok(found);
        }
    }
}

/// Returns how many records to ask for where so many are left.
pub(super) fn page_size(left: usize) -> i32 {
    i32::try_from(left.min(PAGE)).unwrap_or(i32::MAX)
}

/// Says that the newest records were not looked at, where that is so.
pub(super) fn tell_lag(tree_size: i64, indexed_size: i64) {
    if indexed_size < tree_size {
        let left = tree_size - indexed_size;
        say::note(format_args!("the newest {left} of {tree_size} records were not looked at yet"));
    }
}
