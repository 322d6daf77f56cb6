//! Counts connections and unfinished handshakes, and says who may come in.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

use crate::{Limits, Refusal};

/// Says who may come in.
///
/// Unfinished handshakes and open connections are counted apart: strangers, who never finish one,
/// take no place from those who have a certificate.
#[derive(Debug)]
pub(super) struct Admission {
    limits: Limits,
    table: Mutex<Table>,
}

/// The place of an unfinished handshake; dropping it gives the place back.
#[derive(Debug)]
pub(super) struct Opening {
    admission: Arc<Admission>,
    address: IpAddr,
    /// Counts connections since the start; the oldest has the lowest.
    pub(super) number: u64,
    /// Told when the place is needed for a newcomer.
    pub(super) dropped: CancellationToken,
}

/// The place of an open connection; dropping it gives the place back.
#[derive(Debug)]
pub(super) struct Open {
    admission: Arc<Admission>,
    address: IpAddr,
    certificate: [u8; 32],
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    /// Handshakes that still have their place, by number.
    unfinished: BTreeMap<u64, (IpAddr, CancellationToken)>,
    /// Sockets of handshakes, with those that were dropped and not yet closed.
    opening: usize,
    open: usize,
    by_address: HashMap<IpAddr, usize>,
    by_certificate: HashMap<[u8; 32], usize>,
}

// === impl Admission ===

impl Admission {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { limits: limits.clone(), table: Mutex::default() }
    }

    /// Gives a newcomer the place of an unfinished handshake, the oldest one's if there is no other.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Opening, Refusal> {
        let address = network(address);
        let mut table = self.table();
        table.has_room(&self.limits, address)?;
        // Dropped handshakes may wait for their worker to close them, but not without bound.
        if 2 * self.limits.handshakes <= table.opening {
            return Err(Refusal::HandshakeDropped);
        }
        table.make_way(&self.limits, address);
        let number = table.next;
        let dropped = CancellationToken::new();
        table.next += 1;
        table.opening += 1;
        table.unfinished.insert(number, (address, dropped.clone()));
        Ok(Opening { admission: Arc::clone(self), address, number, dropped })
    }

    /// Drops the oldest unfinished handshake.
    pub(super) fn drop_oldest(&self) {
        let mut table = self.table();
        if let Some((_, (_, dropped))) = table.unfinished.pop_first() {
            dropped.cancel();
        }
    }

    /// Returns how many connections are open.
    pub(super) fn open(&self) -> usize {
        self.table().open
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Opening ===

impl Opening {
    /// Changes the place for that of an open connection.
    pub(super) fn open(self, certificate: [u8; 32]) -> Result<Open, Refusal> {
        let limits = &self.admission.limits;
        let mut table = self.admission.table();
        table.has_room(limits, self.address)?;
        if limits.connections_per_certificate <= count(&table.by_certificate, &certificate) {
            return Err(Refusal::TooManyConnectionsOfCertificate);
        }
        table.open += 1;
        *table.by_address.entry(self.address).or_default() += 1;
        *table.by_certificate.entry(certificate).or_default() += 1;
        drop(table);
        Ok(Open { admission: Arc::clone(&self.admission), address: self.address, certificate })
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        let mut table = self.admission.table();
        table.unfinished.remove(&self.number);
        table.opening -= 1;
    }
}

// === impl Open ===

impl Drop for Open {
    fn drop(&mut self) {
        let mut table = self.admission.table();
        table.open -= 1;
        give_back(&mut table.by_address, &self.address);
        give_back(&mut table.by_certificate, &self.certificate);
    }
}

// === impl Table ===

impl Table {
    fn has_room(&self, limits: &Limits, address: IpAddr) -> Result<(), Refusal> {
        if limits.connections <= self.open {
            return Err(Refusal::TooManyConnections);
        }
        if limits.connections_per_address <= count(&self.by_address, &address) {
            return Err(Refusal::TooManyConnectionsOfAddress);
        }
        Ok(())
    }

    fn make_way(&mut self, limits: &Limits, newcomer: IpAddr) {
        let mut own = self
            .unfinished
            .iter()
            .filter(|(_, (address, _))| *address == newcomer)
            .map(|(n, _)| *n);
        let oldest_own = own.next();
        let own = own.count() + usize::from(oldest_own.is_some());
        let oldest = if limits.handshakes_per_address <= own {
            oldest_own
        } else if limits.handshakes <= self.unfinished.len() {
            self.unfinished.keys().next().copied()
        } else {
            None
        };
        if let Some((_, dropped)) = oldest.and_then(|number| self.unfinished.remove(&number)) {
            dropped.cancel();
        }
    }
}

fn count<K: Eq + Hash>(counts: &HashMap<K, usize>, key: &K) -> usize {
    counts.get(key).copied().unwrap_or(0)
}

fn give_back<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

/// One customer of an IPv6 network has at least a /64 of addresses: they count as one.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests;
