//! What all readings share: who sees what, what is read, and that it is on the trail first.

use std::time::Duration;

use oncebus_core::{Call, Caller, DeptId, ExchangeError, Operation, Role};
use oncebus_proto::v1 as pb;
use oncebus_store::{IndexError, Visibility};
use oncebus_trail::{ReadError, Trail};
use tokio::{task::spawn_blocking, time::timeout};
use tonic::Status;

use super::Audit;
use crate::convert::{self, RecordAddress, StoredRecord};

/// How long a reading waits for the index to cover what the trail has; then it answers with what is
/// covered, and says how much that is.
const CATCH_UP: Duration = Duration::from_secs(2);

/// Records that are read together: the trail keeps so many in one file.
const BUNDLE: u64 = 256;

/// How far the trail reaches, and how much of it can be found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub(super) tree_size: u64,
    pub(super) indexed_size: u64,
}

/// Reads records of a trail; those that stand together are read together.
struct Reader {
    trail: Trail,
    /// Index of the first of `leaves`.
    first: u64,
    leaves: Vec<Vec<u8>>,
}

// === impl Audit ===

impl Audit {
    pub(super) fn trail(&self) -> &Trail {
        self.0.bus.journal().trail()
    }

    /// Puts on record that `caller` reads `count` records; it may, once this returns.
    pub(super) async fn record_read(
        &self,
        caller: &Caller,
        operation: Operation,
        count: u64,
    ) -> Result<(), Status> {
        let call = Call { operation: Some(operation), ..Call::by(caller) };
        match self.0.bus.journal().audit_read(call, count).await {
            Ok(_receipt) => Ok(()),
            Err(error) => Err(convert::failure(ExchangeError::from(error).into())),
        }
    }

    /// Waits until what was answered before this call can be found.
    pub(super) async fn caught_up(&self) -> Result<Extent, Status> {
        let tree_size = self.trail().size();
        if let Ok(fed) = timeout(CATCH_UP, self.0.index.feed(self.trail())).await {
            fed.map_err(|error| convert::storage(&error))?;
        }
        Ok(Extent { tree_size, indexed_size: self.0.index.indexed_size() })
    }

    /// Reads records from the trail's own files: the index only says where they are. What retention
    /// dropped meanwhile is left out.
    pub(super) async fn read(&self, indices: Vec<u64>) -> Result<Vec<pb::Record>, Status> {
        let mut reader = Reader { trail: self.trail().clone(), first: 0, leaves: Vec::new() };
        let work = spawn_blocking(move || {
            let records = indices.into_iter().filter_map(|index| reader.read(index).transpose());
            records.collect::<Result<Vec<_>, _>>()
        });
        match work.await {
            Ok(records) => records.map_err(|error| convert::storage(&error)),
            Err(error) => Err(convert::storage(&error.into())),
        }
    }

    /// Reads a record that the caller may see; what it may not is as if it were not there.
    pub(super) async fn visible(
        &self,
        caller: &Caller,
        address: &RecordAddress,
    ) -> Result<Option<pb::Record>, Status> {
        let RecordAddress { origin, index } = address;
        if !self.is_ours(origin) || *index >= self.trail().size() {
            return Ok(None);
        }
        let record = self.read(vec![*index]).await?.pop();
        let visible = visibility(caller.role, &caller.department);
        Ok(record.filter(|record| visible.sees(&record.kind, &record.department, &record.holder)))
    }

    /// Returns whether this is the log of this gateway; empty means it.
    pub(super) fn is_ours(&self, origin: &str) -> bool {
        origin.is_empty() || origin == self.trail().verifier().name().to_string()
    }
}

/// A department sees the calls that it made and those that it answered; who runs the gateway sees its
/// acts as well; an auditor sees all.
pub(super) fn visibility(role: Role, department: &DeptId) -> Visibility {
    match role {
        Role::Auditor => Visibility::All,
        Role::Department => Visibility::Department(department.clone()),
        Role::Security | Role::Operator => Visibility::Acts(department.clone()),
    }
}

/// Writes a size or a count as the wire has it.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

// === impl Reader ===

impl Reader {
    fn read(&mut self, index: u64) -> Result<Option<pb::Record>, IndexError> {
        let end = self.first + self.leaves.len() as u64;
        if !(self.first..end).contains(&index) {
            let first = index / BUNDLE * BUNDLE;
            self.leaves = match self.trail.read(first, BUNDLE as usize) {
                Err(ReadError::Pruned { .. }) => return Ok(None),
                leaves => leaves?,
            };
            self.first = first;
        }
        let Some(leaf) = self.leaves.get((index - self.first) as usize) else { return Ok(None) };
        let record: StoredRecord = serde_json::from_slice(leaf)?;
        Ok(Some(record.message(index, leaf.clone())))
    }
}
