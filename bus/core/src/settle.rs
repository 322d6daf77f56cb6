//! Settlement: writes the outcomes that a gateway could not write because it ended in between.

use std::time::Duration;

use jiff::Timestamp;
use oncebus_trail::Receipt;

use crate::{
    Bus, Call, Ending, ExchangeError, NewUpload, Operation, Record, RecordId, Upload, UploadState,
    Version, exchange::Exchange, info::age,
};

/// How long after its time a call may still write its outcome.
const GRACE: Duration = Duration::from_secs(60);

impl Bus {
    /// Returns publications that the registry has and whose outcome it does not know to be durable; at
    /// most `limit`.
    ///
    /// # Errors
    ///
    /// If the registry fails.
    pub async fn unrecorded(&self, limit: u32) -> Result<Vec<Upload>, ExchangeError> {
        Ok(self.registry.unrecorded(limit).await?)
    }

    /// Gives one of those its outcome: the one at `durable`, if it is on the trail already, else a
    /// `recovered` one under the id that was chosen for it.
    ///
    /// # Errors
    ///
    /// If registry or trail fail.
    pub async fn recover(&self, upload: Upload, durable: Option<u64>) -> Result<(), ExchangeError> {
        let UploadState::Committed { version, already_held, outcome, .. } = upload.state else {
            return Ok(());
        };
        let id = upload.begun.id;
        let receipt = match durable {
            Some(index) => self.journal.trail().receipt(index).await?,
            None => {
                let version = self.registry.version(&version).await?;
                let version = version.ok_or(ExchangeError::MaterialNotFound)?;
                self.recovered(upload.begun, &version, already_held, outcome).await?
            }
        };
        Ok(self.registry.outcome_recorded(id, &receipt).await?)
    }

    async fn recovered(
        &self,
        begun: NewUpload,
        version: &Version,
        already_held: bool,
        outcome: RecordId,
    ) -> Result<Receipt, ExchangeError> {
        let private = begun.private();
        let NewUpload { system, holder, material_type, why, intent, intake, .. } = begun;
        let material_type = self.stored_type(&material_type)?;
        let call = Call {
            operation: Some(Operation::Publish),
            department: Some(holder),
            system: Some(system),
            material_type: Some(material_type.code.clone()),
            already_held: Some(already_held),
            duplicate_collection: intake.duplicate(),
            exception: intake.exception(),
            bytes_authorised: Some(0),
            why: Some(why),
            private,
            ..Call::default()
        };
        let mut exchange = Exchange::with(self, call, &material_type);
        exchange.version(version);
        if let Some(contribution) = self.registry.contribution(&version.id).await? {
            exchange.corrects(contribution.correction, None);
        }
        exchange.under(intent);
        exchange.ended(outcome, Ending::Recovered).await
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
        // What was sealed with the intent stays with it: nobody here can read it.
        let call = Call { intent: Some(index), digest_salted: None, ..intent.call };
        self.journal.outcome(self.journal.draw_id(), Ending::Unknown, call).await?;
        Ok(true)
    }

    fn is_over(&self, intent: &Record) -> bool {
        let begun = Timestamp::from_millisecond(intent.time).unwrap_or(Timestamp::MAX);
        let longest = self.limits.flight + GRACE;
        intent.boot != self.journal.boot() || longest < age(begun, self.clock.now())
    }
}
