//! Randomness, injected so that tests can fix it.

use std::fmt;

use uuid::Uuid;

use crate::Clock;

/// Gives random bytes fit for keys and ids.
pub trait Rng: fmt::Debug + Send + Sync {
    /// Fills `bytes` with random ones.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the generator is seeded before main runs");
    }
}

/// Makes a UUIDv7 (RFC 9562): in order of time, otherwise random.
pub(crate) fn uuid(clock: &dyn Clock, rng: &dyn Rng) -> Uuid {
    let mut random = [0; 10];
    rng.fill(&mut random);
    let millis = u64::try_from(clock.now().as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
