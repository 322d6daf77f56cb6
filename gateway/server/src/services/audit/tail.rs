//! Follows the trail: records as they come, until the caller has enough.

use futures_util::stream;
use oncebus_core::{Admitted, Operation};
use oncebus_proto::v1 as pb;
use oncebus_store::{RecordFilter, Visibility};
use tokio::{select, sync::watch};
use tonic::{Request, Status};

use super::{
    Audit, Messages,
    reading::{signed, visibility},
};
use crate::{caller::Roles, convert};

/// Most records of one message: 64 leaves of 4 KiB, twice over, are well below what clients take.
const BATCH: usize = 64;
/// Records without a match after which the caller is told how far it got.
const SILENCE: u64 = 10_000;

/// One tail. It is asked for a message when the one before is taken, and keeps none ahead.
struct Tail {
    audit: Audit,
    /// Counts the tail among its department's calls until it ends.
    admitted: Admitted,
    filter: RecordFilter,
    visible: Visibility,
    /// All below was looked at.
    next: u64,
    /// What the caller knows of `next`.
    told: u64,
    indexed: watch::Receiver<u64>,
    roles: watch::Receiver<Roles>,
}

// === impl Audit ===

impl Audit {
    pub(super) async fn tail(
        &self,
        request: Request<pb::TailRecordsRequest>,
    ) -> Result<Messages<pb::TailRecordsResponse>, Status> {
        let parse = |message, _caller: &_| convert::tail_query(&self.0.bus, &message);
        let (admitted, (filter, from)) = self.0.callers.admit(request, parse)?;
        let roles = self.0.callers.role_changes();
        self.record_read(&admitted.caller, Operation::TailRecords, 0).await?;
        let next = from.unwrap_or_else(|| self.trail().size());
        let caller = &admitted.caller;
        let tail = Tail {
            audit: self.clone(),
            visible: visibility(caller.role, &caller.department),
            admitted,
            filter,
            next,
            told: next,
            indexed: self.0.index.indexed(),
            roles,
        };
        let messages = stream::try_unfold(tail, |mut tail| async move {
            Ok(tail.message().await?.map(|message| (message, tail)))
        });
        Ok(Box::pin(messages))
    }
}

// === impl Tail ===

impl Tail {
    /// Waits for the next message; `None` when the gateway ends.
    async fn message(&mut self) -> Result<Option<pb::TailRecordsResponse>, Status> {
        loop {
            if self.sees() != self.visible {
                return Err(convert::visibility_changed());
            }
            let records = self.look().await?;
            if !records.is_empty() || SILENCE <= self.next - self.told {
                self.told = self.next;
                let next_index = signed(self.next);
                return Ok(Some(pb::TailRecordsResponse { records, next_index }));
            }
            if !self.more().await {
                return Ok(None);
            }
        }
    }

    /// Returns what the caller may see now.
    fn sees(&self) -> Visibility {
        let caller = &self.admitted.caller;
        visibility(self.audit.0.callers.role(caller.system.as_str()), &caller.department)
    }

    /// Looks at what came, as far as one message reaches.
    async fn look(&mut self) -> Result<Vec<pb::Record>, Status> {
        let covered = *self.indexed.borrow_and_update();
        if covered <= self.next {
            return Ok(Vec::new());
        }
        let index = &self.audit.0.index;
        let found = index.search_oldest(&self.filter, &self.visible, self.next..covered, BATCH);
        let found = found.await.map_err(|error| convert::storage(&error))?;
        self.next = match found.last() {
            Some(last) if found.len() == BATCH => last + 1,
            _ => covered,
        };
        self.audit.read(found).await
    }

    /// Waits until there may be more, or something else changed; false when the gateway ends.
    async fn more(&mut self) -> bool {
        select! {
            grown = self.indexed.changed() => grown.is_ok(),
            changed = self.roles.changed() => changed.is_ok(),
            () = self.audit.0.ending.cancelled() => false,
        }
    }
}
