//! Opens what a gateway keeps: the trail, then the registry, then what can be made anew.

use std::{io, path::Path, sync::Arc};

use oncebus_core::Rng;
use oncebus_store::{SearchIndex, SqliteRegistry, SubjectKeys};
use oncebus_trail::{Recovery, Trail, TrailConfig};
use tokio::task::spawn_blocking;

use crate::{GatewayConfig, StartError, keys};

/// What a gateway keeps on disk.
#[derive(Debug)]
pub(crate) struct Stores {
    pub trail: Trail,
    pub recovery: Recovery,
    pub registry: Arc<SqliteRegistry>,
    pub index: Arc<SearchIndex>,
    /// Key of the page tokens.
    pub page_key: [u8; 32],
}

// === impl Stores ===

impl Stores {
    /// Opens everything below the data folder, and makes what is not there yet.
    pub(crate) async fn open(config: &GatewayConfig, rng: &dyn Rng) -> Result<Self, StartError> {
        let data = &config.data_dir;
        let keys_dir = data.join("keys");
        for dir in [data, &keys_dir] {
            keys::private_dir(dir).map_err(|source| StartError::files(dir, source))?;
        }
        let (trail, recovery) = open_trail(config).await?;
        let Recovery { records, torn_bytes, .. } = recovery;
        tracing::info!(records, torn_bytes, "the trail is open");
        let subject_keys = SubjectKeys::load_or_create(&keys_dir.join("subjects.json"), rng)?;
        let registry = SqliteRegistry::open(&data.join("registry.sqlite"), subject_keys).await?;
        let index = SearchIndex::open(&data.join("index.sqlite"), &trail).await?;
        let page_key_file = keys_dir.join("page-tokens.key");
        let page_key = keys::load_or_draw(&page_key_file, rng)
            .map_err(|source| StartError::files(&page_key_file, source))?;
        Ok(Self { trail, recovery, registry: Arc::new(registry), index: Arc::new(index), page_key })
    }
}

async fn open_trail(config: &GatewayConfig) -> Result<(Trail, Recovery), StartError> {
    let dir: &Path = &config.trail_dir;
    let trail = TrailConfig::new(dir.to_owned(), config.origin.clone());
    match spawn_blocking(move || Trail::open(trail)).await {
        Ok(opened) => Ok(opened?),
        Err(error) => Err(StartError::files(dir, io::Error::other(error))),
    }
}
