//! A gateway that answers as it is told.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures_util::{Stream, stream};
use oncebus_proto::v1::{
    self as pb,
    transfer_service_server::{TransferService, TransferServiceServer},
};
use oncebus_transport::{
    Accepts, Credentials, Limits, Refusal, Refusals, Serving, TrustDomain, Worker, serve,
};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::{net::TcpListener, runtime::Handle};
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

const GATEWAY: &str = "spiffe://oncebus.test/gateway/gw-1";
const PLANNING: &str = "spiffe://oncebus.test/dept/planning/system/window-1";

/// A listening gateway, and what it was asked.
pub(super) struct Fake {
    pub(super) script: Arc<Script>,
    dir: tempfile::TempDir,
    _serving: Serving,
}

type Messages = Vec<Result<pb::FetchMaterialResponse, Status>>;

/// What the gateway will answer, and what it heard.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// Answers to the fetches to come.
    pub(super) fetches: Mutex<VecDeque<Messages>>,
    /// Fetches that came.
    pub(super) fetched: Mutex<Vec<pb::FetchMaterialRequest>>,
    /// What the gateway does instead of staging the next piece; it stages where nothing is left.
    pub(super) mishaps: Mutex<VecDeque<Option<Mishap>>>,
    /// Ids of the begins and commits that came.
    pub(super) requests: Mutex<Vec<String>>,
    /// Begins that are answered UNAVAILABLE first.
    pub(super) away: Mutex<u32>,
    /// What was staged.
    pub(super) staged: Mutex<Vec<u8>>,
    /// The version that is held already.
    pub(super) held: Mutex<Option<pb::MaterialInfo>>,
    /// Set where answers carry no receipt.
    pub(super) receipts_lost: Mutex<Option<()>>,
}

/// What can happen to a piece.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mishap {
    /// It is staged, but the answer is lost.
    AnswerLost,
    /// It is not staged, and the adapter has forgotten all but so many bytes.
    Forgotten(usize),
    /// It is not staged, and the answer says that nothing moved.
    Stuck,
    /// It is not staged, and the upload is gone.
    Gone,
}

#[derive(Debug)]
struct Nobody;

// === impl Fake ===

impl Fake {
    pub(super) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let authority = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);

        let (certificate, key) = sign(&issuer, GATEWAY);
        let domain: TrustDomain = "oncebus.test".parse().unwrap();
        let pem = (certificate.as_bytes(), key.as_bytes(), authority.as_bytes());
        let credentials = Credentials::from_pem(pem.0, pem.1, pem.2, domain).unwrap();
        let tls = credentials.server(Accepts::Systems).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let script = Arc::new(Script::default());
        let service = TransferServiceServer::from_arc(Arc::clone(&script));
        let worker = Worker::new(Handle::current(), service);
        let serving =
            serve(listener, tls, Limits::default(), vec![worker], Arc::new(Nobody)).unwrap();

        let (certificate, key) = sign(&issuer, PLANNING);
        for (name, text) in [("ca.pem", authority), ("cert.pem", certificate), ("key.pem", key)] {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let fake = Self { script, dir, _serving: serving };
        let profile = json!({
            "endpoint": format!("https://{}", fake._serving.local_address()),
            "server_name": "localhost",
            "ca_file": fake.dir.path().join("ca.pem"),
            "systems": {"planning": {
                "department": "planning",
                "spiffe_id": PLANNING,
                "cert_file": fake.dir.path().join("cert.pem"),
                "key_file": fake.dir.path().join("key.pem"),
            }},
        });
        std::fs::write(fake.profile(), profile.to_string()).unwrap();
        fake
    }

    pub(super) fn profile(&self) -> PathBuf {
        self.dir.path().join("connection.json")
    }

    /// Answers the next fetch with these messages.
    pub(super) fn will_send(&self, messages: Messages) {
        self.script.fetches.lock().unwrap().push_back(messages);
    }

    /// Does this instead of staging the next piece.
    pub(super) fn will_fail(&self, mishaps: impl IntoIterator<Item = Option<Mishap>>) {
        self.script.mishaps.lock().unwrap().extend(mishaps);
    }
}

fn sign(issuer: &Issuer<'static, KeyPair>, uri: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::URI(uri.try_into().unwrap())];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.signed_by(&key, issuer).unwrap().pem();
    (certificate, key.serialize_pem())
}

impl Refusals for Nobody {
    fn refused(&self, _address: IpAddr, refusal: Refusal) {
        panic!("{refusal}");
    }
}

// === impl Script ===

impl Script {
    fn receipt(&self) -> Option<pb::Receipt> {
        let lost = self.receipts_lost.lock().unwrap().is_some();
        (!lost).then(receipt)
    }

    fn stage(&self, request: &pb::PutChunkRequest) -> Result<i64, Status> {
        let mishap = self.mishaps.lock().unwrap().pop_front().flatten();
        let mut staged = self.staged.lock().unwrap();
        match mishap {
            Some(Mishap::Forgotten(left)) => staged.truncate(left),
            Some(Mishap::Stuck) => return Ok(request.offset),
            Some(Mishap::Gone) => return Err(refusal(Code::NotFound, "UPLOAD_NOT_FOUND", &[])),
            Some(Mishap::AnswerLost) | None => {}
        }
        if usize::try_from(request.offset).unwrap() != staged.len() {
            let expected = staged.len().to_string();
            let facts = [("expected_offset", expected.as_str())];
            return Err(refusal(Code::OutOfRange, "UPLOAD_OFFSET", &facts));
        }
        staged.extend_from_slice(&request.data);
        match mishap {
            Some(Mishap::AnswerLost) => Err(Status::unknown("connection reset")),
            _ => Ok(i64::try_from(staged.len()).unwrap()),
        }
    }
}

#[tonic::async_trait]
impl TransferService for Script {
    type FetchMaterialStream =
        Pin<Box<dyn Stream<Item = Result<pb::FetchMaterialResponse, Status>> + Send>>;
    type FetchBundleStream =
        Pin<Box<dyn Stream<Item = Result<pb::FetchBundleResponse, Status>> + Send>>;

    async fn fetch_material(
        &self,
        request: Request<pb::FetchMaterialRequest>,
    ) -> Result<Response<Self::FetchMaterialStream>, Status> {
        self.fetched.lock().unwrap().push(request.into_inner());
        let messages = self.fetches.lock().unwrap().pop_front();
        let messages =
            messages.ok_or_else(|| refusal(Code::NotFound, "MATERIAL_NOT_FOUND", &[]))?;
        Ok(Response::new(Box::pin(stream::iter(messages))))
    }

    async fn fetch_bundle(
        &self,
        _request: Request<pb::FetchBundleRequest>,
    ) -> Result<Response<Self::FetchBundleStream>, Status> {
        Err(refusal(Code::Unimplemented, "UNKNOWN_METHOD", &[]))
    }

    async fn begin_publish(
        &self,
        request: Request<pb::BeginPublishRequest>,
    ) -> Result<Response<pb::BeginPublishResponse>, Status> {
        self.requests.lock().unwrap().push(request.into_inner().request_id);
        let mut away = self.away.lock().unwrap();
        if *away > 0 {
            *away -= 1;
            return Err(refusal(Code::Unavailable, "ADAPTER_UNAVAILABLE", &[]));
        }
        let offset = i64::try_from(self.staged.lock().unwrap().len()).unwrap();
        Ok(Response::new(pb::BeginPublishResponse {
            held_version: self.held.lock().unwrap().clone(),
            upload: "uploads/1".to_owned(),
            offset,
            receipt: self.receipt(),
        }))
    }

    async fn put_chunk(
        &self,
        request: Request<pb::PutChunkRequest>,
    ) -> Result<Response<pb::PutChunkResponse>, Status> {
        let offset = self.stage(&request.into_inner())?;
        Ok(Response::new(pb::PutChunkResponse { offset }))
    }

    async fn commit_publish(
        &self,
        request: Request<pb::CommitPublishRequest>,
    ) -> Result<Response<pb::CommitPublishResponse>, Status> {
        self.requests.lock().unwrap().push(request.into_inner().request_id);
        let staged = self.staged.lock().unwrap();
        Ok(Response::new(pb::CommitPublishResponse {
            info: Some(info(&staged)),
            already_held: false,
            receipt: self.receipt(),
            correction: String::new(),
        }))
    }
}

/// Describes a version of this content.
pub(super) fn info(content: &[u8]) -> pb::MaterialInfo {
    let digest = pb::Digest {
        algorithm: pb::DigestAlgorithm::Sha256.into(),
        value: Bytes::copy_from_slice(&Sha256::digest(content)),
    };
    pb::MaterialInfo {
        version: "materialTypes/business_license/versions/v1".to_owned(),
        holder: "market".to_owned(),
        size_bytes: i64::try_from(content.len()).unwrap(),
        version_digest: Some(digest.clone()),
        sent_digest: Some(digest),
        cache: pb::CacheResult::Miss.into(),
        ..Default::default()
    }
}

pub(super) fn receipt() -> pb::Receipt {
    pb::Receipt { origin: "oncebus.test/log".to_owned(), index: 7, ..Default::default() }
}

fn refusal(code: Code, reason: &str, facts: &[(&str, &str)]) -> Status {
    let facts: HashMap<_, _> =
        facts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let details = ErrorDetails::with_error_info(reason, "oncebus", facts);
    Status::with_error_details(code, "so it is", details)
}
