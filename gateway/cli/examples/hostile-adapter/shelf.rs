//! What keeps the contract: uploads in memory, and the small questions.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use oncebus_proto::v1::{self as pb, adapter_service_server::AdapterService};
use sha2::{Digest as _, Sha256};
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::recorder::Recorder;

/// Uploads of one department.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    department: String,
    recorder: Arc<Recorder>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    staged: HashMap<String, Vec<u8>>,
    sealed: HashMap<Bytes, Bytes>,
}

// === impl Shelf ===

impl Shelf {
    pub(crate) fn new(department: &str, recorder: Arc<Recorder>) -> Self {
        Self { department: department.to_owned(), recorder, state: Arc::default() }
    }

    /// Returns the sealed content of this digest.
    pub(crate) fn sealed(&self, digest: &[u8]) -> Option<Bytes> {
        self.state().sealed.get(digest).cloned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

#[tonic::async_trait]
impl AdapterService for Shelf {
    type FetchStream = futures_util::stream::Empty<Result<pb::FetchResponse, Status>>;

    async fn describe(
        &self,
        _request: Request<pb::DescribeRequest>,
    ) -> Result<Response<pb::DescribeResponse>, Status> {
        Ok(Response::new(pb::DescribeResponse {
            department: self.department.clone(),
            adapter: "hostile".to_owned(),
            build: "0".to_owned(),
            material_types: Vec::new(),
            stores: true,
            verifies: false,
        }))
    }

    async fn check(
        &self,
        _request: Request<pb::CheckRequest>,
    ) -> Result<Response<pb::CheckResponse>, Status> {
        Ok(Response::new(pb::CheckResponse { ready: true, detail: String::new() }))
    }

    async fn lookup(
        &self,
        _request: Request<pb::LookupRequest>,
    ) -> Result<Response<pb::LookupResponse>, Status> {
        Err(Status::unimplemented("the front answers Lookup"))
    }

    async fn fetch(
        &self,
        _request: Request<pb::FetchRequest>,
    ) -> Result<Response<Self::FetchStream>, Status> {
        Err(Status::unimplemented("the front answers Fetch"))
    }

    async fn verify(
        &self,
        _request: Request<pb::VerifyRequest>,
    ) -> Result<Response<pb::VerifyResponse>, Status> {
        Err(refused("VERIFICATION_UNSUPPORTED"))
    }

    async fn stage(
        &self,
        request: Request<pb::StageRequest>,
    ) -> Result<Response<pb::StageResponse>, Status> {
        let request = request.into_inner();
        self.recorder.stage(&request.upload, &request.data);
        let mut state = self.state();
        let staged = state.staged.entry(request.upload).or_default();
        if !request.data.is_empty() {
            let offset = usize::try_from(request.offset).unwrap();
            if offset > staged.len() {
                return Err(refused("STAGE_OUT_OF_RANGE"));
            }
            staged.truncate(offset);
            staged.extend_from_slice(&request.data);
        }
        let staged_bytes = i64::try_from(staged.len()).unwrap();
        Ok(Response::new(pb::StageResponse { staged_bytes }))
    }

    async fn seal(
        &self,
        request: Request<pb::SealRequest>,
    ) -> Result<Response<pb::SealResponse>, Status> {
        let request = request.into_inner();
        self.recorder.seal(&request.upload);
        let wanted = request.digest.unwrap_or_default().value;
        let mut state = self.state();
        let Some(staged) = state.staged.get(&request.upload) else {
            return match state.sealed.contains_key(&wanted) {
                true => Ok(Response::new(pb::SealResponse { already_sealed: true })),
                false => Err(refused("MATERIAL_NOT_FOUND")),
            };
        };
        if i64::try_from(staged.len()).unwrap() != request.size_bytes {
            return Err(refused("SIZE_MISMATCH"));
        }
        if Sha256::digest(staged).as_slice() != wanted {
            return Err(refused("DIGEST_MISMATCH"));
        }
        let content = state.staged.remove(&request.upload).unwrap_or_default().into();
        let already_sealed = state.sealed.insert(wanted, content).is_some();
        Ok(Response::new(pb::SealResponse { already_sealed }))
    }

    async fn discard(
        &self,
        request: Request<pb::DiscardRequest>,
    ) -> Result<Response<pb::DiscardResponse>, Status> {
        let request = request.into_inner();
        let mut state = self.state();
        state.staged.remove(&request.upload);
        if let Some(digest) = request.digest {
            state.sealed.remove(&digest.value);
        }
        Ok(Response::new(pb::DiscardResponse {}))
    }
}

fn refused(reason: &str) -> Status {
    let details = ErrorDetails::with_error_info(reason, "oncebus", HashMap::new());
    Status::with_error_details(Code::FailedPrecondition, "as the contract says", details)
}
