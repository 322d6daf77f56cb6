//! `oncebus audit retain`.

use clap::Args;
use oncebus_proto::v1 as pb;
use serde_json::{Value, json};

use super::connect;
use crate::{
    client::{CALL_TIME, ProfileArgs, failed, within},
    exit::CliError,
    output::OutputArgs,
};

/// Flags of `audit retain`.
#[derive(Debug, Args)]
pub(crate) struct RetainArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Say what would be dropped, and drop nothing
    #[arg(long)]
    dry_run: bool,
}

// === impl RetainArgs ===

impl RetainArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let mut client = connect(&self.profile)?;
        let request = pb::ApplyRetentionRequest { validate_only: self.dry_run };
        let answer = client.apply_retention(within(CALL_TIME, request)).await;
        let pb::ApplyRetentionResponse { dropped, held, receipt } =
            answer.map_err(|status| failed(&status))?.into_inner();
        let receipt = receipt.map(|receipt| (receipt.origin, receipt.index));
        let done = if self.dry_run { "to be dropped" } else { "dropped" };
        let mut sentence = format!("{} records {done}, {} held", count(&dropped), count(&held));
        if let Some((origin, index)) = &receipt {
            sentence = format!("{sentence}, receipt {origin}#{index}");
        }
        let value = json!({
            "dropped": ranges(&dropped),
            "held": ranges(&held),
            "receipt": receipt.map(|(origin, index)| json!({"origin": origin, "index": index})),
        });
        self.output.sentence(&sentence, &value);
        Ok(())
    }
}

fn count(ranges: &[pb::IndexRange]) -> i64 {
    ranges.iter().map(|range| range.end - range.start).sum()
}

fn ranges(ranges: &[pb::IndexRange]) -> Vec<Value> {
    ranges.iter().map(|range| json!([range.start, range.end])).collect()
}
