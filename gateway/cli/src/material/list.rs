//! `oncebus material list`: everything of a project.

use clap::Args;
use oncebus_proto::v1::{self as pb, material_service_client::MaterialServiceClient};
use serde_json::Value;

use super::{answer, case::CaseArgs};
use crate::{
    client::{CALL_TIME, CallArgs, ProfileArgs, failed, within},
    exit::CliError,
    output::{Column, OutputArgs},
    say,
};

const COLUMNS: [Column; 8] = [
    ("stage", "stage"),
    ("type", "material_type"),
    ("about", "party"),
    ("number", "number"),
    ("holder", "holder"),
    ("issued", "issued"),
    ("valid until", "valid_until"),
    ("validity", "validity"),
];

/// Flags of `material list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    call: CallArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    case: CaseArgs,
}

// === impl ListArgs ===

impl ListArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let mut client = MaterialServiceClient::new(self.profile.connect()?);
        let mut rows = Vec::new();
        let mut page_token = String::new();
        let request_id = self.call.request_id();
        loop {
            let request = pb::ListMaterialsRequest {
                project: self.case.project.clone(),
                parties: self.case.parties.clone(),
                purpose: Some(self.call.purpose()),
                page_size: 0,
                page_token,
                request_id: request_id.clone(),
            };
            let request = within(CALL_TIME, request);
            let answer = client.list_materials(request).await.map_err(|s| failed(&s))?;
            let answer = answer.into_inner();
            rows.extend(answer.entries.iter().map(entry));
            page_token = answer.next_page_token.clone();
            if page_token.is_empty() {
                self.output.rows(&COLUMNS, &rows);
                say_what_is_left_out(&answer);
                return Ok(());
            }
        }
    }
}

fn entry(entry: &pb::TimelineEntry) -> Value {
    let mut row = entry.info.as_ref().map(answer::info).unwrap_or_default();
    row["stage"] = entry.stage.clone().into();
    row["party"] = entry.party.clone().into();
    row
}

fn say_what_is_left_out(answer: &pb::ListMaterialsResponse) {
    for unknown in &answer.unknown {
        let pb::UnknownMaterial { material_type, party } = unknown;
        say::note(format_args!("{material_type} of {party}: its department does not answer now"));
    }
    if !answer.not_shared.is_empty() {
        say::note(format_args!("not shared with you: {}", answer.not_shared.join(", ")));
    }
}
