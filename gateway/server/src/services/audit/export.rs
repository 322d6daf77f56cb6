//! Exports: every record that fits, oldest first, all proven under one checkpoint.

use std::{mem, ops::Range};

use futures_util::stream;
use oncebus_core::{Admitted, Operation};
use oncebus_proto::v1 as pb;
use oncebus_store::{RecordFilter, Visibility};
use oncebus_trail::Prover;
use tokio::task::spawn_blocking;
use tonic::{Request, Status};

use super::{
    Audit, Messages,
    reading::{signed, visibility},
};
use crate::convert;

/// Most records of one message: 64 leaves of 4 KiB, twice over, are well below what clients take.
const BATCH: usize = 64;

/// One export. It is asked for a message when the one before is taken, and keeps none ahead.
struct Export {
    audit: Audit,
    /// Counts the export among its department's calls until it ends.
    _admitted: Admitted,
    filter: RecordFilter,
    visible: Visibility,
    /// Proves all of it under one checkpoint.
    prover: Prover,
    /// Told with the first message.
    checkpoint: String,
    /// What is not looked at yet.
    left: Range<u64>,
    ended: bool,
}

// === impl Audit ===

impl Audit {
    pub(super) async fn export(
        &self,
        request: Request<pb::ExportRecordsRequest>,
    ) -> Result<Messages<pb::ExportRecordsResponse>, Status> {
        let (admitted, filter) = self.0.callers.admit(request, |message, _caller| {
            convert::filter(&self.0.bus, &message.filter.unwrap_or_default())
        })?;
        let caller = &admitted.caller;
        let visible = visibility(caller.role, &caller.department);
        let extent = self.caught_up().await?;
        let prover = self.trail().prover(extent.indexed_size).await;
        let prover = prover.map_err(|error| convert::not_provable(&error))?;
        let left = 0..extent.indexed_size;
        let count = self.0.index.count(&filter, &visible, left.clone()).await;
        let count = count.map_err(|error| convert::storage(&error))?;
        self.record_read(caller, Operation::ExportRecords, count).await?;
        let export = Export {
            audit: self.clone(),
            _admitted: admitted,
            filter,
            visible,
            checkpoint: prover.checkpoint().note.clone(),
            prover,
            left,
            ended: false,
        };
        let messages = stream::try_unfold(export, |mut export| async move {
            Ok(export.message().await?.map(|message| (message, export)))
        });
        Ok(Box::pin(messages))
    }
}

// === impl Export ===

impl Export {
    async fn message(&mut self) -> Result<Option<pb::ExportRecordsResponse>, Status> {
        if self.ended {
            return Ok(None);
        }
        let index = &self.audit.0.index;
        let found = index.search_oldest(&self.filter, &self.visible, self.left.clone(), BATCH);
        let found = found.await.map_err(|error| convert::storage(&error))?;
        self.left.start = match found.last() {
            Some(last) if found.len() == BATCH => last + 1,
            _ => self.left.end,
        };
        self.ended = self.left.is_empty();
        let records = prove(self.prover.clone(), found).await?;
        Ok(Some(pb::ExportRecordsResponse {
            checkpoint: mem::take(&mut self.checkpoint),
            records,
            indexed_size: if self.ended { signed(self.left.end) } else { 0 },
        }))
    }
}

/// Proves records, each by its own bytes.
async fn prove(prover: Prover, indices: Vec<u64>) -> Result<Vec<pb::ProvenRecord>, Status> {
    let work = spawn_blocking(move || {
        let proven = indices.into_iter().map(|index| prover.receipt(index));
        proven.collect::<Result<Vec<_>, _>>()
    });
    let receipts = work.await.map_err(|error| convert::storage(&error.into()))?;
    let receipts = receipts.map_err(|error| convert::not_provable(&error))?;
    let proven = receipts.into_iter().map(convert::proven);
    proven.collect::<Result<_, _>>().map_err(|error| convert::storage(&error.into()))
}
