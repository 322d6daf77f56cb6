//! Settlement: writes the outcomes that a gateway could not write because it ended in between.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    Bus, Call, Ending, ExchangeError, NewUpload, Operation, Record, UploadState,
    exchange::Exchange, info::age,
};

/// How long after its time a call may still write its outcome.
const GRACE: Duration = Duration::from_secs(60);

impl Bus {
    /// Writes a `recovered` outcome, under its chosen id, for every publication that the registry
    /// has and whose outcome it does not know to be durable. Answers how many; at most `limit`.
    ///
    /// # Errors
    ///
    /// If registry or trail fail.
    pub async fn recover_publications(&self, limit: u32) -> Result<u32, ExchangeError> {
        let mut recovered = 0;
        for upload in self.registry.unrecorded(limit).await? {
            let UploadState::Committed { version, already_held, outcome, .. } = upload.state else {
                continue;
            };
            let NewUpload { id, system, holder, material_type, why, intent, .. } = upload.begun;
            let Some(version) = self.registry.version(&version).await? else { continue };
            let call = Call {
                operation: Some(Operation::Publish),
                department: Some(holder),
                system: Some(system),
                material_type: Some(material_type.clone()),
                already_held: Some(already_held),
                bytes_authorised: Some(0),
                why: Some(why),
                ..Call::default()
            };
            let mut exchange = Exchange::with(self, call, &*self.stored_type(&material_type)?);
            exchange.version(&version);
            exchange.under(intent);
            let receipt = exchange.ended(outcome, Ending::Recovered).await?;
            self.registry.outcome_recorded(id, &receipt).await?;
            recovered += 1;
        }
        Ok(recovered)
    }

    /// Closes the intent at `index` as `unknown` if nobody will any more: one of an earlier run, or
    /// one of this run that is older than any call may last. Answers whether it did. An intent whose
    /// upload goes on stays open.
    ///
    /// # Errors
    ///
    /// If registry or trail fail.
    pub async fn close_intent(&self, index: u64, intent: Record) -> Result<bool, ExchangeError> {
        if !self.is_over(&intent) || self.registry.names_intent(index).await? {
            return Ok(false);
        }
        let call = Call { intent: Some(index), ..intent.call };
        self.journal.outcome(self.journal.draw_id(), Ending::Unknown, call).await?;
        Ok(true)
    }

    fn is_over(&self, intent: &Record) -> bool {
        let begun = Timestamp::from_millisecond(intent.time).unwrap_or(Timestamp::MAX);
        let longest = self.limits.flight + GRACE;
        intent.boot != self.journal.boot() || longest < age(begun, self.clock.now())
    }
}
