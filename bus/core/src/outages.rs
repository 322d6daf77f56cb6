//! Since when departments do not answer.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;

use crate::DeptId;

/// The first failure of each department since it last answered; at most one entry a department.
/// Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outages(Arc<Mutex<HashMap<DeptId, Timestamp>>>);

// === impl Outages ===

impl Outages {
    /// Notes that a department does not answer, and returns since when.
    pub(crate) fn note(&self, holder: &DeptId, now: Timestamp) -> Timestamp {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *since.entry(holder.clone()).or_insert(now)
    }

    /// Notes that a department answers.
    pub(crate) fn ended(&self, holder: &DeptId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(holder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_lasts_from_its_first_failure_until_an_answer() {
        let (outages, holder) = (Outages::default(), "market".parse().unwrap());
        let at = |second| Timestamp::from_second(second).unwrap();

        let first = outages.note(&holder, at(10));
        let second = outages.note(&holder, at(20));
        outages.ended(&holder);
        let third = outages.note(&holder, at(30));

        assert_eq!([first, second, third], [at(10), at(10), at(30)]);
    }
}
