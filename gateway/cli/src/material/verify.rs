//! `oncebus material verify`.

mod batch;

use std::path::PathBuf;

use clap::Args;
use oncebus_proto::v1::{self as pb, material_service_client::MaterialServiceClient};
use serde_json::json;

use super::{answer, unproven};
use crate::{
    client::{CALL_TIME, CallArgs, ProfileArgs, failed, subject, within},
    exit::{CliError, Exit},
    output::OutputArgs,
};

/// Flags of `material verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    call: CallArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Code or alias of the type
    #[arg(long = "type", value_name = "TYPE")]
    material_type: String,
    /// Whom or what it is about, like credit:91370800MA3ABCD15K
    #[arg(long, value_name = "SCHEME:VALUE", value_parser = subject, requires = "claims",
        required_unless_present = "batch", conflicts_with = "batch")]
    subject: Option<pb::Subject>,
    /// Verify many, of a CSV file with the columns reference,scheme,value; without a claim: whether each
    /// has one in force
    #[arg(long, value_name = "FILE", conflicts_with = "number")]
    batch: Option<PathBuf>,
    /// The issuer's number [default: any one]
    #[arg(long, default_value = "", hide_default_value = true)]
    number: String,
    /// What is said of it: number, digest, valid_until, issuer, issued, or a field that its holder
    /// keeps; repeat it
    #[arg(long = "claim", value_name = "FIELD=VALUE", value_parser = claim)]
    claims: Vec<pb::Claim>,
}

// === impl VerifyArgs ===

impl VerifyArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        if let Some(file) = &self.batch {
            return self.verify_all(file).await;
        }
        let mut client = MaterialServiceClient::new(self.profile.connect()?);
        let request = pb::VerifyMaterialRequest {
            material_type: self.material_type,
            subject: self.subject,
            number: self.number,
            claims: self.claims,
            purpose: Some(self.call.purpose()),
            request_id: self.call.request_id(),
        };
        let answer = client.verify_material(within(CALL_TIME, request)).await;
        let answer = answer.map_err(|status| failed(&status))?.into_inner();
        let receipt = answer.receipt.as_ref().ok_or_else(|| unproven("it has no receipt"))?;
        let verdict = answer.verdict();
        self.output.one(&json!({
            "verdict": word(verdict),
            "mismatched": answer.mismatched,
            "receipt": answer::address(receipt),
        }));
        ended(verdict)
    }
}

/// Reads `FIELD=VALUE`.
///
/// # Errors
///
/// Says how a claim is written.
pub(super) fn claim(text: &str) -> Result<pb::Claim, String> {
    match text.split_once('=') {
        Some((field, value)) if !field.is_empty() && !value.is_empty() => {
            Ok(pb::Claim { field: field.to_owned(), value: value.to_owned() })
        }
        _ => Err("give FIELD=VALUE".to_owned()),
    }
}

/// Returns the word for a verdict that scripts rely on.
pub(super) fn word(verdict: pb::Verdict) -> &'static str {
    match verdict {
        pb::Verdict::Match => "match",
        pb::Verdict::NoMatch => "no_match",
        pb::Verdict::Unknown | pb::Verdict::Unspecified => "unknown",
    }
}

fn ended(verdict: pb::Verdict) -> Result<(), CliError> {
    match verdict {
        pb::Verdict::Match => Ok(()),
        pb::Verdict::NoMatch => Err(CliError::new(Exit::Verification, "it does not match")),
        pb::Verdict::Unknown | pb::Verdict::Unspecified => {
            let message = "its holder cannot say now, try again later";
            Err(CliError::new(Exit::Partial, message))
        }
    }
}
