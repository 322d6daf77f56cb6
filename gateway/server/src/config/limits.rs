//! `[limits]`: the limits of connections that a configuration may set.

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use oncebus_transport::Limits;

use super::ConfigFault;

/// Most connections of any kind: more sockets than a process may have files.
const MOST: u64 = 1_000_000;
/// A day, in seconds.
const DAY: u64 = 24 * 3_600;

/// A limit that may be set.
pub(super) struct Key {
    /// The key, as in the documentation; `_s` is in seconds.
    pub(super) name: &'static str,
    /// Which values it may have.
    range: RangeInclusive<u64>,
    /// Reads its value.
    pub(super) get: fn(&Limits) -> u64,
    set: fn(&mut Limits, u64),
}

/// The limits that may be set, in the order of the documentation.
pub(super) const KEYS: [Key; 11] = [
    Key {
        name: "limits.connections",
        range: 1..=MOST,
        get: |limits| limits.connections as u64,
        set: |limits, value| limits.connections = whole(value),
    },
    Key {
        name: "limits.connections_per_address",
        range: 1..=MOST,
        get: |limits| limits.connections_per_address as u64,
        set: |limits, value| limits.connections_per_address = whole(value),
    },
    Key {
        name: "limits.connections_per_certificate",
        range: 1..=MOST,
        get: |limits| limits.connections_per_certificate as u64,
        set: |limits, value| limits.connections_per_certificate = whole(value),
    },
    Key {
        name: "limits.handshakes",
        range: 1..=MOST,
        get: |limits| limits.handshakes as u64,
        set: |limits, value| limits.handshakes = whole(value),
    },
    Key {
        name: "limits.handshakes_per_address",
        range: 1..=MOST,
        get: |limits| limits.handshakes_per_address as u64,
        set: |limits, value| limits.handshakes_per_address = whole(value),
    },
    Key {
        name: "limits.handshake_timeout_s",
        range: 1..=60,
        get: |limits| limits.handshake_timeout.as_secs(),
        set: |limits, value| limits.handshake_timeout = Duration::from_secs(value),
    },
    Key {
        name: "limits.first_request_s",
        range: 1..=600,
        get: |limits| limits.first_request.as_secs(),
        set: |limits, value| limits.first_request = Duration::from_secs(value),
    },
    Key {
        name: "limits.idle_s",
        range: 1..=DAY,
        get: |limits| limits.idle.as_secs(),
        set: |limits, value| limits.idle = Duration::from_secs(value),
    },
    Key {
        name: "limits.age_s",
        range: 10..=DAY,
        get: |limits| limits.age.as_secs(),
        set: |limits, value| limits.age = Duration::from_secs(value),
    },
    Key {
        name: "limits.drain_s",
        range: 1..=600,
        get: |limits| limits.drain.as_secs(),
        set: |limits, value| limits.drain = Duration::from_secs(value),
    },
    Key {
        name: "limits.streams",
        range: 1..=10_000,
        get: |limits| u64::from(limits.streams),
        set: |limits, value| limits.streams = u32::try_from(value).unwrap_or(u32::MAX),
    },
];

/// Takes what is written, and the defaults for all else.
///
/// # Errors
///
/// Names a key that is none, or whose value is too small or too large.
pub(super) fn checked(written: BTreeMap<String, u64>) -> Result<Limits, ConfigFault> {
    let mut limits = Limits::default();
    for (name, value) in written {
        let name = format!("limits.{name}");
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            let known: Vec<_> = KEYS.iter().map(|key| key.name).collect();
            let known = known.join(", ");
            return Err(ConfigFault::Value(format!("{name}: is unknown, give one of {known}")));
        };
        if !key.range.contains(&value) {
            let (least, most) = (key.range.start(), key.range.end());
            return Err(ConfigFault::Value(format!("{name}: is {value}, give {least} to {most}")));
        }
        (key.set)(&mut limits, value);
    }
    Ok(limits)
}

/// A count in a process's memory.
fn whole(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}
