//! The gRPC service around an adapter: parse, ask, check, answer.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::{FutureExt as _, stream::BoxStream};
use oncebus_proto::v1::{self as pb, adapter_service_server::AdapterService};
use tonic::{Request, Response, Status};

use crate::{
    Adapter, AdapterError, ContentStream, Description, Sealed, answer, call::Call,
    outgoing::Outgoing, parse, status::CallError,
};

/// The gRPC service around an adapter.
pub(crate) struct Service<A> {
    adapter: Arc<A>,
    description: Description,
}

// === impl Service ===

impl<A: Adapter> Service<A> {
    /// `description` was checked.
    pub(crate) fn new(adapter: Arc<A>, description: Description) -> Self {
        Self { adapter, description }
    }

    async fn do_lookup(
        &self,
        request: pb::LookupRequest,
        call: &mut Call,
    ) -> Result<pb::LookupResponse, CallError> {
        let query = parse::lookup(request)?;
        call.about(&query.material_type, &query.subject, query.number.as_ref());
        if !self.description.looks_up(&query.material_type) {
            return Ok(pb::LookupResponse { holdings: Vec::new() });
        }
        let documents = guarded(self.adapter.lookup(&query)).await?;
        Ok(answer::holdings(&query, documents)?)
    }

    async fn do_fetch(
        &self,
        request: pb::FetchRequest,
        call: &mut Call,
    ) -> Result<(ContentStream, crate::Content, u64), CallError> {
        let (content, offset) = parse::fetch(request)?;
        call.about(&content.material_type, &content.subject, Some(&content.number));
        if content.sealed {
            self.must_store()?;
        } else if !self.description.looks_up(&content.material_type) {
            return Err(AdapterError::NotFound.into());
        }
        let source = guarded(self.adapter.fetch(&content, offset)).await?;
        Ok((source, content, offset))
    }

    async fn do_verify(
        &self,
        request: pb::VerifyRequest,
        call: &mut Call,
    ) -> Result<pb::VerifyResponse, CallError> {
        let verify = parse::verify(request)?;
        call.about(&verify.material_type, &verify.subject, verify.number.as_ref());
        call.hide(verify.claims.iter().map(|claim| claim.value.clone()));
        if !self.description.verifies || !self.description.looks_up(&verify.material_type) {
            return Err(AdapterError::CannotVerify.into());
        }
        let verdict = guarded(self.adapter.verify(&verify)).await?;
        Ok(answer::verdict(&verify, verdict)?)
    }

    async fn do_stage(&self, request: pb::StageRequest) -> Result<pb::StageResponse, CallError> {
        let stage = parse::stage(request)?;
        self.must_store()?;
        let staged = if stage.data.is_empty() {
            guarded(self.adapter.staged(&stage.upload)).await?
        } else {
            let end = stage.offset + stage.data.len() as u64;
            let stage = self.adapter.stage(&stage.upload, stage.offset, stage.data);
            let staged = guarded(stage).await?;
            if staged != end {
                let fault = "stage answered another length than it was given";
                return Err(AdapterError::fault(fault).into());
            }
            staged
        };
        Ok(pb::StageResponse { staged_bytes: answer::bytes_on_the_wire(staged)? })
    }

    async fn do_seal(&self, request: pb::SealRequest) -> Result<pb::SealResponse, CallError> {
        let seal = parse::seal(request)?;
        self.must_store()?;
        let sealed = guarded(self.adapter.seal(&seal)).await?;
        Ok(pb::SealResponse { already_sealed: sealed == Sealed::Already })
    }

    async fn do_discard(
        &self,
        request: pb::DiscardRequest,
    ) -> Result<pb::DiscardResponse, CallError> {
        let (upload, sealed) = parse::discard(request)?;
        self.must_store()?;
        guarded(self.adapter.discard(&upload, sealed.as_ref())).await?;
        Ok(pb::DiscardResponse {})
    }

    fn must_store(&self) -> Result<(), AdapterError> {
        if self.description.stores { Ok(()) } else { Err(AdapterError::CannotStore) }
    }
}

#[tonic::async_trait]
impl<A: Adapter> AdapterService for Service<A> {
    async fn describe(
        &self,
        request: Request<pb::DescribeRequest>,
    ) -> Result<Response<pb::DescribeResponse>, Status> {
        Call::begin("Describe", &request).answer(Ok(pb::DescribeResponse {
            department: self.description.department.clone(),
            adapter: self.description.name.clone(),
            build: self.description.build.clone(),
            material_types: self.description.material_types.clone(),
            stores: self.description.stores,
            verifies: self.description.verifies,
        }))
    }

    async fn check(
        &self,
        request: Request<pb::CheckRequest>,
    ) -> Result<Response<pb::CheckResponse>, Status> {
        let call = Call::begin("Check", &request);
        let detail = crate::health::fault(self.adapter.as_ref()).await;
        call.answer(Ok(pb::CheckResponse {
            ready: detail.is_none(),
            detail: detail.unwrap_or_default(),
        }))
    }

    async fn lookup(
        &self,
        request: Request<pb::LookupRequest>,
    ) -> Result<Response<pb::LookupResponse>, Status> {
        let mut call = Call::begin("Lookup", &request);
        let result = self.do_lookup(request.into_inner(), &mut call).await;
        call.answer(result)
    }

    async fn verify(
        &self,
        request: Request<pb::VerifyRequest>,
    ) -> Result<Response<pb::VerifyResponse>, Status> {
        let mut call = Call::begin("Verify", &request);
        let result = self.do_verify(request.into_inner(), &mut call).await;
        call.answer(result)
    }

    type FetchStream = BoxStream<'static, Result<pb::FetchResponse, Status>>;

    async fn fetch(
        &self,
        request: Request<pb::FetchRequest>,
    ) -> Result<Response<Self::FetchStream>, Status> {
        let mut call = Call::begin("Fetch", &request);
        match self.do_fetch(request.into_inner(), &mut call).await {
            Ok((source, content, offset)) => {
                let outgoing = Outgoing::new(source, &content, offset, call);
                Ok(Response::new(outgoing.into_stream()))
            }
            Err(error) => Err(call.failed(&error)),
        }
    }

    async fn stage(
        &self,
        request: Request<pb::StageRequest>,
    ) -> Result<Response<pb::StageResponse>, Status> {
        let call = Call::begin("Stage", &request);
        call.answer(self.do_stage(request.into_inner()).await)
    }

    async fn seal(
        &self,
        request: Request<pb::SealRequest>,
    ) -> Result<Response<pb::SealResponse>, Status> {
        let call = Call::begin("Seal", &request);
        call.answer(self.do_seal(request.into_inner()).await)
    }

    async fn discard(
        &self,
        request: Request<pb::DiscardRequest>,
    ) -> Result<Response<pb::DiscardResponse>, Status> {
        let call = Call::begin("Discard", &request);
        call.answer(self.do_discard(request.into_inner()).await)
    }
}

/// Turns a panic of the adapter's into a fault: it must not cut the connection's other calls.
async fn guarded<T>(
    work: impl Future<Output = Result<T, AdapterError>>,
) -> Result<T, AdapterError> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_panic| Err(panicked()))
}

/// The fault of an adapter that panicked; the panic's own text is on standard error.
pub(crate) fn panicked() -> AdapterError {
    AdapterError::fault("adapter panicked")
}
