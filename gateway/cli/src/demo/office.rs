//! The departments' offices: each calls the bus as its own system, over its own connection.

mod fetch;
mod publish;
mod resolve;

use std::{sync::Arc, time::Duration};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use oncebus_gateway::{Catalog, MaterialType, Rng as _, Supply, SystemRng};
use oncebus_proto::v1::{
    Authorization, AuthorizationKind, Cause, ChecklistCounts, ListMaterialTypesRequest,
    MaterialType as ListedType, Purpose, Receipt, Subject,
    catalog_service_client::CatalogServiceClient, transfer_service_client::TransferServiceClient,
};
use tonic::{Request, Status, transport::Channel};
use tonic_types::StatusExt as _;

use self::publish::Published;
use super::{case::Case, pieces, receipts};
use crate::{
    client::{self, Profile},
    dev::{AUDITOR, Town},
    exit::CliError,
    sample::Sample,
    say,
};

/// Longest wait for one call; a call takes milliseconds.
const CALL: Duration = Duration::from_secs(30);
/// Fetches under way at once.
const CONCURRENT: usize = 8;
/// How often each office fetches each type.
pub(super) const ROUNDS: u64 = 2;

/// All offices of the demo.
#[derive(Debug)]
pub(super) struct Offices {
    catalog: Arc<Catalog>,
    offices: Vec<Office>,
    auditor: Channel,
}

/// A department's system on the bus.
#[derive(Clone, Debug)]
pub(super) struct Office {
    pub(super) department: String,
    channel: Channel,
    transfer: TransferServiceClient<Channel>,
}

/// An answer of the bus, and its proof.
#[derive(Debug)]
pub(super) struct Answer {
    /// What was asked, for messages.
    pub(super) what: String,
    /// Proof that the call is on the trail.
    pub(super) receipt: Receipt,
}

// === impl Offices ===

impl Offices {
    /// Opens an office for every department, and the auditor's.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the connection file or a certificate.
    pub(super) fn open(town: &Town) -> Result<Self, CliError> {
        let profile = Profile::load(&town.profile())?;
        let office = |department: &str| {
            let channel = profile.connect(department)?;
            let department = department.to_owned();
            let transfer = TransferServiceClient::new(channel.clone());
            Ok(Office { department, channel, transfer })
        };
        let offices = town.departments().map(office).collect::<Result<_, CliError>>()?;
        let catalog = Arc::clone(town.catalog());
        Ok(Self { catalog, offices, auditor: profile.connect(AUDITOR)? })
    }

    /// Returns the auditor's connection.
    pub(super) fn auditor(&self) -> Channel {
        self.auditor.clone()
    }

    /// Publishes every type that is uploaded, and the first of them once more.
    ///
    /// # Errors
    ///
    /// Returns a failed check at the first call that fails, or if the repetition is stored again.
    pub(super) async fn publish_all(&self) -> Result<Vec<Answer>, CliError> {
        let mut answers = Vec::new();
        let mut first = None;
        for (place, row) in self.rows(Supply::Uploaded) {
            let Some(office) =
                self.offices.iter().find(|o| o.department == row.department.as_str())
            else {
                continue;
            };
            let sample = self.sample(place, row);
            say::note(format_args!(
                "{} uploads {} {} ({} kB)",
                office.department,
                row.code,
                row.name_zh,
                sample.content.len().div_ceil(1000)
            ));
            match office.publish(row, &sample).await? {
                Published::Stored(receipts) => answers.extend(receipts),
                Published::HeldAlready(_) => return Err(held_wrongly(row)),
            }
            first.get_or_insert((office, row, sample));
        }
        if let Some((office, row, sample)) = first {
            say::note(format_args!("{} uploads {} once more", office.department, row.code));
            match office.publish(row, &sample).await? {
                Published::HeldAlready(answer) => answers.push(answer),
                Published::Stored(_) => {
                    return Err(CliError::check(format!("{} was stored twice", row.code)));
                }
            }
        }
        Ok(answers)
    }

    /// Lets every office fetch every type that it does not hold itself, twice.
    ///
    /// # Errors
    ///
    /// Returns the first call that fails, or whose bytes are not the document.
    pub(super) async fn fetch_all(&self) -> Result<Vec<Answer>, CliError> {
        let mut answers = Vec::new();
        for round in 1..=ROUNDS {
            say::note(format_args!("every other department fetches every type, round {round} ..."));
            let mut calls = Vec::new();
            for (place, row) in self.rows(Supply::Uploaded).chain(self.rows(Supply::OriginHeld)) {
                let digest = self.sample(place, row).digest();
                let others =
                    self.offices.iter().filter(|o| o.department != row.department.as_str());
                calls.extend(others.map(|office| office.fetch(row, digest)));
            }
            let round: Vec<_> =
                stream::iter(calls).buffer_unordered(CONCURRENT).try_collect().await?;
            answers.extend(round);
        }
        Ok(answers)
    }

    /// Lets the first office ask what the cases still lack.
    ///
    /// # Errors
    ///
    /// Returns the first call that fails.
    pub(super) async fn resolve_all(&self, cases: &[Case]) -> Result<Vec<Answer>, CliError> {
        let mut answers = Vec::new();
        let Some(office) = self.offices.first() else { return Ok(answers) };
        for case in cases {
            let (counts, answer) = office.resolve(case).await?;
            let ChecklistCounts { asked, satisfied, to_collect, .. } = counts;
            say::note(format_args!(
                "{} asks for case {}: {asked} pieces, {satisfied} are there, {to_collect} to collect",
                office.department, case.number
            ));
            answers.push(answer);
        }
        Ok(answers)
    }

    /// Returns the last checklist of each case, as the trail has it.
    ///
    /// # Errors
    ///
    /// Returns a failed check if one is not on the trail.
    pub(super) async fn pieces(&self, cases: &[Case]) -> Result<Vec<ChecklistCounts>, CliError> {
        let mut counts = Vec::new();
        let Some(office) = self.offices.first() else { return Ok(counts) };
        for case in cases {
            counts.push(pieces::of(self.auditor(), &office.department, case).await?);
        }
        Ok(counts)
    }

    /// Fetches a material as the auditor, who may read the trail but no material.
    ///
    /// # Errors
    ///
    /// Returns a failed check unless the call is refused for want of a permission.
    pub(super) async fn refused_fetch(&self) -> Result<Option<Answer>, CliError> {
        let Some((_, row)) =
            self.rows(Supply::OriginHeld).chain(self.rows(Supply::Uploaded)).next()
        else {
            return Ok(None);
        };
        let channel = self.auditor();
        let transfer = TransferServiceClient::new(channel.clone());
        let auditor = Office { department: AUDITOR.to_owned(), channel, transfer };
        let what = format!("fetch of {} by {AUDITOR}", row.code);
        match auditor.open(row).await {
            Ok(_stream) => Err(CliError::check(format!("{what} was not refused"))),
            Err(status) if reason(&status).as_deref() == Some("ACCESS_DENIED") => {
                let receipt = receipts::of_refusal(&status).ok_or_else(|| {
                    CliError::check(format!("{what}: the refusal has no receipt"))
                })?;
                Ok(Some(Answer { what, receipt }))
            }
            Err(status) => Err(failed(&what, &status)),
        }
    }

    /// Returns the catalogue as the gateway tells it.
    ///
    /// # Errors
    ///
    /// Returns a failed check if the call fails.
    pub(super) async fn material_types(&self) -> Result<Vec<ListedType>, CliError> {
        let mut client = CatalogServiceClient::new(self.auditor());
        let request = ListMaterialTypesRequest { page_size: 1_000, page_token: String::new() };
        let answer = client
            .list_material_types(timed(request))
            .await
            .map_err(|status| failed("list of the catalogue", &status))?;
        Ok(answer.into_inner().material_types)
    }

    /// Returns all offices.
    pub(super) fn all(&self) -> impl Iterator<Item = &Office> {
        self.offices.iter()
    }

    /// Returns the sample document of the type at `place` in the catalogue.
    pub(super) fn sample(&self, place: usize, row: &MaterialType) -> Sample {
        Sample::of(&self.catalog, place, row)
    }

    /// Returns the types of one kind of supply, with their places in the catalogue.
    pub(super) fn rows(&self, supply: Supply) -> impl Iterator<Item = (usize, &MaterialType)> {
        let rows = self.catalog.types().iter().map(AsRef::as_ref).enumerate();
        rows.filter(move |(_, row): &(usize, &MaterialType)| row.supply == supply)
    }
}

/// Returns a request that ends by itself.
pub(super) fn timed<M>(message: M) -> Request<M> {
    let mut request = Request::new(message);
    request.set_timeout(CALL);
    request
}

/// Returns a failed step of the demo.
pub(super) fn failed(what: &str, status: &Status) -> CliError {
    CliError::check(format!("{what} failed: {}", client::failed(status)))
}

/// Returns the registered reason of a refusal.
pub(super) fn reason(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}

fn held_wrongly(row: &MaterialType) -> CliError {
    CliError::check(format!("{} was held before anybody uploaded it", row.code))
}

/// Whom or what the sample document of a type is about.
fn subject(row: &MaterialType) -> Option<Subject> {
    let (scheme, value) = Sample::subject_of(row);
    Some(Subject { scheme: scheme.to_owned(), value: value.to_owned() })
}

fn purpose() -> Option<Purpose> {
    Some(Purpose {
        item: "I14".to_owned(),
        case_number: "JN-2025-0001".to_owned(),
        cause: Cause::Approval.into(),
        legal_basis: "《建筑法》第八条".to_owned(),
        officer: "370800-1001".to_owned(),
        authorization: Some(Authorization {
            kind: AuthorizationKind::StatutoryDuty.into(),
            reference: String::new(),
        }),
    })
}

/// A random UUID: nothing is ever asked twice under the same one.
fn request_id() -> String {
    let mut random = [0; 16];
    SystemRng.fill(&mut random);
    uuid::Builder::from_random_bytes(random).into_uuid().to_string()
}
