//! The permissions that are in force, and their epoch: it tells when a decision must be made anew.

use std::sync::Arc;

use tokio::sync::watch;

use crate::{Caller, ExchangeError, Operation, Permissions, Rule, TypeCode};

/// The permissions in force. They are replaced as a whole, so no call ever sees half of a change.
#[derive(Debug)]
pub struct Policy(watch::Sender<InForce>);

/// Number of the permissions in force; it grows by one with each change, from 1 at start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// Tells of changes of the permissions.
#[derive(Clone, Debug)]
pub(crate) struct Changes(watch::Receiver<InForce>);

#[derive(Clone, Debug)]
struct InForce {
    epoch: Epoch,
    permissions: Arc<Permissions>,
}

// === impl Policy ===

impl Policy {
    /// Puts the first permissions in force.
    pub fn new(permissions: Permissions) -> Self {
        let first = InForce { epoch: Epoch(1), permissions: Arc::new(permissions) };
        Self(watch::Sender::new(first))
    }

    /// Puts other permissions in force. Every decision that begins after this returned is by them,
    /// and every call under way is decided anew before it releases more.
    pub fn replace(&self, permissions: Permissions) -> Epoch {
        let permissions = Arc::new(permissions);
        self.0.send_modify(|now| *now = InForce { epoch: Epoch(now.epoch.0 + 1), permissions });
        self.epoch()
    }

    /// Returns the epoch of the permissions in force.
    pub fn epoch(&self) -> Epoch {
        self.0.borrow().epoch
    }

    /// Decides one call, and says by the permissions of which epoch.
    ///
    /// # Errors
    ///
    /// As [`Permissions::decide`].
    pub fn decide(
        &self,
        caller: &Caller,
        operation: Operation,
        material_type: &TypeCode,
    ) -> Result<(Rule, Epoch), ExchangeError> {
        let InForce { epoch, permissions } = self.0.borrow().clone();
        Ok((permissions.decide(caller, operation, material_type)?, epoch))
    }

    /// Returns what tells of every change from now on.
    pub(crate) fn changes(&self) -> Changes {
        Changes(self.0.subscribe())
    }
}

// === impl Changes ===

impl Changes {
    /// Waits for the next change; for ever once the policy is gone.
    pub(crate) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
