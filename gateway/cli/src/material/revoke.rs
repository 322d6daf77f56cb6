//! `oncebus material revoke`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use oncebus_proto::v1::{self as pb, material_service_client::MaterialServiceClient};
use serde_json::{Value, json};

use super::{answer, unproven};
use crate::{
    client::{CALL_TIME, CallArgs, ProfileArgs, persist, within},
    exit::CliError,
    output::OutputArgs,
    receipt,
};

/// Flags of `material revoke`.
#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    call: CallArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Name of the version, materialTypes/CODE/versions/ID
    #[arg(long)]
    version: String,
    /// Why it is revoked
    #[arg(long, value_enum, ignore_case = true)]
    reason: Reason,
    /// What auditors may read beside it
    #[arg(long, value_name = "TEXT", default_value_t)]
    note: String,
    /// Keep the receipt in this file
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
}

/// Why a version is revoked.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
enum Reason {
    /// It was wrong from the start
    Error,
    /// It was got by fraud
    Fraud,
    /// Its authority took it back
    RevokedByAuthority,
    /// Another decision took its place in law
    SupersededInLaw,
    /// Whom it binds withdrew it
    WithdrawnByPrincipal,
}

// === impl RevokeArgs ===

impl RevokeArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let client = MaterialServiceClient::new(self.profile.connect()?);
        let request = pb::RevokeMaterialRequest {
            version: self.version.clone(),
            reason: pb::Revocation::from(self.reason).into(),
            note: self.note.clone(),
            purpose: Some(self.call.purpose()),
            request_id: self.call.request_id(),
        };
        let revoke =
            async || client.clone().revoke_material(within(CALL_TIME, request.clone())).await;
        let revoked = persist(revoke).await?;
        let info = revoked.info.as_ref().ok_or_else(|| unproven("it describes nothing"))?;
        let proof = revoked.receipt.as_ref().ok_or_else(|| unproven("it has no receipt"))?;
        receipt::keep(proof, self.receipt.as_deref())?;
        let mut answer = answer::info(info);
        answer["recipients"] = revoked.recipients.iter().map(recipient).collect::<Vec<_>>().into();
        answer["more_recipients"] = revoked.more_recipients.into();
        answer["complete_to"] = revoked.complete_to.into();
        answer["receipt"] = json!({"origin": proof.origin, "index": proof.index});
        self.output.one(&answer);
        Ok(())
    }
}

// === impl Reason ===

impl From<Reason> for pb::Revocation {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Error => Self::Error,
            Reason::Fraud => Self::Fraud,
            Reason::RevokedByAuthority => Self::RevokedByAuthority,
            Reason::SupersededInLaw => Self::SupersededInLaw,
            Reason::WithdrawnByPrincipal => Self::WithdrawnByPrincipal,
        }
    }
}

fn recipient(recipient: &pb::Recipient) -> Value {
    json!({
        "department": recipient.department,
        "system": recipient.system,
        "last_time": recipient.last_time.as_ref().and_then(answer::time),
        "fetches": recipient.fetches,
    })
}
