//! The gateway: connections, gRPC services and adapter clients around the exchange.
//!
//! [`Gateway::start`] puts the parts together and listens; everything of the exchange itself is in
//! `oncebus-core`.

mod adapters;
mod caller;
mod config;
mod convert;
mod gateway;
mod keys;
mod page;
mod refusals;
mod reload;
mod services;
mod settle;
mod stores;
mod upkeep;

pub use config::{
    AdapterConfig, Bounds, Checked, ConfigError, ConfigFault, GatewayConfig, Setting, Source,
    SystemConfig, TlsConfig,
};
pub use gateway::{Gateway, Injected, StartError};
pub use oncebus_core::{
    Catalog, CatalogError, CatalogSources, Clock, MaterialType, Permission, Rng, Role, Supply,
    SystemClock, SystemRng,
};
