//! The tables `[cache]` and `[limits]`: every bound that an operator may move.

use std::{num::NonZeroU32, path::Path, time::Duration};

use oncebus_core::{AdmissionLimits, CacheLimits, Limits};
use serde::Deserialize;

use super::memory;

const MIB: u64 = 1024 * 1024;

/// Table `[cache]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct CacheConfig {
    /// Most memory for contents, in MiB; 0 keeps none.
    pub content_mib: u32,
    /// How long past its age a version may be served whose holder does not answer, where its type allows
    /// that; in seconds.
    pub stale_if_error_s: u32,
}

/// Table `[limits]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct LimitsConfig {
    /// Calls under way at once, of all departments.
    pub calls: NonZeroU32,
    /// Calls under way at once, of one department.
    pub calls_per_department: NonZeroU32,
    /// Calls a second of one department, in the long run.
    pub calls_per_second: NonZeroU32,
    /// Calls of one department that may come at one moment.
    pub burst: NonZeroU32,
    /// Memory that the gateway may count with, in MiB; a quarter of it may be bytes on their way, a tenth
    /// of one department. The machine's, or the container's, where absent.
    pub memory_mib: Option<NonZeroU32>,
    /// How long a caller may not take 256 KiB of its answer, or the rest; in seconds.
    pub response_progress_s: NonZeroU32,
    /// How long an upload may make no progress; in seconds.
    pub upload_idle_s: NonZeroU32,
}

// === impl CacheConfig ===

impl Default for CacheConfig {
    fn default() -> Self {
        Self { content_mib: 512, stale_if_error_s: 600 }
    }
}

impl CacheConfig {
    /// Lists keys and values.
    pub(super) fn rows(&self) -> Vec<(&'static str, String)> {
        let Self { content_mib, stale_if_error_s } = self;
        vec![
            ("cache.content_mib", content_mib.to_string()),
            ("cache.stale_if_error_s", stale_if_error_s.to_string()),
        ]
    }
}

// === impl LimitsConfig ===

impl Default for LimitsConfig {
    fn default() -> Self {
        let number = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self {
            calls: number(1_024),
            calls_per_department: number(256),
            calls_per_second: number(200),
            burst: number(400),
            memory_mib: None,
            response_progress_s: number(10),
            upload_idle_s: number(3_600),
        }
    }
}

impl LimitsConfig {
    /// Lists keys and values.
    pub(super) fn rows(&self) -> Vec<(&'static str, String)> {
        let memory = self.memory_mib.map_or_else(|| "the machine's".to_owned(), |m| m.to_string());
        vec![
            ("limits.calls", self.calls.to_string()),
            ("limits.calls_per_department", self.calls_per_department.to_string()),
            ("limits.calls_per_second", self.calls_per_second.to_string()),
            ("limits.burst", self.burst.to_string()),
            ("limits.memory_mib", memory),
            ("limits.response_progress_s", self.response_progress_s.to_string()),
            ("limits.upload_idle_s", self.upload_idle_s.to_string()),
        ]
    }

    /// Returns the limit of the transport: it has the same patience as the exchange.
    pub(crate) fn transport(&self) -> oncebus_transport::Limits {
        oncebus_transport::Limits {
            response_progress: seconds(self.response_progress_s),
            ..oncebus_transport::Limits::default()
        }
    }

    /// Returns the bounds of the exchange.
    pub(crate) fn exchange(&self, cache: &CacheConfig, spool_dir: &Path) -> Limits {
        let memory = self.memory_mib.map(|mib| u64::from(mib.get()) * MIB);
        let bytes = AdmissionLimits::within(memory.unwrap_or_else(memory::bytes));
        Limits {
            cache: CacheLimits {
                content_bytes: u64::from(cache.content_mib) * MIB,
                stale_if_error: Duration::from_secs(cache.stale_if_error_s.into()),
                ..CacheLimits::default()
            },
            admission: AdmissionLimits {
                calls: self.calls.get(),
                calls_per_department: self.calls_per_department.get(),
                calls_per_second: self.calls_per_second,
                burst: self.burst,
                ..bytes
            },
            progress: seconds(self.response_progress_s),
            upload_idle: seconds(self.upload_idle_s),
            spool_dir: spool_dir.to_owned(),
            ..Limits::default()
        }
    }
}

fn seconds(number: NonZeroU32) -> Duration {
    Duration::from_secs(number.get().into())
}
