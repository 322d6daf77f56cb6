//! The tables `[cache]` and `[limits]`: every bound that a configuration may set.

use std::{
    collections::BTreeMap, num::NonZeroU32, ops::RangeInclusive, path::Path, time::Duration,
};

use oncebus_core::{AdmissionLimits, CacheLimits};

use super::{ConfigFault, memory};
use crate::adapters::BreakerLimits;

/// Most connections of any kind: more sockets than a process may have files.
const MOST: u64 = 1_000_000;
/// A day, in seconds.
const DAY: u64 = 24 * 3_600;

const MIB: u64 = 1024 * 1024;

/// How much may be remembered and under way.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Of connections and streams.
    pub(crate) transport: oncebus_transport::Limits,
    /// Calls at once, of all departments and of one.
    calls: u64,
    calls_per_department: u64,
    /// Calls of one department, in the long run and at one moment.
    calls_per_second: u64,
    burst: u64,
    /// Subjects of one department in batches.
    batch_subjects_per_minute: u64,
    batch_subjects_per_day: u64,
    /// Memory to count with; 0 is the container's or the machine's.
    memory_mib: u64,
    upload_idle_s: u64,
    /// When an adapter counts as failing.
    adapter_failures: u64,
    adapter_calls: u64,
    content_mib: u64,
    stale_if_error_s: u64,
}

/// A bound that may be set.
pub(super) struct Key {
    /// The key, as in the documentation; `_s` is in seconds.
    pub(super) name: &'static str,
    /// Which values it may have.
    range: RangeInclusive<u64>,
    /// Reads its value.
    pub(super) get: fn(&Bounds) -> u64,
    set: fn(&mut Bounds, u64),
}

/// The limits that may be set, in the order of the documentation.
pub(super) const KEYS: [Key; 24] = [
    Key {
        name: "limits.connections",
        range: 1..=MOST,
        get: |bounds| bounds.transport.connections as u64,
        set: |bounds, value| bounds.transport.connections = whole(value),
    },
    Key {
        name: "limits.connections_per_address",
        range: 1..=MOST,
        get: |bounds| bounds.transport.connections_per_address as u64,
        set: |bounds, value| bounds.transport.connections_per_address = whole(value),
    },
    Key {
        name: "limits.connections_per_certificate",
        range: 1..=MOST,
        get: |bounds| bounds.transport.connections_per_certificate as u64,
        set: |bounds, value| bounds.transport.connections_per_certificate = whole(value),
    },
    Key {
        name: "limits.handshakes",
        range: 1..=MOST,
        get: |bounds| bounds.transport.handshakes as u64,
        set: |bounds, value| bounds.transport.handshakes = whole(value),
    },
    Key {
        name: "limits.handshakes_per_address",
        range: 1..=MOST,
        get: |bounds| bounds.transport.handshakes_per_address as u64,
        set: |bounds, value| bounds.transport.handshakes_per_address = whole(value),
    },
    Key {
        name: "limits.handshake_timeout_s",
        range: 1..=60,
        get: |bounds| bounds.transport.handshake_timeout.as_secs(),
        set: |bounds, value| bounds.transport.handshake_timeout = Duration::from_secs(value),
    },
    Key {
        name: "limits.first_request_s",
        range: 1..=600,
        get: |bounds| bounds.transport.first_request.as_secs(),
        set: |bounds, value| bounds.transport.first_request = Duration::from_secs(value),
    },
    Key {
        name: "limits.idle_s",
        range: 1..=DAY,
        get: |bounds| bounds.transport.idle.as_secs(),
        set: |bounds, value| bounds.transport.idle = Duration::from_secs(value),
    },
    Key {
        name: "limits.age_s",
        range: 10..=DAY,
        get: |bounds| bounds.transport.age.as_secs(),
        set: |bounds, value| bounds.transport.age = Duration::from_secs(value),
    },
    Key {
        name: "limits.drain_s",
        range: 1..=600,
        get: |bounds| bounds.transport.drain.as_secs(),
        set: |bounds, value| bounds.transport.drain = Duration::from_secs(value),
    },
    Key {
        name: "limits.streams",
        range: 1..=10_000,
        get: |bounds| u64::from(bounds.transport.streams),
        set: |bounds, value| bounds.transport.streams = u32::try_from(value).unwrap_or(u32::MAX),
    },
    Key {
        name: "limits.response_progress_s",
        range: 1..=600,
        get: |bounds| bounds.transport.response_progress.as_secs(),
        set: |bounds, value| bounds.transport.response_progress = Duration::from_secs(value),
    },
    Key {
        name: "limits.calls",
        range: 1..=MOST,
        get: |bounds| bounds.calls,
        set: |bounds, value| bounds.calls = value,
    },
    Key {
        name: "limits.calls_per_department",
        range: 1..=MOST,
        get: |bounds| bounds.calls_per_department,
        set: |bounds, value| bounds.calls_per_department = value,
    },
    Key {
        name: "limits.calls_per_second",
        range: 1..=MOST,
        get: |bounds| bounds.calls_per_second,
        set: |bounds, value| bounds.calls_per_second = value,
    },
    Key {
        name: "limits.burst",
        range: 1..=MOST,
        get: |bounds| bounds.burst,
        set: |bounds, value| bounds.burst = value,
    },
    Key {
        name: "limits.batch_subjects_per_minute",
        range: 1..=MOST,
        get: |bounds| bounds.batch_subjects_per_minute,
        set: |bounds, value| bounds.batch_subjects_per_minute = value,
    },
    Key {
        name: "limits.batch_subjects_per_day",
        range: 1..=1_000 * MOST,
        get: |bounds| bounds.batch_subjects_per_day,
        set: |bounds, value| bounds.batch_subjects_per_day = value,
    },
    Key {
        name: "limits.memory_mib",
        range: 0..=MOST,
        get: |bounds| bounds.memory_mib,
        set: |bounds, value| bounds.memory_mib = value,
    },
    Key {
        name: "limits.upload_idle_s",
        range: 1..=30 * DAY,
        get: |bounds| bounds.upload_idle_s,
        set: |bounds, value| bounds.upload_idle_s = value,
    },
    Key {
        name: "limits.adapter_failures",
        range: 1..=MOST,
        get: |bounds| bounds.adapter_failures,
        set: |bounds, value| bounds.adapter_failures = value,
    },
    Key {
        name: "limits.adapter_calls",
        range: 1..=MOST,
        get: |bounds| bounds.adapter_calls,
        set: |bounds, value| bounds.adapter_calls = value,
    },
    Key {
        name: "cache.content_mib",
        range: 0..=MOST,
        get: |bounds| bounds.content_mib,
        set: |bounds, value| bounds.content_mib = value,
    },
    Key {
        name: "cache.stale_if_error_s",
        range: 0..=DAY,
        get: |bounds| bounds.stale_if_error_s,
        set: |bounds, value| bounds.stale_if_error_s = value,
    },
];

// === impl Bounds ===

impl Default for Bounds {
    fn default() -> Self {
        let admission = AdmissionLimits::within(0);
        let exchange = oncebus_core::Limits::default();
        let breaker = BreakerLimits::default();
        Self {
            transport: oncebus_transport::Limits::default(),
            calls: admission.calls.into(),
            calls_per_department: admission.calls_per_department.into(),
            calls_per_second: admission.calls_per_second.get().into(),
            burst: admission.burst.get().into(),
            batch_subjects_per_minute: admission.batch_subjects_per_minute.get().into(),
            batch_subjects_per_day: admission.batch_subjects_per_day.get().into(),
            memory_mib: 0,
            upload_idle_s: exchange.upload_idle.as_secs(),
            adapter_failures: breaker.failures.into(),
            adapter_calls: breaker.calls.into(),
            content_mib: exchange.cache.content_bytes / MIB,
            stale_if_error_s: exchange.cache.stale_if_error.as_secs(),
        }
    }
}

impl Bounds {
    /// Returns when an adapter counts as failing.
    pub(crate) fn breaker(&self) -> BreakerLimits {
        BreakerLimits { failures: count(self.adapter_failures), calls: count(self.adapter_calls) }
    }

    /// Returns the bounds of the exchange.
    pub(crate) fn exchange(&self, spool_dir: &Path) -> oncebus_core::Limits {
        let memory = match self.memory_mib {
            0 => memory::bytes(),
            mib => mib * MIB,
        };
        oncebus_core::Limits {
            cache: CacheLimits {
                content_bytes: self.content_mib * MIB,
                stale_if_error: Duration::from_secs(self.stale_if_error_s),
                ..CacheLimits::default()
            },
            admission: AdmissionLimits {
                calls: count(self.calls),
                calls_per_department: count(self.calls_per_department),
                calls_per_second: nonzero(self.calls_per_second),
                burst: nonzero(self.burst),
                batch_subjects_per_minute: nonzero(self.batch_subjects_per_minute),
                batch_subjects_per_day: nonzero(self.batch_subjects_per_day),
                ..AdmissionLimits::within(memory)
            },
            // The exchange has the transport's patience.
            progress: self.transport.response_progress,
            upload_idle: Duration::from_secs(self.upload_idle_s),
            spool_dir: spool_dir.to_owned(),
            ..oncebus_core::Limits::default()
        }
    }
}

/// Takes what is written in both tables, and the defaults for all else.
///
/// # Errors
///
/// Names a key that is none, or whose value is too small or too large.
pub(super) fn checked(
    cache: BTreeMap<String, u64>,
    limits: BTreeMap<String, u64>,
) -> Result<Bounds, ConfigFault> {
    let mut bounds = Bounds::default();
    let cache = cache.into_iter().map(|(name, value)| (format!("cache.{name}"), value));
    let limits = limits.into_iter().map(|(name, value)| (format!("limits.{name}"), value));
    for (name, value) in cache.chain(limits) {
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            let known: Vec<_> = KEYS.iter().map(|key| key.name).collect();
            let known = known.join(", ");
            return Err(ConfigFault::Value(format!("{name}: is unknown, give one of {known}")));
        };
        if !key.range.contains(&value) {
            let (least, most) = (key.range.start(), key.range.end());
            return Err(ConfigFault::Value(format!("{name}: is {value}, give {least} to {most}")));
        }
        (key.set)(&mut bounds, value);
    }
    Ok(bounds)
}

/// A count in a process's memory.
fn whole(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// A count of calls; never 0, by its key's range.
fn count(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX).max(1)
}

fn nonzero(value: u64) -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(count(value) - 1)
}
