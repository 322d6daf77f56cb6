//! What the trail says of erasures: the trail itself is the only list of them.

use std::collections::{BTreeSet, HashMap};

use oncebus_core::{Call, Digest, Ground, Record, SystemId};
use oncebus_store::{IndexError, RecordFilter, Visibility};
use tokio::task::spawn_blocking;

use super::{ActError, Acts, Target};

/// Records that are read in one go.
const BATCH: usize = 1_000;

/// One request to erase, as it is on record.
#[derive(Debug)]
pub(super) struct Recorded {
    /// Who asked, and by which request.
    pub(super) call: Call,
    /// Position of its first record.
    pub(super) first: u64,
    /// Records that are named so far.
    indices: BTreeSet<u64>,
    /// Records that are meant.
    meant: u64,
    /// Key that is to be destroyed, `data:YYYY-MM-DD`.
    key: Option<String>,
    /// Why.
    pub(super) ground: Ground,
    /// Position of the record that says that it is done, and what was erased.
    pub(super) done: Option<(u64, u64)>,
}

/// Who asked, and by which request.
type Asked = (Option<SystemId>, Option<Digest>);

// === impl Acts ===

impl Acts {
    /// Returns every request to erase that is on record, by who asked.
    pub(super) async fn erasures(&self) -> Result<HashMap<Asked, Recorded>, ActError> {
        let size = self.index.feed(self.trail()).await?;
        let filter = RecordFilter { kind: Some("erasure".to_owned()), ..Default::default() };
        let mut all = HashMap::new();
        let mut from = 0;
        loop {
            let found = self.index.search_oldest(&filter, &Visibility::All, from..size, BATCH);
            let found = found.await?;
            let Some(last) = found.last() else { return Ok(all) };
            from = last + 1;
            for (index, record) in self.records(found).await? {
                add(&mut all, index, record);
            }
        }
    }

    /// Reads records that are still there.
    pub(super) async fn records(&self, indices: Vec<u64>) -> Result<Vec<(u64, Record)>, ActError> {
        let trail = self.trail().clone();
        let work = spawn_blocking(move || {
            let mut records = Vec::with_capacity(indices.len());
            for index in indices {
                match trail.read(index, 1) {
                    Err(oncebus_trail::ReadError::Pruned { .. }) => {}
                    leaf => {
                        let leaf = leaf?.pop().unwrap_or_default();
                        records.push((index, Record::from_leaf(&leaf)?));
                    }
                }
            }
            Ok::<_, IndexError>(records)
        });
        Ok(work.await.map_err(IndexError::from)??)
    }
}

// === impl Recorded ===

impl Recorded {
    /// Returns whether all that was asked is on record: an answer may have been, and it is finished.
    pub(super) fn is_complete(&self) -> bool {
        self.key.is_some() || self.indices.len() as u64 == self.meant
    }

    /// Returns whether it is of the same request, as far as it is on record.
    pub(super) fn is_of(&self, target: &Target, ground: Ground) -> bool {
        let same = match target {
            Target::Day(_) => self.indices.is_empty(),
            Target::Parts(asked) => {
                let named = |index: &u64| asked.binary_search(index).is_ok();
                self.meant == asked.len() as u64 && self.indices.iter().all(named)
            }
        };
        same && self.key == target.key() && self.ground == ground
    }

    /// Returns what is to be erased; `None` if it is of no form that is known.
    pub(super) fn target(&self) -> Option<Target> {
        match &self.key {
            None => Some(Target::Parts(self.indices.iter().copied().collect())),
            Some(key) => Some(Target::Day(key.strip_prefix("data:")?.parse().ok()?)),
        }
    }
}

fn add(all: &mut HashMap<Asked, Recorded>, index: u64, record: Record) {
    let Record { call, ranges, key, count, ground, .. } = record;
    let asked = (call.system.clone(), call.request);
    if call.outcome.is_some() {
        if let Some(recorded) = all.get_mut(&asked) {
            recorded.done = Some((index, count.unwrap_or(0)));
        }
        return;
    }
    let recorded = all.entry(asked).or_insert_with(|| Recorded {
        call,
        first: index,
        indices: BTreeSet::new(),
        meant: count.unwrap_or(0),
        key,
        ground: ground.unwrap_or(Ground::Retention),
        done: None,
    });
    let spans = ranges.unwrap_or_default();
    recorded.indices.extend(spans.as_slice().iter().flat_map(|span| span.start..span.end));
}
