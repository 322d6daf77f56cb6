//! The sweeper: ends uploads without progress, and has adapters forget what nobody will commit.

use tokio::time::Instant;

use crate::{
    Asking, Bus, Call, Discard, ExchangeError, NewUpload, Operation, UploadState,
    exchange::Exchange,
};

/// Uploads that one sweep handles at most.
const SWEEP: u32 = 100;

/// Request ids that one sweep drops at most.
const REQUESTS: u32 = 10_000;

/// What one sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Uploads ended and forgotten by their adapters.
    pub uploads: u32,
    /// Uploads whose adapter did not answer; the next sweep tries again.
    pub left: u32,
    /// Request ids dropped.
    pub requests: u64,
}

impl Bus {
    /// Ends what has been idle for too long. Each ended upload is one `failed` outcome that closes
    /// its Intent.
    ///
    /// # Errors
    ///
    /// If registry or trail fail; then what is left waits for the next sweep.
    pub async fn sweep(&self) -> Result<Swept, ExchangeError> {
        let now = self.clock.now();
        let mut swept = Swept::default();
        for discard in self.registry.abandon(now - self.limits.upload_idle, SWEEP).await? {
            if !self.discard(&discard).await {
                swept.left += 1;
                continue;
            }
            swept.uploads += 1;
            // Of a committed upload only a superfluous copy was discarded: its outcome is written.
            if discard.upload.state == UploadState::Discarding {
                self.record_abandoned(&discard.upload.begun).await?;
            }
        }
        let old = now - self.limits.request_kept;
        swept.requests = self.registry.expire_requests(old, REQUESTS).await?;
        Ok(swept)
    }

    /// Has the adapter forget an upload; answers whether it did.
    pub(crate) async fn discard(&self, discard: &Discard) -> bool {
        let NewUpload { id, holder, document, .. } = &discard.upload.begun;
        let sealed = discard.sealed.then_some(&document.digest);
        let asking = Asking::until(Instant::now() + self.limits.discard);
        if let Err(error) = self.holders.discard(holder, *id, sealed, &asking).await {
            tracing::warn!(%error, "an upload waits to be forgotten by its adapter");
            return false;
        }
        if let Err(error) = self.registry.discarded(*id).await {
            tracing::warn!(%error, "an upload that was forgotten is not noted as such");
            return false;
        }
        true
    }

    async fn record_abandoned(&self, begun: &NewUpload) -> Result<(), ExchangeError> {
        let material_type = self.stored_type(&begun.material_type)?;
        let call = Call {
            operation: Some(Operation::Publish),
            department: Some(begun.holder.clone()),
            system: Some(begun.system.clone()),
            holder: Some(begun.holder.clone()),
            material_type: Some(begun.material_type.clone()),
            why: Some(begun.why.clone()),
            private: begun.private(),
            ..Call::default()
        };
        let mut exchange = Exchange::with(self, call, &material_type);
        exchange.under(begun.intent);
        match exchange.failed(ExchangeError::UploadAbandoned).await {
            failure if failure.receipt.is_some() => Ok(()),
            failure => Err(failure.error),
        }
    }
}
