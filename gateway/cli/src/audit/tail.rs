//! `oncebus audit tail`.

use std::time::Duration;

use clap::Args;
use oncebus_proto::v1::{self as pb, audit_service_client::AuditServiceClient};
use tokio::{select, time::sleep};
use tonic::{Request, Status, transport::Channel};

use super::{connect, filter::FilterArgs, record, search::search};
use crate::{
    client::{ProfileArgs, failed, reopens},
    exit::CliError,
    output::{OutputArgs, Rows},
    say,
    stop::Stop,
};

/// Longest time of one stream; the next one goes on where it ended.
const STREAM_TIME: Duration = Duration::from_secs(24 * 3_600);
/// Pause before the stream is opened again; it doubles up to [`LONGEST_PAUSE`] while that fails.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Flags of `audit tail`.
#[derive(Debug, Args)]
pub(crate) struct TailArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    filter: FilterArgs,
    /// Show so many of the newest records first
    #[arg(short = 'n', long = "lines", value_name = "N", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=1_000), conflicts_with = "from")]
    lines: u32,
    /// Begin at this index of the log
    #[arg(long, value_name = "INDEX", value_parser = clap::value_parser!(i64).range(0..))]
    from: Option<i64>,
}

/// Follows the trail, and knows where to go on.
struct Follower {
    client: AuditServiceClient<Channel>,
    filter: pb::RecordFilter,
    next: i64,
    rows: Rows,
}

// === impl TailArgs ===

impl TailArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let mut stop = Stop::on_signals()?;
        let mut client = connect(&self.profile)?;
        let filter = self.filter.filter();
        let mut rows = self.output.stream(&record::COLUMNS, &record::FIELDS);
        let next = match self.from {
            Some(from) => from,
            None => {
                let lines = usize::try_from(self.lines).unwrap_or_default();
                let found = search(&mut client, &filter, lines.max(1)).await?;
                found.records.iter().take(lines).rev().for_each(|record| rows.push(record));
                found.indexed_size
            }
        };
        let mut follower = Follower { client, filter, next, rows };
        select! {
            ended = follower.run() => ended,
            _signal = stop.asked() => Ok(()),
        }
    }
}

// === impl Follower ===

impl Follower {
    /// Follows until something is wrong that does not pass by itself.
    async fn run(&mut self) -> Result<(), CliError> {
        let mut pause = FIRST_PAUSE;
        loop {
            let before = self.next;
            if let Err(status) = self.stream().await {
                if !reopens(&status) {
                    return Err(failed(&status));
                }
                let next = self.next;
                say::note(format_args!("{}; going on from {next}", failed(&status)));
            }
            pause = if before < self.next { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            sleep(pause).await;
        }
    }

    /// Prints what one stream brings.
    async fn stream(&mut self) -> Result<(), Status> {
        let (filter, from_index) = (Some(self.filter.clone()), Some(self.next));
        let mut request = Request::new(pb::TailRecordsRequest { filter, from_index });
        request.set_timeout(STREAM_TIME);
        let mut messages = self.client.tail_records(request).await?.into_inner();
        while let Some(message) = messages.message().await? {
            message.records.iter().for_each(|one| self.rows.push(&record::json(one)));
            self.next = message.next_index;
        }
        Ok(())
    }
}
