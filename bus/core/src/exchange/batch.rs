//! One Intent for all calls of a batch.

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::Exchange;
use crate::{DeptId, ExchangeError, record::Call};

/// The Intent of a batch: made durable by the first of its calls that has to ask, and shared by all.
#[derive(Debug)]
pub(crate) struct BatchIntent {
    call: Call,
    index: OnceCell<u64>,
}

// === impl Exchange ===

impl Exchange {
    /// Returns the Intent that calls which are parts of this one may share.
    pub(crate) fn for_batch(&self) -> Arc<BatchIntent> {
        Arc::new(BatchIntent { call: self.call.clone(), index: OnceCell::new() })
    }

    /// Has the call ask under the Intent of its batch.
    pub(crate) fn under_batch(&mut self, batch: &Arc<BatchIntent>) {
        self.batch = Some(Arc::clone(batch));
    }

    /// Makes the batch's Intent durable, if none of its calls did, and returns its index.
    pub(super) async fn batch_intent(
        &mut self,
        batch: &BatchIntent,
        holder: &DeptId,
    ) -> Result<u64, ExchangeError> {
        self.holder(holder);
        self.bus.holders.ready(holder)?;
        let call = || Call { holder: Some(holder.clone()), ..batch.call.clone() };
        let write = || async { self.bus.journal.intent(call()).await };
        let index =
            batch.index.get_or_try_init(|| async { write().await.map(|proof| proof.index) });
        let index = *index.await?;
        self.intent = Some(index);
        Ok(index)
    }
}
