//! A served adapter over real mutual TLS, as a gateway sees it.

mod checks;
mod fields;
mod garbage;
mod peers;
mod support;
