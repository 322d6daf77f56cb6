//! Random numbers that a seed repeats.

use std::hash::{BuildHasher as _, RandomState};

/// Repeatable random numbers (splitmix64).
#[derive(Debug)]
pub(super) struct Dice(u64);

/// Returns the seed that `ONCEBUS_TEST_SEED` asks for, or a new one.
pub(super) fn seed() -> u64 {
    match std::env::var("ONCEBUS_TEST_SEED") {
        Ok(seed) => seed.parse().expect("ONCEBUS_TEST_SEED is a number"),
        Err(_unset) => RandomState::new().hash_one(0),
    }
}

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    /// Says yes once in `times` times.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(among.len())]
    }
}
