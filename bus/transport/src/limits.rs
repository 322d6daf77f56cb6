//! The limits of a listener, with their defaults.

use std::time::Duration;

/// The limits of a listener; the defaults are safe against strangers.
///
/// Two rules hold beside them: connections never take more than half of the process's file limit, and
/// all addresses of one IPv6 /64 network count as one. No time may exceed a year.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open connections, all together.
    pub connections: usize,
    /// Open connections of one address; a whole office may sit behind one.
    pub connections_per_address: usize,
    /// Open connections of one certificate.
    pub connections_per_certificate: usize,
    /// Unfinished handshakes, all together; when full, the oldest is dropped for the newcomer.
    pub handshakes: usize,
    /// Unfinished handshakes of one address; when full, its oldest is dropped for the newcomer.
    pub handshakes_per_address: usize,
    /// Handshakes that one worker advances in one round of its scheduler, so that a crowd of
    /// newcomers does not delay the calls of those who are in.
    pub handshake_steps: usize,
    /// Longest handshake.
    pub handshake_timeout: Duration,
    /// Longest wait for the first request after the handshake.
    pub first_request: Duration,
    /// Longest time without a call in flight.
    pub idle: Duration,
    /// Age at which a connection is told to go elsewhere, give or take `age_jitter_percent`.
    pub age: Duration,
    /// How far the ages of connections are spread around `age`, 0 to 100 percent.
    pub age_jitter_percent: u32,
    /// How long the calls in flight may go on after a connection was told to go.
    pub drain: Duration,
    /// Concurrent streams of a connection.
    pub streams: u32,
    /// Bytes that a peer may send ahead on one stream.
    pub stream_window: u32,
    /// Bytes that a peer may send ahead on a whole connection.
    pub connection_window: u32,
    /// Bytes of a request's headers, counted as HTTP/2 does (32 more for each).
    pub header_list: u32,
    /// Bytes waiting to be sent on one stream.
    pub send_buffer: u32,
    /// Longest time that a peer may need for each 256 KiB of an answer, or for the rest of it, until the
    /// stream is reset; what it was not given yet does not count.
    pub response_progress: Duration,
    /// Streams that a peer may reset before they are accepted (rapid reset) until it is cut off.
    pub pending_resets: usize,
    /// Streams that a peer may make us reset (MadeYouReset) until it is cut off.
    pub local_resets: usize,
    /// Interval of keepalive pings.
    pub ping_interval: Duration,
    /// Longest wait for the answer to a keepalive ping.
    pub ping_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            connections_per_address: 256,
            connections_per_certificate: 32,
            handshakes: 256,
            handshakes_per_address: 32,
            handshake_steps: 4,
            handshake_timeout: Duration::from_secs(5),
            first_request: Duration::from_secs(10),
            idle: Duration::from_secs(5 * 60),
            age: Duration::from_secs(15 * 60),
            age_jitter_percent: 10,
            drain: Duration::from_secs(30),
            streams: 100,
            stream_window: 256 * 1024,
            connection_window: 1024 * 1024,
            header_list: 8 * 1024,
            send_buffer: 512 * 1024,
            response_progress: Duration::from_secs(10),
            pending_resets: 20,
            local_resets: 256,
            ping_interval: Duration::from_secs(30),
            ping_timeout: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// Shrinks the caps until the sockets take at most half of `file_limit`.
    ///
    /// Dropped handshakes hold their sockets until their worker comes round to them: they are bounded
    /// by as many again, so handshakes count twice.
    pub(crate) fn within(mut self, file_limit: u64) -> Self {
        let half = usize::try_from(file_limit / 2).unwrap_or(usize::MAX);
        self.handshakes = self.handshakes.min(half / 8).max(1);
        self.connections = self.connections.min(half.saturating_sub(2 * self.handshakes)).max(1);
        self
    }

    /// Returns the age at which the connection of this `number` is told to go.
    ///
    /// Multiples of the golden ratio spread consecutive connections evenly, without a random source.
    pub(crate) fn age_of(&self, number: u64) -> Duration {
        const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
        let spread = (number.wrapping_mul(GOLDEN) >> 32) as f64 / f64::from(u32::MAX);
        let jitter = f64::from(self.age_jitter_percent.min(100)) / 100.0;
        self.age.mul_f64(1.0 - jitter + 2.0 * jitter * spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_never_take_more_than_half_of_the_file_limit() {
        for file_limit in [64, 256, 1_024, 4_096, 8_192, 20_000, 1_048_576] {
            let limits = Limits::default().within(file_limit);

            let sockets = limits.connections + 2 * limits.handshakes;
            assert!(sockets as u64 <= file_limit / 2, "{sockets} sockets of {file_limit}");
        }
        assert_eq!(Limits::default().within(1_048_576).connections, 4_096);
    }

    #[test]
    fn ages_are_spread_within_the_jitter() {
        let limits = Limits::default();

        let ages: Vec<_> = (0..100).map(|number| limits.age_of(number).as_secs()).collect();

        assert!(ages.iter().all(|age| (810..=990).contains(age)), "{ages:?}");
        let early = ages.iter().filter(|age| **age < 900).count();
        assert!((40..=60).contains(&early), "{early} of 100 are early");
    }
}
