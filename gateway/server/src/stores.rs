//! Opens what a gateway keeps: the trail, then the registry, then what can be made anew.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use oncebus_core::Rng;
use oncebus_store::{SearchIndex, SqliteRegistry, SubjectKeys};
use oncebus_trail::{Recovery, SigningKey, Trail, TrailConfig, VerifierKey};
use tokio::task::spawn_blocking;

use crate::{GatewayConfig, StartError, keys};

/// What a gateway keeps on disk.
#[derive(Debug)]
pub(crate) struct Stores {
    pub trail: Trail,
    pub recovery: Recovery,
    pub registry: Arc<SqliteRegistry>,
    pub index: Arc<SearchIndex>,
    /// Keys of the tokens of subjects, cases and officers.
    pub subject_keys: Arc<SubjectKeys>,
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
        let key = signing_key(config, rng)?;
        let (trail, recovery) = open_trail(config, key).await?;
        let Recovery { records, torn_bytes, .. } = recovery;
        tracing::info!(records, torn_bytes, "the trail is open");
        let subject_keys = SubjectKeys::load_or_create(&config.subject_key_file(), rng)?;
        let subject_keys = Arc::new(subject_keys);
        let registry =
            SqliteRegistry::open(&data.join("registry.sqlite"), Arc::clone(&subject_keys)).await?;
        let index_file = data.join("index.sqlite");
        let index = SearchIndex::open(&index_file, &trail, Arc::clone(&subject_keys)).await?;
        let page_key_file = keys_dir.join("page-tokens.key");
        let page_key = keys::load_or_draw(&page_key_file, rng)
            .map_err(|source| StartError::files(&page_key_file, source))?;
        let (registry, index) = (Arc::new(registry), Arc::new(index));
        Ok(Self { trail, recovery, registry, index, subject_keys, page_key })
    }
}

// === impl GatewayConfig ===

impl GatewayConfig {
    /// Returns the file of the keys that hide subjects.
    pub(crate) fn subject_key_file(&self) -> PathBuf {
        self.data_dir.join("keys").join("subjects.json")
    }

    /// Returns the key that checks the checkpoints of this gateway's trail.
    ///
    /// # Errors
    ///
    /// If the gateway never ran, so that there is no key yet, or its file cannot be read.
    pub fn trail_verifier(&self) -> Result<VerifierKey, StartError> {
        let file = key_file(self);
        let seed = keys::load(&file).map_err(|source| StartError::files(&file, source))?;
        Ok(key_of(self, &seed)?.verifier().clone())
    }
}

/// Reads the key that signs checkpoints, or draws it.
fn signing_key(config: &GatewayConfig, rng: &dyn Rng) -> Result<SigningKey, StartError> {
    let file = key_file(config);
    let seed = keys::load_or_draw(&file, rng);
    key_of(config, &seed.map_err(|source| StartError::files(&file, source))?)
}

fn key_file(config: &GatewayConfig) -> PathBuf {
    config.data_dir.join("keys").join("trail.key")
}

fn key_of(config: &GatewayConfig, seed: &[u8; 32]) -> Result<SigningKey, StartError> {
    SigningKey::from_seed(&config.origin, seed)
        .map_err(|error| StartError::files(&key_file(config), io::Error::other(error)))
}

async fn open_trail(
    config: &GatewayConfig,
    key: SigningKey,
) -> Result<(Trail, Recovery), StartError> {
    let dir: &Path = &config.trail_dir;
    let trail = TrailConfig::new(dir.to_owned(), key);
    match spawn_blocking(move || Trail::open(trail)).await {
        Ok(opened) => Ok(opened?),
        Err(error) => Err(StartError::files(dir, io::Error::other(error))),
    }
}
