//! The adapter on real folders, and once as a process is run.

mod held;
mod support;
mod uploaded;
mod wire;
