//! `oncebus audit prove`.

use std::path::PathBuf;

use clap::Args;
use oncebus_proto::v1 as pb;

use super::connect;
use crate::{
    client::{CALL_TIME, ProfileArgs, failed, within},
    exit::{CliError, Exit},
    output::OutputArgs,
    receipt,
};

/// Flags of `audit prove`.
#[derive(Debug, Args)]
pub(crate) struct ProveArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Position of the record in the log
    index: i64,
    /// Name of the log [default: the gateway's own]
    #[arg(long, default_value_t)]
    origin: String,
    /// Keep the proof in this file: as C2SP tlog-proof if its name ends in .tlog-proof, else as JSON
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

// === impl ProveArgs ===

impl ProveArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let mut client = connect(&self.profile)?;
        let request = pb::GetReceiptRequest { origin: self.origin, index: self.index };
        let answer = client.get_receipt(within(CALL_TIME, request)).await;
        let answer = answer.map_err(|s| failed(&s))?.into_inner();
        let proof = answer.receipt.ok_or_else(|| {
            CliError::new(Exit::Verification, "the answer holds no receipt: report it")
        })?;
        receipt::keep(&proof, self.out.as_deref())?;
        let pb::Receipt { origin, index, tree_size, .. } = &proof;
        let sentence = format!("record {index} of {origin} is proven under {tree_size} records");
        self.output.sentence(&sentence, &receipt::json(&proof));
        Ok(())
    }
}
