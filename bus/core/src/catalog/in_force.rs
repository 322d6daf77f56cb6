//! The catalogue that is in force.

use std::sync::Arc;

use tokio::sync::watch;

use super::Catalog;

/// The catalogue in force. It is replaced as a whole: who has read it keeps what was read.
#[derive(Debug)]
pub(crate) struct CatalogInForce(watch::Sender<Arc<Catalog>>);

// === impl CatalogInForce ===

impl CatalogInForce {
    pub(crate) fn new(catalog: Arc<Catalog>) -> Self {
        Self(watch::Sender::new(catalog))
    }

    pub(crate) fn get(&self) -> Arc<Catalog> {
        Arc::clone(&self.0.borrow())
    }

    pub(crate) fn replace(&self, catalog: Arc<Catalog>) {
        self.0.send_replace(catalog);
    }
}
