//! Writes records to the trail, and gives each its id, time and run.

use std::sync::Arc;

use oncebus_trail::{AppendError, Entry, Receipt, Trail};

use crate::{
    BootId, Call, Clock, Epoch, Record, RecordId, Rng,
    record::{Ending, Kind},
    rng,
};

/// The gateway's pen: every record of the bus goes through it.
#[derive(Clone, Debug)]
pub struct Journal {
    trail: Trail,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    boot: BootId,
}

// === impl Journal ===

impl Journal {
    /// Starts the records of one run of a gateway.
    pub fn new(trail: Trail, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Self {
        let boot = BootId(rng::uuid(&*clock, &*rng));
        Self { trail, clock, rng, boot }
    }

    /// Returns the id of this run.
    pub fn boot(&self) -> BootId {
        self.boot
    }

    /// Returns the trail that is written.
    pub fn trail(&self) -> &Trail {
        &self.trail
    }

    /// Draws the id of a record to come.
    pub fn draw_id(&self) -> RecordId {
        RecordId(rng::uuid(&*self.clock, &*self.rng))
    }

    /// Says that adapters are about to be asked; they may be, once this returns.
    pub async fn intent(&self, call: Call) -> Result<Receipt, AppendError> {
        self.write(self.record(self.draw_id(), Kind::Intent, call)).await
    }

    /// Says how a call ended, under an id drawn before.
    pub async fn outcome(
        &self,
        id: RecordId,
        ending: Ending,
        call: Call,
    ) -> Result<Receipt, AppendError> {
        let call = Call { outcome: Some(ending), ..call };
        self.write(self.record(id, Kind::Outcome, call)).await
    }

    /// Says how much of a stream left before it was cut.
    pub async fn aborted(&self, call: Call) -> Result<Receipt, AppendError> {
        self.write(self.record(self.draw_id(), Kind::Aborted, call)).await
    }

    /// Counts refusals of one peer for one reason.
    pub async fn refused(
        &self,
        peer: String,
        reason: &'static str,
        count: u64,
    ) -> Result<Receipt, AppendError> {
        let call = Call { reason: Some(reason.into()), ..Call::default() };
        let record = self.record(self.draw_id(), Kind::Refused, call);
        self.write(Record { peer: Some(peer), count: Some(count), ..record }).await
    }

    /// Says that somebody read `count` records.
    pub async fn audit_read(&self, call: Call, count: u64) -> Result<Receipt, AppendError> {
        let record = self.record(self.draw_id(), Kind::AuditRead, call);
        self.write(Record { count: Some(count), ..record }).await
    }

    /// Says what came of a reading of the configuration, and which permissions may be in force once
    /// this returns.
    pub async fn config(
        &self,
        ending: Ending,
        call: Call,
        epoch: Option<Epoch>,
    ) -> Result<Receipt, AppendError> {
        let call = Call { outcome: Some(ending), ..call };
        let record = self.record(self.draw_id(), Kind::Config, call);
        self.write(Record { epoch: epoch.map(|epoch| epoch.0), ..record }).await
    }

    /// Says that this run began or ended.
    pub async fn run(&self, kind: Kind) -> Result<Receipt, AppendError> {
        self.write(self.record(self.draw_id(), kind, Call::default())).await
    }

    fn record(&self, id: RecordId, kind: Kind, call: Call) -> Record {
        Record {
            v: Record::VERSION,
            id,
            kind,
            time: self.clock.now().as_millisecond(),
            call,
            boot: self.boot,
            peer: None,
            count: None,
            epoch: None,
        }
    }

    async fn write(&self, record: Record) -> Result<Receipt, AppendError> {
        self.trail.append(Entry { leaf: record.to_leaf(), sealed: Vec::new() }).await
    }
}
