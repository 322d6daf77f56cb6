//! `oncebus material find` and `get`.

use clap::Args;
use oncebus_proto::v1::{self as pb, material_service_client::MaterialServiceClient};

use super::{answer, unproven};
use crate::{
    client::{CALL_TIME, CallArgs, ProfileArgs, failed, subject, within},
    exit::CliError,
    output::OutputArgs,
};

/// Flags of `material find`.
#[derive(Debug, Args)]
pub(crate) struct FindArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    call: CallArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Code or alias of the type
    #[arg(long = "type", value_name = "TYPE")]
    material_type: String,
    /// Whom or what it is about, like project:2501-370800-04-01-000016
    #[arg(long, value_name = "SCHEME:VALUE", value_parser = subject)]
    subject: pb::Subject,
    /// The issuer's number [default: every one]
    #[arg(long, default_value_t)]
    number: String,
    /// What was current at the end of this day, YYYY-MM-DD, as the bus knew it then [default: now]
    #[arg(long, value_name = "DAY", default_value_t)]
    as_of: String,
}

/// Flags of `material get`.
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    call: CallArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Name of the version, materialTypes/CODE/versions/ID
    #[arg(long)]
    version: String,
}

// === impl FindArgs ===

impl FindArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let mut client = MaterialServiceClient::new(self.profile.connect()?);
        let mut rows = Vec::new();
        let mut page_token = String::new();
        let request_id = self.call.request_id();
        loop {
            let request = pb::FindMaterialsRequest {
                material_type: self.material_type.clone(),
                subject: Some(self.subject.clone()),
                number: self.number.clone(),
                purpose: Some(self.call.purpose()),
                page_size: 0,
                page_token,
                request_id: request_id.clone(),
                include_contributions: false,
                as_of: self.as_of.clone(),
            };
            let request = within(CALL_TIME, request);
            let answer = client.find_materials(request).await.map_err(|s| failed(&s))?;
            let answer = answer.into_inner();
            rows.extend(answer.materials.iter().map(answer::info));
            page_token = answer.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        let columns = match self.as_of.as_str() {
            "" => answer::COLUMNS,
            _ => answer::COLUMNS_THEN,
        };
        self.output.rows(&columns, &rows);
        Ok(())
    }
}

// === impl GetArgs ===

impl GetArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let mut client = MaterialServiceClient::new(self.profile.connect()?);
        let (purpose, request_id) = (Some(self.call.purpose()), self.call.request_id());
        let request = pb::GetMaterialRequest { version: self.version, purpose, request_id };
        let request = within(CALL_TIME, request);
        let answer = client.get_material(request).await.map_err(|s| failed(&s))?.into_inner();
        let info = answer.info.ok_or_else(|| unproven("it describes nothing"))?;
        self.output.one(&answer::info(&info));
        Ok(())
    }
}
