//! `oncebus audit show`.

use clap::Args;
use oncebus_proto::v1 as pb;

use super::{connect, record};
use crate::{
    client::{CALL_TIME, ProfileArgs, failed, within},
    exit::{CliError, Exit},
    output::OutputArgs,
};

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

// === impl ShowArgs ===

impl ShowArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let mut client = connect(&self.profile)?;
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
