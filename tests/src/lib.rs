//! The harness: a whole bus in one process, with real mutual TLS on free ports.
//!
//! A [`TestBus`] has a gateway and one adapter for each department. The adapters are written on the
//! raw contract, so that they can break it; the gateway is the real one.

mod adapter;
mod authority;
mod bus;
mod client;
mod clock;

pub use adapter::{Calls, Fault, TestAdapter};
pub use authority::{Authority, Pair, leaf};
pub use bus::{Builder, TestBus};
pub use client::{
    Client, Document, Fetched, digest, purpose, reason, receipt, request_id, subject,
};
pub use clock::TestClock;

/// How many times longer random tests run than usual: `ONCEBUS_TEST_SCALE`, or 1.
pub fn scale() -> usize {
    std::env::var("ONCEBUS_TEST_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Random numbers of a seed that is printed, so that a failure can be repeated: set
/// `ONCEBUS_TEST_SEED`.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// Takes the seed of the environment, or one of the time of day.
    pub fn roll() -> Self {
        let seed = std::env::var("ONCEBUS_TEST_SEED").ok().and_then(|text| text.parse().ok());
        let seed = seed.unwrap_or_else(|| {
            let since = std::time::UNIX_EPOCH.elapsed().unwrap();
            since.as_secs() ^ u64::from(since.subsec_nanos())
        });
        println!("ONCEBUS_TEST_SEED={seed}");
        Self(seed)
    }

    /// Returns the next number (splitmix64).
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Returns `length` random bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}
