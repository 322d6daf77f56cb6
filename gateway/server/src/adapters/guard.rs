//! What stands before the calls of one adapter, whichever core they come from.

use std::sync::Arc;

use oncebus_core::{DeptId, HolderError, Rng};
use tokio::time::Instant;

use super::{
    breaker::{Breaker, BreakerLimits, Pass},
    bulkhead::{Bulkhead, Place},
    retry::Retries,
};

/// One adapter's breaker, bulkhead and retries: the adapter is one, so all cores share them.
#[derive(Debug)]
pub(super) struct Guard {
    pub(super) holder: DeptId,
    pub(super) breaker: Breaker,
    pub(super) retries: Retries,
    bulkhead: Bulkhead,
}

// === impl Guard ===

impl Guard {
    pub(super) fn new(holder: DeptId, limits: BreakerLimits, rng: Arc<dyn Rng>) -> Self {
        Self {
            breaker: Breaker::new(holder.clone(), limits),
            bulkhead: Bulkhead::new(),
            retries: Retries::new(rng),
            holder,
        }
    }

    /// Says whether a call would get past the breaker now.
    pub(super) fn ready(&self) -> Result<(), HolderError> {
        if self.breaker.is_ready() { Ok(()) } else { Err(self.not_asked()) }
    }

    /// Lets a call past the breaker, or says that the adapter is not asked now.
    pub(super) fn admit(&self) -> Result<Pass, HolderError> {
        self.breaker.admit().ok_or_else(|| self.not_asked())
    }

    fn not_asked(&self) -> HolderError {
        HolderError::Unavailable {
            holder: self.holder.clone(),
            detail: "it failed too often and is not asked until a probe works".to_owned(),
        }
    }

    /// Gives a call its place in the bulkhead, or says that there is none in time.
    ///
    /// A probe goes without one where none is free: calls that hang must not hide that the adapter
    /// is back. Probes come seconds apart.
    pub(super) async fn place(
        &self,
        pass: Pass,
        by: Instant,
    ) -> Result<Option<Place>, HolderError> {
        if pass.is_probe() {
            return Ok(self.bulkhead.free());
        }
        match self.bulkhead.enter(by).await {
            Some(place) => Ok(Some(place)),
            None => Err(HolderError::Busy { holder: self.holder.clone() }),
        }
    }
}
