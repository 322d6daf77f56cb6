//! `oncebus audit unseal`.

mod wait;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use oncebus_proto::v1::{self as pb, audit_service_client::AuditServiceClient};
use serde_json::{Value, json};
use tonic::transport::Channel;

use super::{
    connect,
    filter::WindowArgs,
    subject::{ReportQuery, report},
    unsealed,
};
use crate::{
    client::{CALL_TIME, ProfileArgs, failed, persist, request_id, subject, within},
    exit::{CliError, Exit},
    output::OutputArgs,
    say,
};

/// Most records of one request.
const MOST: usize = 1_000;

/// Case, officer and subject of records, on record each time
#[derive(Debug, Subcommand)]
pub(crate) enum UnsealCommand {
    /// Asks for records to be unsealed; only an auditor may
    Request(RequestArgs),
    /// Approves what another system asked; only a system with the role security may
    Approve(ApproveArgs),
    /// Reads what was approved, and opens it on this machine; only who asked may
    Read(ReadArgs),
}

/// Flags of `audit unseal request`.
#[derive(Debug, Args)]
pub(crate) struct RequestArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Positions of the records, at most 1,000
    #[arg(value_name = "INDEX", required_unless_present = "subject", conflicts_with = "subject")]
    indices: Vec<i64>,
    /// Why: COMPLAINT, INSPECTION, COURT_ORDER, INCIDENT or DATA_SUBJECT_REQUEST
    #[arg(long)]
    ground: String,
    /// Number of the file that says so; sealed on the trail
    #[arg(long)]
    reference: String,
    /// All records about this subject instead of positions, like credit:91370800MA3D
    #[arg(long, value_name = "SCHEME:VALUE", value_parser = subject)]
    subject: Option<pb::Subject>,
    /// Of these only records about this type
    #[arg(long = "type", value_name = "TYPE", default_value_t, requires = "subject")]
    material_type: String,
    #[command(flatten)]
    window: WindowArgs,
    /// Wait so long for the approval
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    wait: Option<u32>,
}

/// Flags of `audit unseal approve`.
#[derive(Debug, Args)]
pub(crate) struct ApproveArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Name of the request, unseals/...
    name: String,
    /// How long the approval lasts, at most a day
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
    lasts: u32,
}

/// Flags of `audit unseal read`.
#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Name of the request, unseals/...
    name: String,
    /// The auditor's key, which stays on this machine [default: the profile's seal_identity_file]
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

// === impl UnsealCommand ===

impl UnsealCommand {
    pub(super) async fn run(self) -> Result<(), CliError> {
        match self {
            Self::Request(args) => args.run().await,
            Self::Approve(args) => args.run().await,
            Self::Read(args) => args.run().await,
        }
    }
}

// === impl RequestArgs ===

impl RequestArgs {
    async fn run(self) -> Result<(), CliError> {
        let mut client = connect(&self.profile)?;
        let indices = match self.subject {
            None => self.indices,
            Some(subject) => {
                let (material_type, window) = (self.material_type, self.window);
                let query = ReportQuery { subject, material_type, window };
                indices_of(&mut client, &query).await?
            }
        };
        let request = request(indices, self.ground, self.reference);
        let asked = ask(&mut client, request).await?;
        self.output.sentence(&sentence(&asked.unseal), &asked.json());
        tell_asked(&asked);
        match self.wait {
            None => Ok(()),
            Some(seconds) => wait::approved(&mut client, &asked, seconds).await,
        }
    }
}

async fn indices_of(
    client: &mut AuditServiceClient<Channel>,
    query: &ReportQuery,
) -> Result<Vec<i64>, CliError> {
    let found = report(client, query, MOST + 1).await?.records;
    let indices: Vec<_> = found.iter().filter_map(|record| record["index"].as_i64()).collect();
    match indices.len() {
        0 => Err(CliError::new(Exit::NotFound, "there is no record about that subject then")),
        1..=MOST => Ok(indices),
        _ => {
            let fault = format!("there are over {MOST} records about that subject");
            Err(CliError::usage(format!("{fault}, give --type, --since and --until")))
        }
    }
}

// === impl ApproveArgs ===

impl ApproveArgs {
    async fn run(self) -> Result<(), CliError> {
        let client = connect(&self.profile)?;
        let answer = persist(async || {
            let request =
                pb::ApproveUnsealRequest { unseal: self.name.clone(), lasts_s: self.lasts.into() };
            client.clone().approve_unseal(within(CALL_TIME, request)).await
        });
        let pb::ApproveUnsealResponse { unseal, receipt } = answer.await?;
        let approved = Asked::of(unseal, receipt)?;
        self.output.sentence(&sentence(&approved.unseal), &approved.json());
        Ok(())
    }
}

// === impl ReadArgs ===

impl ReadArgs {
    async fn run(self) -> Result<(), CliError> {
        let file = self.identity.clone().map_or_else(|| self.profile.seal_identity(), Ok)?;
        let identity = unsealed::identity(&file)?;
        let mut client = connect(&self.profile)?;
        let request = pb::ReadSealedRequest { unseal: self.name };
        let answer = client.read_sealed(within(CALL_TIME, request)).await;
        let answer = answer.map_err(|status| failed(&status))?.into_inner();
        let opened = unsealed::open(&answer, &identity);
        self.output.rows(&unsealed::COLUMNS, &opened.rows);
        opened.verdict()
    }
}

/// A request to unseal, as the gateway has it.
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) unseal: pb::Unseal,
    pub(super) receipt: pb::Receipt,
}

// === impl Asked ===

impl Asked {
    fn of(unseal: Option<pb::Unseal>, receipt: Option<pb::Receipt>) -> Result<Self, CliError> {
        let (Some(unseal), Some(receipt)) = (unseal, receipt) else {
            let told = "the answer holds no request or no receipt: report it";
            return Err(CliError::new(Exit::Verification, told));
        };
        Ok(Self { name: unseal.name.clone(), unseal, receipt })
    }

    fn json(&self) -> Value {
        let pb::Unseal { name, requested_by, ground, records, approved_by, approved_until } =
            &self.unseal;
        let pb::Receipt { origin, index, .. } = &self.receipt;
        let until = approved_until.as_ref().and_then(super::time::shown);
        json!({
            "name": name,
            "requested_by": requested_by,
            "ground": ground,
            "records": records,
            "approved_by": approved_by,
            "approved_until": until,
            "receipt": {"origin": origin, "index": index},
        })
    }
}

/// Returns the request to unseal these records.
pub(super) fn request(
    indices: Vec<i64>,
    ground: String,
    reference: String,
) -> pb::RequestUnsealRequest {
    pb::RequestUnsealRequest { indices, ground, reference, request_id: request_id() }
}

/// Asks for records to be unsealed.
///
/// # Errors
///
/// Returns what the user is told of a call that failed.
pub(super) async fn ask(
    client: &mut AuditServiceClient<Channel>,
    request: pb::RequestUnsealRequest,
) -> Result<Asked, CliError> {
    let answer =
        persist(async || client.clone().request_unseal(within(CALL_TIME, request.clone())).await);
    let pb::RequestUnsealResponse { unseal, receipt } = answer.await?;
    Asked::of(unseal, receipt)
}

/// Says what comes next.
pub(super) fn tell_asked(asked: &Asked) {
    let Asked { name, receipt: pb::Receipt { origin, index, .. }, .. } = asked;
    say::note(format_args!(
        "asked to unseal, receipt {origin}#{index}; next:\n  \
         oncebus audit unseal approve {name}   as a system with the role security\n  \
         oncebus audit unseal read {name}      as the system that asked"
    ));
}

fn sentence(unseal: &pb::Unseal) -> String {
    let pb::Unseal { name, ground, records, approved_by, approved_until, .. } = unseal;
    match approved_until.as_ref().and_then(super::time::shown) {
        None => format!("{name}: {records} records for {ground}, not approved yet"),
        Some(until) => {
            format!(
                "{name}: {records} records for {ground}, approved by {approved_by} until {until}"
            )
        }
    }
}
