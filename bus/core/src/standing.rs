//! A decision in favour of a call, and whether it still stands.

use std::sync::Arc;

use crate::{Caller, Epoch, ExchangeError, Operation, Policy, Rule, TypeCode, policy::Changes};

/// What was decided in favour of a call, by the permissions of one epoch.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    policy: Arc<Policy>,
    changes: Changes,
    caller: Caller,
    operation: Operation,
    material_type: TypeCode,
    epoch: Epoch,
}

// === impl Standing ===

impl Standing {
    /// Decides a call.
    ///
    /// # Errors
    ///
    /// As [`Policy::decide`].
    pub(crate) fn decide(
        policy: &Arc<Policy>,
        caller: &Caller,
        operation: Operation,
        material_type: &TypeCode,
    ) -> Result<(Rule, Self), ExchangeError> {
        let changes = policy.changes();
        let (rule, epoch) = policy.decide(caller, operation, material_type)?;
        let (policy, caller) = (Arc::clone(policy), caller.clone());
        let material_type = material_type.clone();
        Ok((rule, Self { policy, changes, caller, operation, material_type, epoch }))
    }

    /// Decides again if the permissions have changed since.
    ///
    /// # Errors
    ///
    /// As [`Policy::decide`].
    pub(crate) fn check(&mut self) -> Result<(), ExchangeError> {
        if self.policy.epoch() != self.epoch {
            let Self { policy, caller, operation, material_type, .. } = self;
            let (_rule, epoch) = policy.decide(caller, *operation, material_type)?;
            self.epoch = epoch;
        }
        Ok(())
    }

    /// Waits until the decision does not stand any more, and says why.
    pub(crate) async fn withdrawn(&mut self) -> ExchangeError {
        loop {
            if let Err(error) = self.check() {
                return error;
            }
            self.changes.next().await;
        }
    }
}
