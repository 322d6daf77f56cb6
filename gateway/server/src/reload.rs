//! Puts a changed configuration in force while the gateway runs.

use std::sync::Arc;

use oncebus_core::{
    Bus, Call, Caller, Catalog, Digest, Ending, Epoch, ExchangeError, Incompatibility, Permissions,
    RequestId, Role,
};
use oncebus_trail::Receipt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};
use tokio_util::task::TaskTracker;

use crate::{ConfigError, GatewayConfig, acts::Acts, caller::Callers};

/// Reads the gateway's file again, one reading after the other.
#[derive(Debug)]
pub(crate) struct Reloads {
    /// What the gateway was started with, and runs with but for what is reloadable.
    running: GatewayConfig,
    bus: Bus,
    callers: Arc<Callers>,
    acts: Arc<Acts>,
    turn: Arc<Semaphore>,
    tasks: TaskTracker,
}

/// What is in force after a reading.
#[derive(Debug)]
pub(crate) struct Reloaded {
    /// Number of the permissions.
    pub epoch: Epoch,
    /// Digest of the catalogue.
    pub catalog: Digest,
    /// Keys that differ from what runs, and take effect at the next start.
    pub restart_needed: Vec<&'static str>,
    /// Proof of the record.
    pub receipt: Receipt,
}

/// Why nothing was put in force.
#[derive(Debug)]
pub(crate) enum ReloadError {
    /// The caller is no operator.
    NotOperator,
    /// The configuration is faulty.
    Invalid(ConfigError),
    /// The catalogue cannot follow the one in force; at least one reason.
    Incompatible(Vec<Incompatibility>),
    /// The trail cannot be written, or the gateway ends.
    Exchange(ExchangeError),
}

/// A refused or failed reading, with the proof that it is on the trail.
#[derive(Debug)]
pub(crate) struct ReloadFailure {
    /// Why.
    pub error: ReloadError,
    /// Proof of the record; `None` where none could be written.
    pub receipt: Option<Box<Receipt>>,
}

/// A configuration that was read, and what of it takes effect when.
struct Read {
    config: GatewayConfig,
    catalog: Arc<Catalog>,
    permissions: Permissions,
    restart_needed: Vec<&'static str>,
}

// === impl Reloads ===

impl Reloads {
    pub(crate) fn new(
        running: GatewayConfig,
        bus: Bus,
        callers: Arc<Callers>,
        acts: Arc<Acts>,
        tasks: TaskTracker,
    ) -> Self {
        Self { running, bus, callers, acts, turn: Arc::new(Semaphore::new(1)), tasks }
    }

    /// Reads the configuration, and puts catalogue, permissions and roles in force in all cores.
    ///
    /// # Errors
    ///
    /// If the caller is no operator, the configuration is faulty, its catalogue cannot follow the one in
    /// force, or the trail cannot be written; what was in force stays.
    pub(crate) async fn reload(
        self: Arc<Self>,
        caller: &Caller,
        request: RequestId,
    ) -> Result<Reloaded, ReloadFailure> {
        let request = Some(Digest::of(request.0.as_bytes()));
        let call = Call { request, ..Call::by(caller) };
        if caller.role != Role::Operator {
            return Err(self.failed(call, ReloadError::NotOperator).await);
        }
        let turn = Arc::clone(&self.turn).acquire_owned().await.expect("it is never closed");
        // Whoever hangs up after the record is durable must not keep it from coming true.
        let tasks = self.tasks.clone();
        match tasks.spawn(self.put_in_force(call, turn)).await {
            Ok(done) => done,
            Err(ended) => Err(ReloadError::ended(&ended).into()),
        }
    }

    async fn put_in_force(
        self: Arc<Self>,
        call: Call,
        _turn: OwnedSemaphorePermit,
    ) -> Result<Reloaded, ReloadFailure> {
        let (running, catalog) = (self.running.clone(), self.bus.catalog());
        let read = match spawn_blocking(move || read(&running, &catalog)).await {
            Ok(Ok(read)) => read,
            Ok(Err(error)) => return Err(self.failed(call, error).await),
            Err(ended) => return Err(ReloadError::ended(&ended).into()),
        };
        let Read { config, catalog, permissions, restart_needed } = read;
        // Nobody else replaces the policy, and this is the only reading now.
        let next = Epoch(self.bus.policy().epoch().0 + 1);
        let digest = Some(config.digest());
        let call = Call { catalog: Some(Arc::clone(catalog.mark())), ..call };
        let receipt = self.bus.journal().config(Ending::Served, call, Some(next), digest).await;
        let receipt = receipt.map_err(|error| ReloadError::Exchange(error.into()))?;
        self.callers.replace_roles(&config.systems);
        self.acts.replace_retention(&config.retention);
        self.bus.identifiers().replace_modes(config.identifiers);
        self.bus.replace_duplicate_collection(config.duplicate_collection);
        // Types first: permissions for a new one mean nothing before it is there.
        self.bus.replace_catalog(Arc::clone(&catalog));
        let epoch = self.bus.policy().replace(permissions);
        let catalog = *catalog.version();
        tracing::info!(epoch = epoch.0, %catalog, ?restart_needed, "the configuration was read again");
        Ok(Reloaded { epoch, catalog, restart_needed, receipt })
    }

    /// Makes a refusal durable, and gives back what the caller hears: where the trail cannot be
    /// written, only that.
    async fn failed(&self, call: Call, error: ReloadError) -> ReloadFailure {
        match &error {
            ReloadError::Invalid(fault) => {
                tracing::warn!(%fault, "the configuration is faulty, the one before stays in force");
            }
            ReloadError::Incompatible(changes) => {
                let changes = listed(changes);
                tracing::warn!(%changes, "the catalogue cannot follow the one in force, which stays");
            }
            ReloadError::NotOperator | ReloadError::Exchange(_) => {}
        }
        let reason = Some(error.reason().into());
        let call = Call { reason, ..call };
        match self.bus.journal().config(error.ending(), call, None, None).await {
            Ok(receipt) => ReloadFailure { error, receipt: Some(Box::new(receipt)) },
            Err(unwritten) => ReloadError::Exchange(unwritten.into()).into(),
        }
    }
}

// === impl ReloadError ===

impl ReloadError {
    /// Returns the registered reason.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::NotOperator => "ACCESS_DENIED",
            Self::Invalid(_) => "CONFIG_INVALID",
            Self::Incompatible(_) => "CATALOG_INCOMPATIBLE",
            Self::Exchange(error) => error.reason(),
        }
    }

    fn ending(&self) -> Ending {
        match self {
            Self::NotOperator => Ending::Denied,
            Self::Invalid(_) | Self::Incompatible(_) | Self::Exchange(_) => Ending::Failed,
        }
    }

    /// Says that the gateway ended before the work did.
    fn ended(error: &tokio::task::JoinError) -> Self {
        tracing::error!(%error, "a reading of the configuration did not end");
        Self::Exchange(ExchangeError::Cancelled)
    }
}

impl From<ReloadError> for ReloadFailure {
    fn from(error: ReloadError) -> Self {
        Self { error, receipt: None }
    }
}

/// Reads the file that `running` came from, checks all of it, and sees what differs; `catalog` is the
/// one in force.
fn read(running: &GatewayConfig, catalog: &Catalog) -> Result<Read, ReloadError> {
    let config = GatewayConfig::load(&running.file).map_err(ReloadError::Invalid)?;
    let checked = config.check().map_err(ReloadError::Invalid)?;
    let changes = catalog.incompatible_with(&checked.catalog);
    if !changes.is_empty() {
        return Err(ReloadError::Incompatible(changes));
    }
    let restart_needed = running.restart_needed(&config);
    let (catalog, permissions) = (checked.catalog, checked.permissions);
    Ok(Read { config, catalog, permissions, restart_needed })
}

/// Writes all reasons in one line.
pub(crate) fn listed(changes: &[Incompatibility]) -> String {
    changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
