//! Real connections over loopback, with certificates made in memory.

mod authority;
mod caps;
mod dialling;
mod lifetimes;
mod refusals;
mod slow_readers;
mod town;
