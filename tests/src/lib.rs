//! The harness: a whole bus in one process, with real mutual TLS on free ports.
//!
//! A [`TestBus`] has a gateway and one adapter for each department. The adapters are written on the
//! raw contract, so that they can break it; the gateway is the real one.

mod adapter;
mod authority;
mod behaviour;
mod bus;
mod client;
mod clock;
mod gate;
mod hooks;
mod proof;
mod proxy;
pub mod raw;
mod tag;
mod trail_file;

pub use adapter::{Calls, Fault, TestAdapter, Words};
pub use authority::{Authority, Pair, leaf};
pub use behaviour::Behaviour;
pub use bus::{Builder, TestBus};
pub use client::{
    Client, Document, Fetched, checklist, digest, party, purpose, reason, receipt, request_id,
    subject,
};
pub use clock::TestClock;
pub use proof::proof;
pub use proxy::Proxy;
pub use tag::{Route, Tag};
pub use trail_file::{AdapterCallCounts, TrailFile, TrailRecord, trail_records};

/// Says loudly that a test is not run, and why: past the capture of what tests print.
pub fn skipped(why: &str) {
    use std::io::Write as _;
    writeln!(std::io::stderr(), "SKIPPED: {why}").expect("stderr takes a line");
}
