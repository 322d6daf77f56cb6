//! Unsealing by two: one system asks, another approves, the first reads.

use std::{sync::Arc, time::Duration};

use oncebus_core::{
    Call, Caller, Clock as _, Digest, ExchangeError, Ground, Operation, RequestId, Role,
    SealedContent, Span, Spans,
};
use oncebus_store::{Approval, Unseal, UnsealId};
use oncebus_trail::Receipt;

use super::{ActError, ActFailure, Acts, Parts, Refusal, call, must_be, served};

/// What is asked to be unsealed, and why.
#[derive(Debug)]
pub(crate) struct UnsealQuery {
    /// Positions of the records, ascending, each once.
    pub indices: Vec<u64>,
    /// Why.
    pub ground: Ground,
    /// Number of the file that the ground is in.
    pub reference: String,
    /// Which request it is.
    pub request: RequestId,
}

/// Which request is approved, for how long.
#[derive(Debug)]
pub(crate) struct ApproveQuery {
    /// The request.
    pub id: UnsealId,
    /// How long.
    pub lasts: Duration,
}

// === impl Acts ===

impl Acts {
    /// Asks for records to be unsealed.
    ///
    /// # Errors
    ///
    /// If the caller is no auditor, or used the request id for something else; on record too.
    pub(crate) async fn request_unseal(
        self: Arc<Self>,
        caller: Caller,
        query: UnsealQuery,
    ) -> Result<(Unseal, Receipt), ActFailure> {
        let acts = Arc::clone(&self);
        self.alone(async move { acts.ask(&caller, query).await }).await
    }

    async fn ask(
        &self,
        caller: &Caller,
        query: UnsealQuery,
    ) -> Result<(Unseal, Receipt), ActFailure> {
        let payload = query.payload();
        let UnsealQuery { indices, ground, reference, request } = query;
        let call = Call {
            request: Some(Digest::of(request.0.as_bytes())),
            private: SealedContent { reference: Some(reference), ..SealedContent::default() },
            ..call(caller, Operation::RequestUnseal)
        };
        match self.asked_before(caller, request, &payload).await {
            Ok(None) => {}
            Ok(Some(unseal)) => {
                let receipt = self.receipt(unseal.recorded).await?;
                return Ok((unseal, receipt));
            }
            Err(error) => {
                let ground = Some(ground);
                return Err(self.refused(Refusal { call, indices, ground, error }).await);
            }
        }
        let receipt = self.record(&call, &indices, ground).await?;
        let unseal = Unseal {
            id: UnsealId(self.journal().draw_id().0),
            system: caller.system.as_str().to_owned(),
            certificate: Digest::from_bytes(caller.certificate),
            request,
            payload,
            ground,
            indices,
            recorded: receipt.index,
            approval: None,
        };
        self.registry.insert_unseal(&unseal).await?;
        Ok((unseal, receipt))
    }

    async fn asked_before(
        &self,
        caller: &Caller,
        request: RequestId,
        payload: &Digest,
    ) -> Result<Option<Unseal>, ActError> {
        must_be(Role::Auditor, caller)?;
        let known = self.registry.unseal_of_request(caller.system.as_str(), request).await?;
        match known {
            Some(known) if known.payload != *payload => {
                Err(ExchangeError::IdempotencyKeyReused.into())
            }
            known => Ok(known),
        }
    }

    /// Puts an act on record; one about many ranges has several records, and the last is proven.
    async fn record(
        &self,
        call: &Call,
        indices: &[u64],
        ground: Ground,
    ) -> Result<Receipt, ActError> {
        let mut receipt = None;
        for spans in Spans::several(&Span::runs(indices.iter().copied())) {
            let written = self.journal().admin(served(call), Some(spans), Some(ground)).await?;
            receipt = Some(written);
        }
        Ok(receipt.expect("there is at least one record"))
    }

    /// Approves a request to unseal.
    ///
    /// # Errors
    ///
    /// If the caller has not the role, asked itself, or the request is approved already by somebody
    /// else or its approval over; on record too.
    pub(crate) async fn approve_unseal(
        self: Arc<Self>,
        caller: Caller,
        query: ApproveQuery,
    ) -> Result<(Unseal, Receipt), ActFailure> {
        let acts = Arc::clone(&self);
        self.alone(async move { acts.approve(&caller, &query).await }).await
    }

    async fn approve(
        &self,
        caller: &Caller,
        query: &ApproveQuery,
    ) -> Result<(Unseal, Receipt), ActFailure> {
        let call = call(caller, Operation::ApproveUnseal);
        let known = self.registry.unseal(query.id).await?;
        let (ground, indices) = known
            .as_ref()
            .map_or((None, Vec::new()), |known| (Some(known.ground), known.indices.clone()));
        let mut unseal = match self.approvable(caller, known) {
            Ok(unseal) => unseal,
            Err(error) => {
                return Err(self.refused(Refusal { call, indices, ground, error }).await);
            }
        };
        if let Some(approval) = &unseal.approval {
            let receipt = self.receipt(approval.recorded).await?;
            return Ok((unseal, receipt));
        }
        let until = self.journal().clock().now() + query.lasts;
        // Approval and readings name what they rest on.
        let call = Call { intent: Some(unseal.recorded), ..call };
        let receipt = self.record(&call, &unseal.indices, unseal.ground).await?;
        let system = caller.system.as_str().to_owned();
        let approval = Approval { system, until, recorded: receipt.index };
        self.registry.approve_unseal(unseal.id, &approval).await?;
        unseal.approval = Some(approval);
        Ok((unseal, receipt))
    }

    /// Checks that the caller may approve, or has.
    fn approvable(&self, caller: &Caller, known: Option<Unseal>) -> Result<Unseal, ActError> {
        must_be(Role::Security, caller)?;
        let unseal = known.ok_or(ActError::NoUnseal)?;
        let own_system = unseal.system == caller.system.as_str();
        if own_system || unseal.certificate.as_bytes() == &caller.certificate {
            return Err(ActError::OwnRequest);
        }
        match &unseal.approval {
            Some(approval) if approval.system != caller.system.as_str() => {
                Err(ActError::ApprovedByOther)
            }
            Some(approval) if approval.until <= self.journal().clock().now() => {
                Err(ActError::Expired(approval.until))
            }
            _ => Ok(unseal),
        }
    }

    /// Reads the sealed parts of an approved request.
    ///
    /// # Errors
    ///
    /// If the caller is not the auditor who asked, or the request is not approved any more or yet; on
    /// record too.
    pub(crate) async fn read_sealed(
        &self,
        caller: &Caller,
        id: UnsealId,
    ) -> Result<(Parts, Receipt), ActFailure> {
        let call = call(caller, Operation::ReadSealed);
        let known = self.registry.unseal(id).await?;
        let indices = known.as_ref().map_or(Vec::new(), |known| known.indices.clone());
        let unseal = match self.readable(caller, known) {
            Ok(unseal) => unseal,
            Err(error) => {
                return Err(self.refused(Refusal { call, indices, ground: None, error }).await);
            }
        };
        let call = Call { intent: Some(unseal.recorded), ..call };
        let parts = Parts::read(self.trail().clone(), self.keys_dir(), unseal.indices).await?;
        let read = parts.parts.iter().map(|part| part.index);
        let mut receipt = None;
        for spans in Spans::several(&Span::runs(read)) {
            let count = spans.as_slice().iter().map(|span| span.end - span.start).sum();
            receipt = Some(self.journal().sealed_read(served(&call), Some(spans), count).await?);
        }
        Ok((parts, receipt.expect("there is at least one record")))
    }

    fn readable(&self, caller: &Caller, known: Option<Unseal>) -> Result<Unseal, ActError> {
        must_be(Role::Auditor, caller)?;
        let unseal = known.ok_or(ActError::NoUnseal)?;
        if unseal.system != caller.system.as_str() {
            return Err(ActError::NotAsker);
        }
        match &unseal.approval {
            None => Err(ActError::NotApproved),
            Some(approval) if approval.until <= self.journal().clock().now() => {
                Err(ActError::Expired(approval.until))
            }
            Some(_) => Ok(unseal),
        }
    }
}

// === impl UnsealQuery ===

impl UnsealQuery {
    /// Digest of what is asked: a repeated request has the same.
    fn payload(&self) -> Digest {
        let mut asked = format!("{}\n{}\n", self.ground.as_str(), self.reference).into_bytes();
        asked.extend(self.indices.iter().flat_map(|index| index.to_be_bytes()));
        Digest::of(&asked)
    }
}
