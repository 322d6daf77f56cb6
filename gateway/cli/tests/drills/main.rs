//! Fault drills: gateway and adapters are processes of their own, something breaks, and what callers
//! were told is compared with what is on the trail afterwards.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests panic where a step fails")]

mod disk;
mod hostile;
mod kill;
mod ledger;
mod load;
mod memory;
mod oracle;
mod pressure;
mod process;
mod recording;
mod report;
mod town;
mod wire;

use tokio::sync::{Mutex, MutexGuard};

/// Figures mean something only while one drill runs.
static TURN: Mutex<()> = Mutex::const_new(());

/// Waits for this drill's turn; it lasts until the answer is dropped.
async fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().await
}

/// Returns `small` in `make test`, and `large` where `ONCEBUS_TEST_SCALE` asks for more.
fn scaled(small: usize, large: usize) -> usize {
    let scale = std::env::var("ONCEBUS_TEST_SCALE").map_or(1, |scale| scale.parse().unwrap());
    if scale > 1 { large } else { small }
}
