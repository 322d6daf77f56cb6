//! The bus: what every call needs, in one cheap handle.

use std::{path::PathBuf, sync::Arc, time::Duration};

use uuid::Uuid;

use crate::{
    Admission, AdmissionLimits, CacheLimits, Catalog, Clock, ExchangeError, FieldError, Holders,
    Journal, MaterialType, Policy, Registry, Rng,
    batch::BatchPlaces,
    cache::Caches,
    first_fetch::FirstFetches,
    flight::{Flights, Landings},
    planted::Planted,
    publish::Turns,
    resolve::Lookups,
    rng,
};

/// Everything that a call needs. Clones share it; each core has its own adapter connections.
#[derive(Clone, Debug)]
pub struct Bus {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) registry: Arc<dyn Registry>,
    pub(crate) holders: Arc<dyn Holders>,
    pub(crate) journal: Journal,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) caches: Caches,
    pub(crate) lookups: Lookups,
    pub(crate) first_fetches: FirstFetches,
    pub(crate) flights: Flights,
    pub(crate) landings: Landings,
    pub(crate) commits: Turns,
    pub(crate) batches: BatchPlaces,
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
        let admission = Admission::new(limits.admission.clone(), catalog, wall);
        Self {
            admission: Arc::new(admission),
            caches: Caches::new(&limits.cache, planted.clone()),
            lookups: Lookups::default(),
            first_fetches: FirstFetches::default(),
            flights: Flights::default(),
            landings: Landings::default(),
            catalog: parts.catalog,
            policy: parts.policy,
            registry: parts.registry,
            holders: parts.holders,
            clock: Arc::clone(parts.journal.clock()) as _,
            journal: parts.journal,
            rng: parts.rng,
            limits: Arc::new(parts.limits),
            commits: Turns::default(),
            batches: BatchPlaces::default(),
            planted,
        }
    }

    /// Returns the same bus with other adapter connections.
    #[must_use]
    pub fn with_holders(&self, holders: Arc<dyn Holders>) -> Self {
        Self { holders, ..self.clone() }
    }

    /// Returns the catalogue.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
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
        self.catalog.material_type(code).cloned().ok_or_else(|| {
            FieldError::new(
                "material_type",
                "is not in the catalogue",
                "give a code or alias that ListMaterialTypes shows",
            )
        })
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
            cache: CacheLimits::default(),
            admission: AdmissionLimits::within(MEMORY_BYTES),
            spool_dir: std::env::temp_dir(),
        }
    }
}
