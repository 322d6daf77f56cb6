//! A decision in favour of a call, and whether it still stands.

use std::sync::Arc;

use tokio::select;

use crate::{
    Caller, ExchangeError, Operation, Policy, Rule, TypeCode, VersionId,
    policy::{Changes, Decision, Ruling},
    revocations::{RevocationWatch, Revocations},
};

/// What was decided in favour of a call, by the permissions of one epoch, and the version that it gives
/// on, as long as that is not revoked.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    policy: Arc<Policy>,
    changes: Changes,
    caller: Caller,
    operation: Operation,
    material_type: TypeCode,
    by: Ruling,
    revocations: RevocationWatch,
}

// === impl Standing ===

impl Standing {
    /// Decides a call, and says by which permissions, whichever way.
    pub(crate) fn decide(
        policy: &Arc<Policy>,
        revocations: &Revocations,
        caller: &Caller,
        operation: Operation,
        material_type: &TypeCode,
    ) -> (Result<(Rule, Self), ExchangeError>, Ruling) {
        let (changes, revocations) = (policy.changes(), revocations.watch());
        let Decision { rule, by } = policy.rule(caller, operation, material_type);
        let stands = |rule| {
            let (policy, caller) = (Arc::clone(policy), caller.clone());
            let (material_type, by) = (material_type.clone(), by.clone());
            (rule, Self { policy, changes, caller, operation, material_type, by, revocations })
        };
        (rule.map(stands), by)
    }

    /// Returns the permissions that it was last decided by.
    pub(crate) fn by(&self) -> &Ruling {
        &self.by
    }

    /// Says which version the call is about to give on.
    pub(crate) fn gives_on(&mut self, version: VersionId) {
        self.revocations.on(version);
    }

    /// Decides again if the permissions have changed since, and looks at the version again if anything
    /// was revoked.
    ///
    /// # Errors
    ///
    /// As [`Policy::decide`]; [`ExchangeError::VersionRevoked`]; or if the registry cannot tell.
    pub(crate) async fn check(&mut self) -> Result<(), ExchangeError> {
        self.permitted()?;
        self.revocations.check().await
    }

    fn permitted(&mut self) -> Result<(), ExchangeError> {
        if self.policy.epoch() == self.by.epoch {
            return Ok(());
        }
        let Self { policy, caller, operation, material_type, .. } = self;
        let Decision { rule, by } = policy.rule(caller, *operation, material_type);
        // Whichever way, its record names the permissions that decided last.
        self.by.digest = by.digest;
        rule?;
        self.by.epoch = by.epoch;
        Ok(())
    }

    /// Waits until the decision does not stand any more, and says why.
    pub(crate) async fn withdrawn(&mut self) -> ExchangeError {
        loop {
            if let Err(error) = self.check().await {
                return error;
            }
            select! {
                () = self.changes.next() => {}
                () = self.revocations.changed() => {}
            }
        }
    }
}
