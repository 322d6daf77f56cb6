//! `oncebus audit erase`.

use clap::Args;
use oncebus_proto::v1 as pb;
use serde_json::json;

use super::connect;
use crate::{
    client::{ProfileArgs, persist, request_id, within},
    exit::{CliError, Exit},
    output::OutputArgs,
};

/// Longest time of an erasure: a day of many records is read through.
const ERASE_TIME: std::time::Duration = std::time::Duration::from_secs(30);

/// Flags of `audit erase`.
#[derive(Debug, Args)]
pub(crate) struct EraseArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Positions of the records whose sealed parts are erased, at most 1,000
    #[arg(value_name = "INDEX", required_unless_present = "day", conflicts_with = "day")]
    indices: Vec<i64>,
    /// Day whose keys are destroyed, in UTC: all that was sealed on it is lost
    #[arg(long, value_name = "YYYY-MM-DD", default_value_t, hide_default_value = true)]
    day: String,
    /// Why: DATA_SUBJECT_REQUEST, COURT_ORDER or RETENTION
    #[arg(long)]
    ground: String,
    /// UUID of the request; a retry gives the same one [default: a new one]
    #[arg(long, value_name = "UUID")]
    request_id: Option<String>,
}

// === impl EraseArgs ===

impl EraseArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let client = connect(&self.profile)?;
        let request = pb::EraseSealedRequest {
            indices: self.indices,
            day: self.day,
            ground: self.ground,
            request_id: self.request_id.unwrap_or_else(request_id),
        };
        let answer = persist(async || {
            client.clone().erase_sealed(within(ERASE_TIME, request.clone())).await
        });
        let pb::EraseSealedResponse { erased, receipt } = answer.await?;
        let pb::Receipt { origin, index, .. } = receipt.ok_or_else(|| {
            CliError::new(Exit::Verification, "the answer holds no receipt: report it")
        })?;
        let what = if request.day.is_empty() { "sealed parts" } else { "data keys" };
        let sentence = format!("{erased} {what} erased, receipt {origin}#{index}");
        let receipt = json!({"origin": origin, "index": index});
        self.output.sentence(&sentence, &json!({"erased": erased, "receipt": receipt}));
        Ok(())
    }
}
