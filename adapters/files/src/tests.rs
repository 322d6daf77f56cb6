//! The adapter on real folders, and once as a process is run.

mod claims;
mod held;
mod support;
mod uploaded;
mod wire;
