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

/// A decision, and by which permissions.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) rule: Result<Rule, ExchangeError>,
    pub(crate) by: Ruling,
}

/// Names the permissions of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ruling {
    pub(crate) epoch: Epoch,
    /// SHA-256 of the permissions, hexadecimal.
    pub(crate) digest: Arc<str>,
}

#[derive(Clone, Debug)]
struct InForce {
    ruling: Ruling,
    permissions: Arc<Permissions>,
}

// === impl Policy ===

impl Policy {
    /// Puts the first permissions in force.
    pub fn new(permissions: Permissions) -> Self {
        Self(watch::Sender::new(InForce::new(Epoch(1), permissions)))
    }

    /// Puts other permissions in force. Every decision that begins after this returned is by them,
    /// and every call under way is decided anew before it releases more.
    pub fn replace(&self, permissions: Permissions) -> Epoch {
        let mut next = InForce::new(Epoch(0), permissions);
        self.0.send_modify(move |now| {
            next.ruling.epoch = Epoch(now.ruling.epoch.0 + 1);
            *now = next;
        });
        self.epoch()
    }

    /// Returns the epoch of the permissions in force.
    pub fn epoch(&self) -> Epoch {
        self.0.borrow().ruling.epoch
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
        let Decision { rule, by } = self.rule(caller, operation, material_type);
        Ok((rule?, by.epoch))
    }

    /// Decides one call, and says by which permissions, whichever way.
    pub(crate) fn rule(
        &self,
        caller: &Caller,
        operation: Operation,
        material_type: &TypeCode,
    ) -> Decision {
        let InForce { ruling, permissions } = self.0.borrow().clone();
        Decision { rule: permissions.decide(caller, operation, material_type), by: ruling }
    }

    /// Returns what tells of every change from now on.
    pub(crate) fn changes(&self) -> Changes {
        Changes(self.0.subscribe())
    }
}

// === impl InForce ===

impl InForce {
    fn new(epoch: Epoch, permissions: Permissions) -> Self {
        let digest = permissions.digest().into();
        Self { ruling: Ruling { epoch, digest }, permissions: Arc::new(permissions) }
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
