//! One core's connections to one adapter.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use oncebus_transport::EndpointError;
use tokio::time::Instant;
use tonic::transport::Channel;

use super::calls::Client;

/// Connections at a time: the calls on one are not stopped by what stops the other.
const CONNECTIONS: usize = 2;
/// Age at which a connection is replaced.
const MAX_AGE: Duration = Duration::from_secs(600);
/// Cancelled calls after which a connection is replaced: at 1,024 the HTTP/2 library takes it for an
/// attack and ends it with all calls in flight.
const MAX_CANCELS: u32 = 500;
/// Longest message of an adapter, in bytes.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024 + 64 * 1024;

/// Makes a connection; its tasks run on the present runtime.
pub(super) type Dial = Box<dyn Fn() -> Result<Channel, EndpointError> + Send + Sync>;

/// Gives each call the connection with the fewest calls, and replaces connections in time.
///
/// Calls in flight end on the connection that they began on, which closes behind the last of them.
pub(super) struct Connections {
    dial: Dial,
    open: Mutex<Open>,
}

/// A connection lent to one call until it is dropped. A call that is dropped before it
/// [`ended`](Lease::ended) counts as cancelled.
#[derive(Debug)]
pub(super) struct Lease {
    client: Client,
    usage: Arc<Usage>,
    ended: bool,
}

#[derive(Debug)]
struct Open {
    connections: [Connection; CONNECTIONS],
    /// Where to look first, so that idle connections take turns.
    next: usize,
}

#[derive(Debug)]
struct Connection {
    client: Client,
    since: Instant,
    number: u64,
    usage: Arc<Usage>,
}

#[derive(Debug, Default)]
struct Usage {
    in_flight: AtomicU32,
    cancels: AtomicU32,
}

// === impl Connections ===

impl Connections {
    /// Prepares the connections; each connects at its first call.
    pub(super) fn new(dial: Dial) -> Result<Self, EndpointError> {
        let connections = [Connection::new(dial()?, 0), Connection::new(dial()?, 0)];
        Ok(Self { dial, open: Mutex::new(Open { connections, next: 0 }) })
    }

    /// Lends a connection of at least this number (see `Pass::connections`).
    pub(super) fn lend(&self, number: u64) -> Lease {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for spent in open.connections.iter_mut().filter(|connection| connection.is_spent(number)) {
            // An endpoint that was taken once is taken again; if not, the old one is what we have.
            if let Ok(channel) = (self.dial)() {
                *spent = Connection::new(channel, number);
            }
        }
        open.least_busy().lend()
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("open", &self.open).finish_non_exhaustive()
    }
}

// === impl Lease ===

impl Lease {
    /// Returns what to call through.
    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Says that the call has ended by itself.
    pub(super) fn ended(mut self) {
        self.ended = true;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.usage.in_flight.fetch_sub(1, Ordering::Relaxed);
        if !self.ended {
            self.usage.cancels.fetch_add(1, Ordering::Relaxed);
        }
    }
}

// === impl Open ===

impl Open {
    fn least_busy(&mut self) -> &Connection {
        let start = self.next;
        self.next = (start + 1) % CONNECTIONS;
        let busy = |at: usize| self.connections[at].usage.in_flight.load(Ordering::Relaxed);
        let turns = (0..CONNECTIONS).map(|turn| (start + turn) % CONNECTIONS);
        let least = turns.min_by_key(|&at| busy(at)).unwrap_or(start);
        &self.connections[least]
    }
}

// === impl Connection ===

impl Connection {
    fn new(channel: Channel, number: u64) -> Self {
        let client = Client::new(channel).max_decoding_message_size(MAX_MESSAGE_BYTES);
        Self { client, since: Instant::now(), number, usage: Arc::default() }
    }

    fn is_spent(&self, number: u64) -> bool {
        self.number < number
            || self.since.elapsed() >= MAX_AGE
            || self.usage.cancels.load(Ordering::Relaxed) >= MAX_CANCELS
    }

    fn lend(&self) -> Lease {
        self.usage.in_flight.fetch_add(1, Ordering::Relaxed);
        Lease { client: self.client.clone(), usage: Arc::clone(&self.usage), ended: false }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;
    use tonic::transport::Endpoint;

    use super::*;

    /// Connections to nobody, and how many were made.
    fn connections() -> (Connections, Arc<AtomicU32>) {
        let made = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&made);
        let dial = move || {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok(Endpoint::from_static("http://127.0.0.1:1").connect_lazy())
        };
        (Connections::new(Box::new(dial)).unwrap(), made)
    }

    fn cancel(connections: &Connections, times: u32) {
        (0..times).for_each(|_| drop(connections.lend(0)));
    }

    fn load(made: &AtomicU32) -> u32 {
        made.load(Ordering::Relaxed)
    }

    #[tokio::test(start_paused = true)]
    async fn calls_go_where_the_fewest_are_and_take_turns() {
        let (connections, made) = connections();

        let first = connections.lend(0);
        let second = connections.lend(0);
        assert!(!Arc::ptr_eq(&first.usage, &second.usage), "both went to one connection");
        first.ended();
        let third = connections.lend(0);

        assert!(!Arc::ptr_eq(&second.usage, &third.usage), "it went where a call was");
        assert_eq!(load(&made), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_replaced_after_ten_minutes_and_its_calls_keep_it() {
        let (connections, made) = connections();
        let old = connections.lend(0);
        advance(MAX_AGE - Duration::from_millis(1)).await;
        connections.lend(0).ended();
        assert_eq!(load(&made), 2);

        advance(Duration::from_millis(1)).await;
        let new = [connections.lend(0), connections.lend(0)];

        assert_eq!(load(&made), 4);
        assert!(new.iter().all(|lease| !Arc::ptr_eq(&lease.usage, &old.usage)));
        assert_eq!(old.usage.in_flight.load(Ordering::Relaxed), 1, "its call was taken from it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_replaced_after_500_cancels_and_not_for_calls_that_ended() {
        let (connections, made) = connections();
        (0..3000).for_each(|_| connections.lend(0).ended());
        cancel(&connections, 2 * MAX_CANCELS - 1);
        assert_eq!(load(&made), 2);

        cancel(&connections, 1);

        assert_eq!(load(&made), 3, "one of the two has had 500");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_wants_a_new_connection_gets_one() {
        let (connections, made) = connections();

        connections.lend(1).ended();
        connections.lend(0).ended();
        connections.lend(1).ended();

        assert_eq!(load(&made), 4);
    }
}
