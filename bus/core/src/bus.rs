//! The bus: what every call needs, in one cheap handle.

use std::{path::PathBuf, sync::Arc, time::Duration};

use uuid::Uuid;

use crate::{
    Admission, AdmissionLimits, CacheLimits, Catalog, Clock, DuplicateCollection, ExchangeError,
    FieldError, Holders, Identifiers, Journal, MaterialType, Policy, Registry, Rng, Subject,
    batch::BatchPlaces,
    cache::Caches,
    catalog::CatalogInForce,
    contribution::Duplicates,
    first_fetch::FirstFetches,
    flight::{Flights, Landings},
    identifier::Against,
    outages::Outages,
    planted::Planted,
    publish::Turns,
    resolve::Lookups,
    revocations::Revocations,
    rng,
};

/// Everything that a call needs. Clones share it; each core has its own adapter connections.
#[derive(Clone, Debug)]
pub struct Bus {
    catalog: Arc<CatalogInForce>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) registry: Arc<dyn Registry>,
    pub(crate) holders: Arc<dyn Holders>,
    pub(crate) journal: Journal,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) limits: Arc<Limits>,
    identifiers: Arc<Identifiers>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) caches: Caches,
    pub(crate) lookups: Lookups,
    pub(crate) first_fetches: FirstFetches,
    pub(crate) flights: Flights,
    pub(crate) landings: Landings,
    pub(crate) commits: Turns,
    pub(crate) batches: BatchPlaces,
    pub(crate) outages: Outages,
    pub(crate) revocations: Revocations,
    pub(crate) duplicates: Duplicates,
    pub(crate) planted: Planted,
}

/// The parts that a bus is made of.
#[derive(Debug)]
pub struct Parts {
    /// The types and departments.
    pub catalog: Arc<Catalog>,
    /// Who may do what, now.
    pub policy: Arc<Policy>,
    /// Versions and uploads.
    pub registry: Arc<dyn Registry>,
    /// The departments' adapters.
    pub holders: Arc<dyn Holders>,
    /// The pen of the trail.
    pub journal: Journal,
    /// The machine's time of day, for what counts how much of it passes; all else has the journal's.
    pub wall: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// Bounds.
    pub limits: Limits,
    /// How identifiers of requests are checked.
    pub identifiers: Identifiers,
    /// What follows from an upload of what a department has already.
    pub duplicate_collection: DuplicateCollection,
}

/// Memory that the bounds count with where nobody says how much there is.
const MEMORY_BYTES: u64 = 1 << 30;

/// Bounds of the exchange.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Pending uploads of one department.
    pub pending_uploads: u32,
    /// How long an upload may make no progress.
    pub upload_idle: Duration,
    /// How long a request id is kept.
    pub request_kept: Duration,
    /// Time that the sweeper gives an adapter.
    pub discard: Duration,
    /// How long a caller may not take a part of its answer, of 256 KiB at most.
    pub progress: Duration,
    /// Longest flight: as long as a caller may wait for a transfer.
    pub flight: Duration,
    /// How old the changes may be that a watch goes on from.
    pub watch_kept: Duration,
    /// How long a watch may tell nothing before it says that nothing happened.
    pub watch_heartbeat: Duration,
    /// How long changes are kept, and so how far back the past is known: never less than `watch_kept`.
    pub history_kept: Duration,
    /// How long a department may not answer before an applicant may be asked for what it holds.
    pub unknown_grace: Duration,
    /// What is remembered.
    pub cache: CacheLimits,
    /// How much may be under way.
    pub admission: AdmissionLimits,
    /// Folder for contents above 1 MiB that are received whole before anything is known of them.
    /// The files in it have no name and end with the process.
    pub spool_dir: PathBuf,
}

// === impl Bus ===

impl Bus {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let Parts { catalog, wall, limits, .. } = &parts;
        let planted = Planted::default();
        let clock = Arc::clone(parts.journal.clock()) as _;
        let admission = Admission::new(limits.admission.clone(), catalog, wall);
        let catalog = Arc::new(CatalogInForce::new(Arc::clone(catalog)));
        Self {
            admission: Arc::new(admission),
            caches: Caches::new(&limits.cache, planted.clone()),
            lookups: Lookups::default(),
            first_fetches: FirstFetches::default(),
            flights: Flights::default(),
            landings: Landings::default(),
            journal: parts.journal.under(Arc::clone(&catalog)),
            catalog,
            policy: parts.policy,
            revocations: Revocations::new(Arc::clone(&parts.registry)),
            registry: parts.registry,
            holders: parts.holders,
            clock,
            rng: parts.rng,
            limits: Arc::new(parts.limits),
            identifiers: Arc::new(parts.identifiers),
            commits: Turns::default(),
            batches: BatchPlaces::default(),
            outages: Outages::default(),
            duplicates: Duplicates::new(parts.duplicate_collection),
            planted,
        }
    }

    /// Returns the same bus with other adapter connections.
    #[must_use]
    pub fn with_holders(&self, holders: Arc<dyn Holders>) -> Self {
        Self { holders, ..self.clone() }
    }

    /// Returns the catalogue in force.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.catalog.get()
    }

    /// Puts another catalogue in force: every call that begins after this returned is by it. It must be
    /// [compatible](Catalog::incompatible_with) with the one before, or calls fail that find what is
    /// stored.
    pub fn replace_catalog(&self, catalog: Arc<Catalog>) {
        self.catalog.replace(catalog);
    }

    /// Returns the permissions in force.
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Returns what lets calls in.
    pub fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    /// Returns the pen of the trail.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Returns the type with a code or alias.
    ///
    /// # Errors
    ///
    /// Names `material_type` if the catalogue has no such type.
    pub fn material_type(&self, code: &str) -> Result<Arc<MaterialType>, FieldError> {
        self.catalog().material_type(code).cloned().ok_or_else(|| {
            FieldError::new(
                "material_type",
                "is not in the catalogue",
                "give a code or alias that ListMaterialTypes shows",
            )
        })
    }

    /// Returns how identifiers of requests are checked.
    pub fn identifiers(&self) -> &Identifiers {
        &self.identifiers
    }

    /// Checks whom or what a request is about, by the modes in force.
    ///
    /// # Errors
    ///
    /// Names `subject.scheme` or `subject.value`, what is wrong with it and the cure, never the value.
    pub fn subject(&self, scheme: &str, value: &str) -> Result<Subject, FieldError> {
        self.identifiers.subject(scheme, value, self.against(&self.catalog()))
    }

    /// Checks an item that a request names, by the mode in force, and returns its code: as given, or the
    /// implementation code in canonical form. Whether the catalogue has it is not looked at.
    ///
    /// # Errors
    ///
    /// Names `item`, what is wrong with it and the cure.
    pub fn item(&self, text: &str) -> Result<String, FieldError> {
        self.identifiers.item(text, self.against(&self.catalog()))
    }

    /// What identifiers are checked against now.
    fn against<'a>(&'a self, catalog: &'a Catalog) -> Against<'a> {
        Against { regions: catalog.regions(), clock: &*self.clock }
    }

    pub(crate) fn draw_uuid(&self) -> Uuid {
        rng::uuid(&*self.clock, &*self.rng)
    }

    /// Returns the catalogue's row of a type that a stored thing names.
    pub(crate) fn stored_type(
        &self,
        code: &crate::TypeCode,
    ) -> Result<Arc<MaterialType>, ExchangeError> {
        Ok(self.material_type(code.as_str())?)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pending_uploads: 1_000,
            upload_idle: Duration::from_secs(3_600),
            request_kept: Duration::from_secs(30 * 24 * 3_600),
            discard: Duration::from_secs(5),
            progress: Duration::from_secs(10),
            flight: Duration::from_secs(600),
            watch_kept: Duration::from_secs(30 * 24 * 3_600),
            watch_heartbeat: Duration::from_secs(30),
            history_kept: Duration::from_secs(3_650 * 24 * 3_600),
            unknown_grace: Duration::from_secs(30),
            cache: CacheLimits::default(),
            admission: AdmissionLimits::within(MEMORY_BYTES),
            spool_dir: std::env::temp_dir(),
        }
    }
}
