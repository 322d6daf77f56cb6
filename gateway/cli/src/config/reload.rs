//! `oncebus config reload`.

use std::path::PathBuf;

use clap::Args;
use oncebus_proto::v1::{self as pb, admin_service_client::AdminServiceClient};
use serde_json::json;

use crate::{
    client::{CALL_TIME, Profile, failed, request_id, within},
    exit::{CliError, Exit},
    output::OutputArgs,
    say,
};

/// Flags of `config reload`.
#[derive(Debug, Args)]
pub(crate) struct ReloadArgs {
    /// Connection file of the bus
    #[arg(long, value_name = "FILE", env = "ONCEBUS_PROFILE", default_value = "connection.json")]
    profile: PathBuf,
    /// System of the connection file to call as, whatever ONCEBUS_AS says: its role must be `operator`
    #[arg(id = "as", long = "as", value_name = "SYSTEM", default_value = "operator")]
    system: String,
    #[command(flatten)]
    output: OutputArgs,
}

// === impl ReloadArgs ===

impl ReloadArgs {
    /// Calls the gateway, and says what is in force.
    ///
    /// # Errors
    ///
    /// Returns a denial for a system that is no operator, a failed check for a faulty file, and a
    /// failed connection.
    pub(super) async fn run(self) -> Result<(), CliError> {
        let channel = Profile::load(&self.profile)?.connect(&self.system)?;
        let request = pb::ReloadConfigRequest { request_id: request_id() };
        let request = within(CALL_TIME, request);
        let answer = AdminServiceClient::new(channel).reload_config(request).await;
        let pb::ReloadConfigResponse { epoch, restart_needed, receipt, catalog_version } =
            answer.map_err(|status| failed(&status))?.into_inner();
        let receipt = receipt.ok_or_else(|| {
            CliError::new(Exit::Verification, "the answer has no receipt: report it")
        })?;
        let pb::Receipt { origin, index, .. } = receipt;
        let value = json!({
            "epoch": epoch,
            "catalog_version": catalog_version,
            "restart_needed": restart_needed,
            "receipt": {"origin": origin, "index": index},
        });
        let sentence = format!("epoch {epoch} in force, receipt {origin}#{index}");
        self.output.sentence(&sentence, &value);
        if !restart_needed.is_empty() {
            let keys = restart_needed.join(", ");
            say::note(format_args!("restart the gateway for {keys}: changed, and not in force"));
        }
        Ok(())
    }
}
