//! Counts the connections that were refused.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use oncebus_transport::{Refusal, Refusals};

/// Logs the 1st, 2nd, 4th, 8th ... refusal, so that strangers cannot fill the log.
#[derive(Debug, Default)]
pub(crate) struct RefusalLog(AtomicU64);

impl Refusals for RefusalLog {
    fn refused(&self, address: IpAddr, refusal: Refusal) {
        let count = self.0.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if count.is_power_of_two() {
            tracing::warn!(%address, %refusal, count, "connections were refused");
        }
    }
}
