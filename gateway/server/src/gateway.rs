//! Starts and stops a gateway, in the order that keeps its promises.

use std::{io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use oncebus_core::{
    Bus, Clock, Corrected, ExchangeError, Identifiers, Parts, Policy, RecordError, RegistryError,
    Rng, Swept, SystemClock, SystemRng,
};
use oncebus_store::{IndexError, SearchIndex, SqliteRegistry};
use oncebus_trail::{OpenError, ReadError, Recovery};
use oncebus_transport::{Accepts, CredentialsError, Serving, Worker, serve};
use tokio::{net::TcpListener, runtime::Handle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    ConfigError, GatewayConfig,
    acts::Acts,
    adapters::{AdapterSetupError, Adapters},
    caller::Callers,
    config::Checked,
    journal, key_records,
    page::Pager,
    refusals::RefusalCounter,
    reload::Reloads,
    scrub::{Pace, ScrubError, Scrubbed, Scrubber},
    services::{self, Shared},
    settle,
    stores::Stores,
    upkeep,
};

/// How long calls in flight may go on when the gateway stops.
const DRAIN: Duration = Duration::from_secs(30);

/// A gateway at work.
#[derive(Debug)]
pub struct Gateway {
    serving: Serving,
    bus: Bus,
    registry: Arc<SqliteRegistry>,
    index: Arc<SearchIndex>,
    refusals: Arc<RefusalCounter>,
    scrubber: Scrubber,
    tasks: TaskTracker,
    stop: CancellationToken,
    ending: CancellationToken,
    recovery: Recovery,
}

/// What tests put in place of the machine's own.
#[derive(Clone, Debug)]
pub struct Injected {
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
}

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A folder or key file cannot be made.
    #[error("{what}: {source}")]
    Files {
        /// Which.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// The configuration is faulty, or a file that it names.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The trail does not open.
    #[error(transparent)]
    Trail(#[from] OpenError),
    /// The registry does not open.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The search index does not open.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The gateway's own identity cannot be used.
    #[error(transparent)]
    Identity(#[from] CredentialsError),
    /// An adapter's address cannot be used.
    #[error(transparent)]
    Adapter(#[from] AdapterSetupError),
    /// The reflection service does not read its descriptors.
    #[error(transparent)]
    Reflection(#[from] tonic_reflection::server::Error),
    /// What an earlier run left cannot be settled.
    #[error("what the last run left cannot be settled: {0}")]
    Settle(#[source] Box<ExchangeError>),
    /// The first record cannot be written.
    #[error("the audit trail: {0}")]
    Record(#[from] RecordError),
    /// The last record cannot be read.
    #[error("the audit trail: {0}")]
    Read(#[from] ReadError),
}

// === impl StartError ===

impl StartError {
    /// Says what a file or folder refused.
    pub(crate) fn files(path: &Path, source: io::Error) -> Self {
        Self::Files { what: path.display().to_string(), source }
    }
}

// === impl Gateway ===

impl Gateway {
    /// Starts a gateway: trail, registry, settlement, then listen. The present runtime does what is
    /// not on the data plane; each of `workers` serves connections.
    ///
    /// # Errors
    ///
    /// Says which part does not start and why; nothing listens then.
    pub async fn start(config: GatewayConfig, workers: Vec<Handle>) -> Result<Self, StartError> {
        let clock = Arc::new(SystemClock);
        Self::start_with(config, workers, Injected { clock, rng: Arc::new(SystemRng) }).await
    }

    /// Starts a gateway with another clock, other randomness and other bounds.
    ///
    /// # Errors
    ///
    /// As [`Gateway::start`].
    pub async fn start_with(
        config: GatewayConfig,
        workers: Vec<Handle>,
        injected: Injected,
    ) -> Result<Self, StartError> {
        let Injected { clock, rng } = injected;
        let Checked { catalog, permissions, credentials } = config.check()?;

        let stores = Stores::open(&config, &*rng).await?;
        let journal = journal::open(&config, &stores, &clock, &rng)?;
        let Stores { recovery, registry, index, subject_keys, page_key, .. } = stores;
        let adapters =
            Adapters::new(&config.adapters, config.bounds.breaker(), &credentials, &rng)?;
        let parts = Parts {
            catalog: Arc::clone(&catalog),
            policy: Arc::new(Policy::new(permissions)),
            registry: Arc::clone(&registry) as _,
            holders: Arc::new(adapters.clients()?),
            journal,
            wall: clock,
            rng,
            limits: config.bounds.exchange(&config.data_dir),
            identifiers: Identifiers::new(config.identifiers),
            duplicate_collection: config.duplicate_collection,
        };
        let bus = Bus::new(parts);
        let settled = settle::settle(&bus, &index).await?;
        bus.journal().start(recovery.torn_bytes, settled).await?;
        key_records::write(&config, &bus, &index, &subject_keys, &page_key).await?;

        let refusals = Arc::new(RefusalCounter::default());
        let admission = Arc::clone(bus.admission());
        let callers = Callers::new(catalog, admission, &config.systems, Arc::clone(&refusals));
        let callers = Arc::new(callers);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let acts = Acts::start(&config, &bus, &index, &registry, &tasks).await?;
        let reloads = Reloads::new(
            config.clone(),
            bus.clone(),
            Arc::clone(&callers),
            Arc::clone(&acts),
            tasks.clone(),
        );
        let scrubber = Scrubber {
            trail_dir: config.trail_dir.clone(),
            index: Arc::clone(&index),
            registry: Arc::clone(&registry),
            journal: bus.journal().clone(),
            verified: Arc::default(),
        };
        let shared = Shared {
            bus: bus.clone(),
            callers,
            acts,
            reloads: Arc::new(reloads),
            pager: Arc::new(Pager::new(&page_key)),
            index: Arc::clone(&index),
            clock: Arc::clone(bus.journal().clock()) as _,
            verified: Arc::clone(&scrubber.verified),
            ending: CancellationToken::new(),
        };
        let ending = shared.ending.clone();
        let mut lanes = Vec::with_capacity(workers.len());
        for runtime in workers {
            lanes.push(worker(runtime, &shared, &adapters).await?);
        }
        let tls = credentials.server(Accepts::Systems)?;
        let unable = |source| StartError::Files { what: config.listen.clone(), source };
        let listener = TcpListener::bind(&config.listen).await.map_err(unable)?;
        let counter = Arc::clone(&refusals) as _;
        let serving = serve(listener, tls, config.bounds.transport.clone(), lanes, counter)
            .map_err(unable)?;

        upkeep::start(&tasks, &stop, &bus, &index, &refusals, &scrubber);
        Ok(Self {
            serving,
            bus,
            registry,
            index,
            refusals,
            scrubber,
            tasks,
            stop,
            ending,
            recovery,
        })
    }

    /// Returns the address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.serving.local_address()
    }

    /// Returns the bus, for what is done to it and is no call.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Returns how many calls are under way: let in, and their work not ended.
    pub fn calls_in_flight(&self) -> usize {
        self.bus.admission().calls_in_flight()
    }

    /// Returns how many records the search index is behind the trail.
    pub fn index_lag(&self) -> u64 {
        self.index.lag()
    }

    /// Returns what the trail found when it was opened.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// Waits until the trail cannot go on; the process should end then, since nothing can be
    /// answered any more.
    pub async fn failed(&self) -> String {
        self.bus.journal().trail().failed().await.to_string()
    }

    /// Writes the refusals counted so far to the trail now, not at the next interval.
    pub async fn record_refusals(&self) {
        self.refusals.record(self.bus.journal()).await;
    }

    /// Ends abandoned uploads now, not at the next interval.
    ///
    /// # Errors
    ///
    /// If registry or trail fail.
    pub async fn sweep(&self) -> Result<Swept, ExchangeError> {
        self.bus.sweep().await
    }

    /// Drops changes that are too old now, not at the next interval; answers how many.
    ///
    /// # Errors
    ///
    /// If the registry fails.
    pub async fn drop_old_changes(&self) -> Result<u64, ExchangeError> {
        upkeep::drop_old_changes(&self.bus).await
    }

    /// Compares the oldest 100 open contributions with their sources' records now, not at the next
    /// interval.
    ///
    /// # Errors
    ///
    /// If registry or trail fail.
    pub async fn correct(&self) -> Result<Corrected, ExchangeError> {
        self.bus.correct(None).await
    }

    /// Reads all that is kept now, as fast as it goes, and compares it: records with their tiles and
    /// the checkpoint, sealed parts and index rows with their records, versions with their ids.
    ///
    /// # Errors
    ///
    /// Names the first thing that is not as it was written; it is on record too.
    pub async fn scrub(&self) -> Result<Scrubbed, ScrubError> {
        self.scrubber.pass(Pace::Full).await
    }

    /// Closes overdue intents now, not at the next interval; answers how many.
    ///
    /// # Errors
    ///
    /// If registry, search index or trail fail.
    pub async fn settle(&self) -> Result<u32, StartError> {
        settle::settle_overdue(&self.bus, &self.index).await
    }

    /// Returns how many subjects are still hidden by older keys.
    ///
    /// # Errors
    ///
    /// If the registry fails.
    pub async fn subjects_of_older_keys(&self) -> Result<u64, RegistryError> {
        self.registry.of_older_keys().await
    }

    /// Stops: no new calls, calls in flight end within 30 s, then trail and registry.
    pub async fn stop(self) {
        tracing::info!(calls = self.calls_in_flight(), "no new calls");
        self.ending.cancel();
        let drained = self.serving.drain(DRAIN).await;
        tracing::info!(cut = drained.cut, after = ?drained.after, "connections are drained");
        self.refusals.record(self.bus.journal()).await;
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        if let Err(error) = self.bus.journal().stop().await {
            tracing::error!(%error, "the stop is not on the trail");
        }
        if let Err(error) = self.bus.journal().trail().close().await {
            tracing::error!(%error, "the trail did not close in order");
        }
        self.registry.close().await;
    }
}

/// Gives a worker its own adapter connections, whose tasks run where its calls do.
async fn worker(
    runtime: Handle,
    shared: &Shared,
    adapters: &Adapters,
) -> Result<Worker, StartError> {
    let holders = {
        let _here = runtime.enter();
        Arc::new(adapters.clients()?)
    };
    let shared = Shared { bus: shared.bus.with_holders(holders), ..shared.clone() };
    Ok(Worker::new(runtime, services::routes(&shared).await?))
}
