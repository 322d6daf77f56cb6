//! Writes records to the trail: gives each its id, time and run, and seals what only auditors may
//! read.

mod write;

use std::{sync::Arc, time::Duration};

use oncebus_trail::{AppendError, Receipt, Trail};

use crate::{
    BootId, Call, Clock, Epoch, Ground, Operation, Record, RecordId, Rng, Seal, SealError, Spans,
    SteadyClock,
    catalog::CatalogInForce,
    record::{Ending, Kind},
    rng,
};

/// The gateway's pen: every record of the bus goes through it.
#[derive(Clone, Debug)]
pub struct Journal {
    trail: Trail,
    clock: Arc<SteadyClock>,
    rng: Arc<dyn Rng>,
    seal: Arc<dyn Seal>,
    run: Arc<Run>,
    /// Whose version records of calls have.
    catalog: Option<Arc<CatalogInForce>>,
    /// Held while a record gets its time and its place in the queue, so that both are in one order.
    order: Arc<std::sync::Mutex<()>>,
}

/// One run of a gateway, as its records name it.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its id.
    pub boot: BootId,
    /// The gateway, by SPIFFE id.
    pub gateway: Arc<str>,
    /// SHA-256 of the configuration that it was started with, hexadecimal.
    pub config: Arc<str>,
    /// Region of the gateway, if it has one.
    pub region: Option<Arc<str>>,
}

/// Why a record is not known to be durable.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The trail did not take it.
    #[error(transparent)]
    Trail(#[from] AppendError),
    /// Its sealed part could not be made, so it was not written.
    #[error("sealed part: {0}")]
    Seal(#[from] SealError),
}

// === impl Journal ===

impl Journal {
    /// Starts the records of one run of a gateway.
    pub fn new(
        trail: Trail,
        clock: Arc<SteadyClock>,
        rng: Arc<dyn Rng>,
        seal: Arc<dyn Seal>,
        run: Run,
    ) -> Self {
        Self { trail, clock, rng, seal, run: Arc::new(run), catalog: None, order: Arc::default() }
    }

    /// Has the records of calls say by which catalogue they were.
    pub(crate) fn under(self, catalog: Arc<CatalogInForce>) -> Self {
        Self { catalog: Some(catalog), ..self }
    }

    /// Returns the id of this run.
    pub fn boot(&self) -> BootId {
        self.run.boot
    }

    /// Returns the trail that is written.
    pub fn trail(&self) -> &Trail {
        &self.trail
    }

    /// Returns the time that records have.
    pub fn clock(&self) -> &Arc<SteadyClock> {
        &self.clock
    }

    /// Draws the id of a record to come.
    pub fn draw_id(&self) -> RecordId {
        RecordId(rng::uuid(&*self.clock, &*self.rng))
    }

    /// Says that adapters are about to be asked; they may be, once this returns.
    pub async fn intent(&self, call: Call) -> Result<Receipt, RecordError> {
        self.write(self.record(self.draw_id(), Kind::Intent, call)).await
    }

    /// Says how a call ended, under an id drawn before.
    pub async fn outcome(
        &self,
        id: RecordId,
        ending: Ending,
        call: Call,
    ) -> Result<Receipt, RecordError> {
        let call = Call { outcome: Some(ending), ..call };
        self.write(self.record(id, Kind::Outcome, call)).await
    }

    /// Says how much of a stream left before it was cut.
    pub async fn aborted(&self, call: Call) -> Result<Receipt, RecordError> {
        self.write(self.record(self.draw_id(), Kind::Aborted, call)).await
    }

    /// Counts refusals of one peer for one reason.
    pub async fn refused(
        &self,
        peer: String,
        reason: &'static str,
        count: u64,
    ) -> Result<Receipt, RecordError> {
        let call = Call { reason: Some(reason.into()), ..Call::default() };
        let record = self.record(self.draw_id(), Kind::Refused, call);
        self.write(Record { peer: Some(peer), count: Some(count), ..record }).await
    }

    /// Says that somebody read `count` records; `call` names the method.
    pub async fn audit_read(&self, call: Call, count: u64) -> Result<Receipt, RecordError> {
        let record = self.record(self.draw_id(), Kind::AuditRead, call);
        self.write(Record { count: Some(count), ..record }).await
    }

    /// Says that somebody read `count` sealed parts, of these records; `call` names the method and how
    /// it ended.
    pub async fn sealed_read(
        &self,
        call: Call,
        ranges: Option<Spans>,
        count: u64,
    ) -> Result<Receipt, RecordError> {
        let record = self.record(self.draw_id(), Kind::AuditRead, call);
        self.write(Record { ranges, count: Some(count), ..record }).await
    }

    /// Says that somebody did something with these records; `call` names the method and how it ended.
    pub async fn admin(
        &self,
        call: Call,
        ranges: Option<Spans>,
        ground: Option<Ground>,
    ) -> Result<Receipt, RecordError> {
        let record = self.record(self.draw_id(), Kind::Admin, call);
        self.write(Record { ranges, ground, ..record }).await
    }

    /// Says that everything was read again: so many records were sound, or something was not.
    pub async fn scrubbed(&self, ending: Ending, records: u64) -> Result<Receipt, RecordError> {
        let call =
            Call { operation: Some(Operation::Scrub), outcome: Some(ending), ..Call::default() };
        let record = self.record(self.draw_id(), Kind::Admin, call);
        self.write(Record { count: Some(records), ..record }).await
    }

    /// Says that these records are about to be dropped.
    pub async fn retention(&self, call: Call, ranges: Spans) -> Result<Receipt, RecordError> {
        let record = self.record(self.draw_id(), Kind::Retention, call);
        let ground = Some(Ground::Retention);
        self.write(Record { ranges: Some(ranges), ground, ..record }).await
    }

    /// Says that the sealed parts of these records are about to be erased, or those under `key`,
    /// `data:YYYY-MM-DD`; `count` is how many records the whole request names. With an outcome and an
    /// `intent` it says that they are erased, and `count` how many parts or keys that were.
    pub async fn erasure(
        &self,
        call: Call,
        ranges: Option<Spans>,
        key: Option<String>,
        ground: Ground,
        count: Option<u64>,
    ) -> Result<Receipt, RecordError> {
        let record = self.record(self.draw_id(), Kind::Erasure, call);
        self.write(Record { ranges, key, count, ground: Some(ground), ..record }).await
    }

    /// Says that a key is in use from here on: `trail`, `seal`, `subject` or `page`, and its id.
    pub async fn key(&self, name: &str, id: &str) -> Result<Receipt, RecordError> {
        let record = self.record(self.draw_id(), Kind::Key, Call::default());
        self.write(Record { key: Some(format!("{name}:{id}")), ..record }).await
    }

    /// Says what came of a reading of the configuration, and which permissions may be in force once
    /// this returns; `digest` is that of the configuration that was read.
    pub async fn config(
        &self,
        ending: Ending,
        call: Call,
        epoch: Option<Epoch>,
        digest: Option<String>,
    ) -> Result<Receipt, RecordError> {
        let call = Call { outcome: Some(ending), ..call };
        let record = self.record(self.draw_id(), Kind::Config, call);
        let (epoch, config) = (epoch.map(|epoch| epoch.0), digest.map(Arc::from));
        let gateway = Some(Arc::clone(&self.run.gateway));
        self.write(Record { epoch, config, gateway, ..record }).await
    }

    /// Says that this run began: what was cut of a frame that was never finished, and how many records
    /// settled what earlier runs left.
    pub async fn start(&self, torn_bytes: u64, settled: u32) -> Result<Receipt, RecordError> {
        let size_bytes = (torn_bytes > 0).then_some(torn_bytes);
        let call = Call { size_bytes, ..Call::default() };
        let record = self.record(self.draw_id(), Kind::Start, call);
        let count = (settled > 0).then(|| u64::from(settled));
        let gateway = Some(Arc::clone(&self.run.gateway));
        let config = Some(Arc::clone(&self.run.config));
        self.write(Record { count, gateway, config, ..record }).await
    }

    /// Says that this run ended in order.
    pub async fn stop(&self) -> Result<Receipt, RecordError> {
        self.write(self.record(self.draw_id(), Kind::Stop, Call::default())).await
    }

    /// Says that the machine's clock lies so far behind the newest record.
    async fn clock_stepped(&self, behind: Duration) -> Result<Receipt, RecordError> {
        let record = self.record(self.draw_id(), Kind::Clock, Call::default());
        let count = Some(u64::try_from(behind.as_millis()).unwrap_or(u64::MAX));
        self.append(Record { count, ..record }, Vec::new()).await
    }

    fn record(&self, id: RecordId, kind: Kind, mut call: Call) -> Record {
        // A call keeps the catalogue that it began under.
        if call.department.is_some() && call.catalog.is_none() {
            call.catalog = self.catalog.as_ref().map(|catalog| Arc::clone(catalog.get().mark()));
        }
        Record {
            v: Record::VERSION,
            id,
            kind,
            time: 0,
            call,
            boot: self.run.boot,
            gateway: None,
            config: None,
            region: self.run.region.clone(),
            peer: None,
            count: None,
            epoch: None,
            key: None,
            ranges: None,
            ground: None,
            sealed: None,
        }
    }
}

// === impl BootId ===

impl BootId {
    /// Draws the id of a run that begins.
    pub fn draw(clock: &dyn Clock, rng: &dyn Rng) -> Self {
        Self(rng::uuid(clock, rng))
    }
}
