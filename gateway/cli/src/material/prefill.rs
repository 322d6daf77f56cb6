//! `oncebus material prefill`: a form, filled with what departments have already.

mod answer;

use clap::Args;
use oncebus_proto::v1::{self as pb, material_service_client::MaterialServiceClient};

use super::case::CaseArgs;
use crate::{
    client::{CALL_TIME, CallArgs, ProfileArgs, failed, within},
    exit::CliError,
    output::{Column, OutputArgs},
    say,
};

/// Columns that a clerk reads.
const COLUMNS: [Column; 4] = [
    ("字段 field", "label_zh"),
    ("值 value", "value"),
    ("来源 source", "told_by"),
    ("说明 note", "note"),
];

/// Flags of `material prefill`.
#[derive(Debug, Args)]
pub(crate) struct PrefillArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    call: CallArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    case: CaseArgs,
    /// Code of the form, like F01
    #[arg(long, value_name = "FORM")]
    form: String,
}

// === impl PrefillArgs ===

impl PrefillArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let mut client = MaterialServiceClient::new(self.profile.connect()?);
        let request = pb::PrefillFormRequest {
            form: self.form,
            project: self.case.project,
            parties: self.case.parties,
            purpose: Some(self.call.purpose()),
            request_id: self.call.request_id(),
        };
        let request = within(CALL_TIME, request);
        let answer = client.prefill_form(request).await.map_err(|s| failed(&s))?;
        show(&self.output, &answer.into_inner());
        Ok(())
    }
}

/// Prints JSON as one object, everything else as rows: one for each value, and one for each field that
/// has none.
fn show(output: &OutputArgs, form: &pb::PrefillFormResponse) {
    if output.is_json() {
        return output.one(&answer::form(form));
    }
    if output.is_table() {
        say::line(format_args!("{} {} {}", form.form, form.name_zh, form.name_en));
    }
    output.rows(&COLUMNS, &answer::rows(form));
    if output.is_table() {
        let filled = form.fields.iter().filter(|field| !field.values.is_empty()).count();
        let differ = form.fields.iter().filter(|field| field.conflict).count();
        let all = form.fields.len();
        say::line("");
        say::line(format_args!(
            "共 {all} 项，已填 {filled} 项，冲突 {differ} 项   {all} fields, {filled} filled, {differ} in conflict"
        ));
    }
}
