//! A ready adapter for folders of files with sidecar metadata.
//!
//! Under one root: what the department holds already, as a content and a TOML sidecar beside it,
//! found by a path template (`origin`), and what was uploaded, kept under its digest (`uploads`).
//!
//! What goes through opendal's local service, and what does not:
//! - It lists folders, and it seals: its writer makes a draft in a folder of its own, syncs and
//!   renames it. The parent folders are synced here, because opendal does not.
//! - Contents and sidecars are opened here (`folder.rs`): opendal's confinement is lexical, so it
//!   would follow a symbolic link out of the root.
//! - Staging is written here: opendal cannot write at an offset or cut a file.
//! - Removal is done here, for the sake of symbolic links too.

#![warn(missing_docs)]

mod adapter;
mod blocking;
mod claims;
mod config;
mod folder;
mod layout;
mod origin;
mod run;
mod sidecar;
mod template;
mod turns;
mod uploads;
mod verified;

pub use crate::{
    adapter::{FilesAdapter, OpenError},
    config::{ConfigError, FilesConfig},
    run::{RunError, run},
    sidecar::Sidecar,
};

#[cfg(test)]
mod tests;
