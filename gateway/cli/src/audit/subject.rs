//! `oncebus audit subject`.

use clap::Args;
use oncebus_proto::v1 as pb;

use super::{
    connect,
    filter::WindowArgs,
    record,
    search::{page_size, tell_lag},
};
use crate::{
    client::{CALL_TIME, ProfileArgs, failed, subject, within},
    exit::CliError,
    output::{Column, OutputArgs},
};

const COLUMNS: [Column; 10] = [
    ("#", "index"),
    ("time", "time"),
    ("operation", "operation"),
    ("outcome", "outcome"),
    ("type", "material_type"),
    ("department", "department"),
    ("holder", "holder"),
    ("item", "item"),
    ("cause", "cause"),
    ("basis", "legal_basis"),
];

/// Flags of `audit subject`.
#[derive(Debug, Args)]
pub(crate) struct SubjectArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Whom or what, like credit:91370800MA3D
    #[arg(value_name = "SCHEME:VALUE", value_parser = subject)]
    subject: pb::Subject,
    /// Code or alias of a material type
    #[arg(long = "type", value_name = "TYPE", default_value_t)]
    material_type: String,
    #[command(flatten)]
    window: WindowArgs,
    /// Most records
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
}

// === impl SubjectArgs ===

impl SubjectArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let mut client = connect(&self.profile)?;
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let mut records = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = pb::GetSubjectReportRequest {
                subject: Some(self.subject.clone()),
                material_type: self.material_type.clone(),
                start_time: self.window.since,
                end_time: self.window.until,
                page_size: page_size(limit - records.len()),
                page_token,
            };
            let answer = client.get_subject_report(within(CALL_TIME, request)).await;
            let answer = answer.map_err(|s| failed(&s))?.into_inner();
            records.extend(answer.records.iter().map(record::json));
            page_token = answer.next_page_token;
            if page_token.is_empty() || records.len() >= limit {
                self.output.rows(&COLUMNS, &records);
                tell_lag(answer.tree_size, answer.indexed_size);
                return Ok(());
            }
        }
    }
}
