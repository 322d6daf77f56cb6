//! `oncebus audit subject`.

use clap::Args;
use oncebus_proto::v1::{self as pb, audit_service_client::AuditServiceClient};
use serde_json::Value;
use tonic::transport::Channel;

use super::{
    connect,
    filter::WindowArgs,
    record,
    search::{page_size, tell_lag},
    unseal,
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
    /// Ask to unseal what is shown: COMPLAINT, INSPECTION, COURT_ORDER, INCIDENT or
    /// DATA_SUBJECT_REQUEST, and the reference of the file that says so
    #[arg(long, value_name = "GROUND:REFERENCE", value_parser = ground)]
    unseal: Option<(String, String)>,
}

// === impl SubjectArgs ===

impl SubjectArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let mut client = connect(&self.profile)?;
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let query = ReportQuery {
            subject: self.subject,
            material_type: self.material_type,
            window: self.window,
        };
        let report = report(&mut client, &query, limit).await?;
        let Report { mut records, tree_size, indexed_size } = report;
        if let Some((ground, reference)) = self.unseal.filter(|_| !records.is_empty()) {
            let indices = records.iter().filter_map(|record| record["index"].as_i64()).collect();
            let request = unseal::request(indices, ground, reference);
            let asked = unseal::ask(&mut client, request).await?;
            for record in &mut records {
                record["unseal"] = asked.name.clone().into();
            }
            self.output.rows(&COLUMNS, &records);
            unseal::tell_asked(&asked);
        } else {
            self.output.rows(&COLUMNS, &records);
        }
        tell_lag(tree_size, indexed_size);
        Ok(())
    }
}

/// Whose records are asked for.
pub(super) struct ReportQuery {
    pub(super) subject: pb::Subject,
    pub(super) material_type: String,
    pub(super) window: WindowArgs,
}

/// Records about a subject, newest first, and how far the search reached.
pub(super) struct Report {
    pub(super) records: Vec<Value>,
    tree_size: i64,
    indexed_size: i64,
}

/// Finds up to `limit` records about a subject.
///
/// # Errors
///
/// Returns what the user is told of a call that failed.
pub(super) async fn report(
    client: &mut AuditServiceClient<Channel>,
    query: &ReportQuery,
    limit: usize,
) -> Result<Report, CliError> {
    let mut report = Report { records: Vec::new(), tree_size: 0, indexed_size: 0 };
    let mut page_token = String::new();
    loop {
        let request = pb::GetSubjectReportRequest {
            subject: Some(query.subject.clone()),
            material_type: query.material_type.clone(),
            start_time: query.window.since,
            end_time: query.window.until,
            page_size: page_size(limit - report.records.len()),
            page_token,
        };
        let answer = client.get_subject_report(within(CALL_TIME, request)).await;
        let answer = answer.map_err(|s| failed(&s))?.into_inner();
        report.records.extend(answer.records.iter().map(record::json));
        (report.tree_size, report.indexed_size) = (answer.tree_size, answer.indexed_size);
        page_token = answer.next_page_token;
        if page_token.is_empty() || report.records.len() >= limit {
            return Ok(report);
        }
    }
}

/// Reads `GROUND:REFERENCE`.
fn ground(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((ground, reference)) if !ground.is_empty() && !reference.is_empty() => {
            Ok((ground.to_owned(), reference.to_owned()))
        }
        _ => Err("give GROUND:REFERENCE, like COMPLAINT:2026-17".to_owned()),
    }
}
