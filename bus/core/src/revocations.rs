//! Tells calls under way that versions were revoked, so that each looks at its own again.

use std::sync::Arc;

use tokio::sync::watch;

use crate::{ExchangeError, Registry, VersionId};

/// Counts revocations. Clones share the count.
#[derive(Clone, Debug)]
pub(crate) struct Revocations {
    registry: Arc<dyn Registry>,
    count: Arc<watch::Sender<u64>>,
}

/// What one call has seen of them.
#[derive(Clone, Debug)]
pub(crate) struct RevocationWatch {
    registry: Arc<dyn Registry>,
    count: watch::Receiver<u64>,
    /// The count when the version was last known to be good.
    seen: u64,
    version: Option<VersionId>,
}

// === impl Revocations ===

impl Revocations {
    pub(crate) fn new(registry: Arc<dyn Registry>) -> Self {
        Self { registry, count: Arc::new(watch::Sender::new(0)) }
    }

    /// Has every call under way look again. The revocation must be durable, and forgotten what was
    /// remembered of the version, before this.
    pub(crate) fn advance(&self) {
        self.count.send_modify(|count| *count += 1);
    }

    /// Watches from now on; to be called before the version is read.
    pub(crate) fn watch(&self) -> RevocationWatch {
        let count = self.count.subscribe();
        let seen = *count.borrow();
        RevocationWatch { registry: Arc::clone(&self.registry), count, seen, version: None }
    }
}

// === impl RevocationWatch ===

impl RevocationWatch {
    /// Says which version the call is about to give on.
    pub(crate) fn on(&mut self, version: VersionId) {
        self.version = Some(version);
    }

    /// Looks at the version again if anything was revoked since.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::VersionRevoked`], or if the registry cannot tell.
    pub(crate) async fn check(&mut self) -> Result<(), ExchangeError> {
        let now = *self.count.borrow();
        if now == self.seen {
            return Ok(());
        }
        if let Some(id) = self.version {
            let version = self.registry.version(&id).await?;
            version.ok_or(ExchangeError::MaterialNotFound)?.not_revoked()?;
        }
        // Only now: a caller may drop this in between, and must find the same again.
        self.seen = now;
        Ok(())
    }

    /// Waits until something was revoked since; for ever once the bus is gone.
    pub(crate) async fn changed(&mut self) {
        let seen = self.seen;
        if self.count.wait_for(|now| *now != seen).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
