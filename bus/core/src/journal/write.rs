//! How a record gets onto the trail: sealed, timed and queued.

use std::{
    future::{Future as _, poll_fn},
    sync::PoisonError,
    task::Poll,
};

use oncebus_trail::{Entry, Receipt};

use super::{Journal, RecordError};
use crate::{Clock as _, Record};

// === impl Journal ===

impl Journal {
    /// Makes a record durable. A step back of the machine's clock is on the trail before it.
    pub(super) async fn write(&self, mut record: Record) -> Result<Receipt, RecordError> {
        if let Some(behind) = self.clock.stepped_back() {
            tracing::error!(?behind, "the machine's clock was set back");
            let told = self.clock_stepped(behind).await;
            told.inspect_err(|_unwritten| self.clock.tell_again())?;
        }
        let sealed = self.seal(&mut record).await?;
        self.append(record, sealed).await
    }

    /// Encrypts what only auditors may read, and notes in the record what it may say of that.
    async fn seal(&self, record: &mut Record) -> Result<Vec<u8>, RecordError> {
        let call = &mut record.call;
        let Some(department) = call.department.as_ref().filter(|_| !call.private.is_empty()) else {
            return Ok(Vec::new());
        };
        let part = self.seal.seal(&call.private, department, self.clock.now()).await?;
        call.officer = part.officer;
        call.digest_salted = part.digest_salted;
        record.sealed = Some(part.hash);
        Ok(part.stored)
    }

    /// Queues a record with the time that it has then: the trail takes it when its future is first
    /// polled, and no other record gets its time in between.
    pub(super) async fn append(
        &self,
        mut record: Record,
        sealed: Vec<u8>,
    ) -> Result<Receipt, RecordError> {
        let mut sealed = Some(sealed);
        let mut queued = None;
        let first = poll_fn(|context| {
            let _turn = self.order.lock().unwrap_or_else(PoisonError::into_inner);
            record.time = self.clock.reach();
            let entry = Entry { leaf: record.to_leaf(), sealed: sealed.take().unwrap_or_default() };
            let append = queued.insert(Box::pin(self.trail.append(entry)));
            Poll::Ready(append.as_mut().poll(context))
        });
        match (first.await, queued) {
            (Poll::Ready(done), _) => Ok(done?),
            (Poll::Pending, Some(append)) => Ok(append.await?),
            (Poll::Pending, None) => unreachable!("it was queued before it was polled"),
        }
    }
}
