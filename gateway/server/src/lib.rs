//! The gateway: connections, gRPC services and adapter clients around the exchange.
//!
//! [`Gateway::start`] puts the parts together and listens; everything of the exchange itself is in
//! `oncebus-core`.

mod acts;
mod adapters;
mod caller;
mod config;
mod convert;
mod corrections;
mod gateway;
mod journal;
mod key_records;
mod keys;
mod page;
mod refusals;
mod reload;
mod rotation;
mod scrub;
mod services;
mod settle;
mod stores;
mod upkeep;

pub use config::{
    AdapterConfig, Bounds, Checked, ConfigError, ConfigFault, GatewayConfig, Hold, Retention,
    Setting, Source, SystemConfig, TlsConfig,
};
pub use gateway::{Gateway, Injected, StartError};
pub use oncebus_core::{
    Catalog, CatalogError, CatalogSources, Clock, Day, Facts, Holds, Incompatibility, MaterialType,
    Permission, Requirement, Rng, Role, SealedContent, Supply, SystemClock, SystemRng,
    ValidityKind,
};
pub use oncebus_store::{
    PartState, RecipientError, SealIdentity, SealedForm, UnsealError, check as check_sealed,
    open as unseal,
};
pub use rotation::{RotateError, rotate_subject_key};
pub use scrub::{ScrubError, Scrubbed};
