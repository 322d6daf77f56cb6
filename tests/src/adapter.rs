//! A department's adapter in memory, on the raw contract: it can be told to break it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use oncebus_proto::v1::{
    self as pb,
    adapter_service_server::{AdapterService, AdapterServiceServer},
};
use oncebus_transport::{
    Accepts, Credentials, Limits, Peer, Refusal, Refusals, Serving, Worker, serve,
};
use sha2::{Digest as _, Sha256};
use tokio::{net::TcpListener, runtime::Handle, time::sleep};
use tonic::{Code, Request, Response, Status, service::Routes};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::{
    digest,
    gate::Gate,
    hooks::{Hook, Watched},
    subject,
};

const CHUNK: usize = 256 * 1024;

/// An adapter at work.
#[derive(Debug)]
pub struct TestAdapter {
    shelf: Shelf,
    serving: Serving,
}

/// How the adapter breaks the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It cannot take uploads.
    CannotStore,
    /// It cannot verify claims.
    CannotVerify,
    /// Its Verify names a field that nothing was claimed of.
    OtherField,
    /// It sends another content of the same size.
    OtherContent,
    /// The last byte sent is another one.
    LastByte,
    /// It sends less than it said.
    Short,
    /// It sends more than it said.
    Long,
    /// Its Lookup is about somebody else.
    OtherSubject,
    /// It says that it holds nothing any more.
    Gone,
    /// It names a folder that it may not read.
    UnsafePath,
    /// It answers that it cannot answer now.
    Away,
}

/// What a department says of a document, as it writes it; nothing by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Words {
    /// How it stands, like `02`.
    pub status: &'static str,
    /// Until when it is valid, like `2027-03-01` or `长期`.
    pub valid_until: &'static str,
    /// Day of issue.
    pub issued: &'static str,
    /// Media type; PDF where nothing is said.
    pub media_type: &'static str,
}

impl Words {
    fn media_type(&self) -> String {
        let said = Some(self.media_type).filter(|said| !said.is_empty());
        said.unwrap_or("application/pdf").to_owned()
    }
}

#[derive(Clone, Debug)]
struct Shelved {
    content: Bytes,
    words: Words,
    /// Whom it is about; whoever is asked about where nothing says.
    about: Option<pb::Subject>,
}

impl Shelved {
    fn is_about(&self, asked: Option<&pb::Subject>) -> bool {
        self.about.as_ref().is_none_or(|about| Some(about) == asked)
    }
}

/// How often the adapter was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Lookup.
    pub lookup: usize,
    /// Fetch.
    pub fetch: usize,
    /// Stage.
    pub stage: usize,
    /// Seal.
    pub seal: usize,
    /// Discard.
    pub discard: usize,
    /// Verify.
    pub verify: usize,
}

#[derive(Clone, Debug)]
struct Shelf {
    department: &'static str,
    state: Arc<Mutex<State>>,
    gate: Arc<Gate>,
}

#[derive(Debug, Default)]
struct State {
    on_fetch: Hook,
    watched: Watched,
    held: HashMap<(String, String), Shelved>,
    staged: HashMap<String, Vec<u8>>,
    sealed: HashMap<Vec<u8>, Bytes>,
    /// Fields of records, by type and subject.
    known: HashMap<(String, String), BTreeMap<String, String>>,
    verifying: usize,
    verifying_most: usize,
    fault: Option<Fault>,
    calls: Calls,
    connections: HashSet<SocketAddr>,
    away: usize,
    takes: Duration,
}

#[derive(Debug)]
struct Uncounted;

impl Refusals for Uncounted {
    fn refused(&self, _address: IpAddr, _reason: Refusal) {}
}

impl Calls {
    /// All of them.
    pub fn all(&self) -> usize {
        self.lookup + self.fetch + self.stage + self.seal + self.discard + self.verify
    }
}

impl TestAdapter {
    pub(crate) async fn start(department: &'static str, credentials: &Credentials) -> Self {
        let shelf = Shelf { department, state: Arc::default(), gate: Arc::default() };
        let service = AdapterServiceServer::new(shelf.clone())
            .max_decoding_message_size(1024 * 1024 + 64 * 1024);
        let worker = Worker::new(Handle::current(), Routes::new(service).prepare());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tls = credentials.server(Accepts::Gateways).unwrap();
        let refusals = Arc::new(Uncounted);
        let serving = serve(listener, tls, Limits::default(), vec![worker], refusals).unwrap();
        Self { shelf, serving }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("https://{}", self.serving.local_address())
    }

    /// Puts a document on the department's own shelf, as the issuer did it long ago.
    pub fn hold(&self, material_type: &str, number: &str, content: impl Into<Bytes>) {
        self.hold_as(material_type, number, content, Words::default());
    }

    /// Puts a document on the shelf of which the department says more.
    pub fn hold_as(
        &self,
        material_type: &str,
        number: &str,
        content: impl Into<Bytes>,
        words: Words,
    ) {
        let (content, about) = (content.into(), None);
        self.shelve(material_type, number, Shelved { content, words, about });
    }

    /// Puts a document about one subject on the shelf; the others hear nothing of it.
    pub fn hold_about(
        &self,
        about: &pb::Subject,
        material_type: &str,
        number: &str,
        content: impl Into<Bytes>,
        words: Words,
    ) {
        let (content, about) = (content.into(), Some(about.clone()));
        self.shelve(material_type, number, Shelved { content, words, about });
    }

    fn shelve(&self, material_type: &str, number: &str, shelved: Shelved) {
        let key = (material_type.to_owned(), number.to_owned());
        self.shelf.state().held.insert(key, shelved);
    }

    /// Has every Lookup take so long from now on.
    pub fn take(&self, time: Duration) {
        self.shelf.state().takes = time;
    }

    /// Puts a record that claims are compared with into the department's register.
    pub fn know(&self, material_type: &str, subject: &str, fields: &[(&str, &str)]) {
        let key = (material_type.to_owned(), subject.to_owned());
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.shelf.state().known.insert(key, fields.collect());
    }

    /// Returns how many calls of Verify it had at the same time, at most.
    pub fn verifying_most(&self) -> usize {
        self.shelf.state().verifying_most
    }

    /// Has the adapter break the contract from now on.
    pub fn break_by(&self, fault: Fault) {
        self.shelf.state().fault = Some(fault);
    }

    /// Has the adapter keep to the contract again.
    pub fn mend(&self) {
        self.shelf.state().fault = None;
    }

    /// Has the adapter lose all but the first `bytes` of what is staged.
    pub fn lose_staged(&self, bytes: usize) {
        self.shelf.state().staged.values_mut().for_each(|staged| staged.truncate(bytes));
    }

    /// Has something happen when the next Fetch comes in, before it is answered.
    pub fn on_fetch(&self, happens: impl FnOnce() + Send + 'static) {
        self.shelf.state().on_fetch = Hook(Some(Box::new(happens)));
    }

    /// Shows every call as it comes in, before it is answered: its method, and its type where it
    /// names one.
    pub fn watch(&self, watcher: impl Fn(&'static str, &str) + Send + Sync + 'static) {
        self.shelf.state().watched = Watched(Some(Arc::new(watcher)));
    }

    /// Has every Lookup, every Verify and every piece of a Fetch hang from now on.
    pub fn hang(&self) {
        self.shelf.gate.shut();
    }

    /// Has them hang behind so many more.
    pub fn hang_after(&self, passing: usize) {
        self.shelf.gate.shut_after(passing);
    }

    /// Has the next Lookups say UNAVAILABLE, this many of them.
    pub fn away_with(&self, lookups: usize) {
        self.shelf.state().away = lookups;
    }

    /// Has what hangs, and what comes, be answered again.
    pub fn answer(&self) {
        self.shelf.gate.open();
    }

    /// Waits until this many calls hang.
    pub async fn hanging(&self, calls: usize) {
        self.shelf.gate.hang(calls).await;
    }

    /// Returns how many connections brought a Lookup so far.
    pub fn connections(&self) -> usize {
        self.shelf.state().connections.len()
    }

    /// Returns how often it was asked.
    pub fn calls(&self) -> Calls {
        self.shelf.state().calls
    }

    /// Returns how many contents it keeps sealed.
    pub fn sealed(&self) -> usize {
        self.shelf.state().sealed.len()
    }

    /// Returns how many uploads it has staged.
    pub fn staged(&self) -> usize {
        self.shelf.state().staged.len()
    }
}

impl Shelf {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn show(&self, method: &'static str, material_type: &str) {
        let watched = self.state().watched.clone();
        if let Some(watcher) = watched.0 {
            watcher(method, material_type);
        }
    }

    /// Refuses what an adapter cannot do that is away.
    fn at_home(&self) -> Result<(), Status> {
        match self.state().fault {
            Some(Fault::Away) => Err(Status::unavailable("away")),
            _ => Ok(()),
        }
    }
}

type Pieces = BoxStream<'static, Result<pb::FetchResponse, Status>>;

#[tonic::async_trait]
impl AdapterService for Shelf {
    type FetchStream = Pieces;

    async fn describe(
        &self,
        _request: Request<pb::DescribeRequest>,
    ) -> Result<Response<pb::DescribeResponse>, Status> {
        let fault = self.state().fault;
        Ok(Response::new(pb::DescribeResponse {
            department: self.department.to_owned(),
            adapter: "test".to_owned(),
            build: "0".to_owned(),
            material_types: Vec::new(),
            stores: fault != Some(Fault::CannotStore),
            verifies: fault != Some(Fault::CannotVerify),
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
        request: Request<pb::LookupRequest>,
    ) -> Result<Response<pb::LookupResponse>, Status> {
        let from = request.extensions().get::<Arc<Peer>>().map(|peer| peer.address);
        let request = request.into_inner();
        self.show("Lookup", &request.material_type);
        self.state().connections.extend(from);
        self.state().calls.lookup += 1;
        self.gate.pass().await;
        let takes = self.state().takes;
        sleep(takes).await;
        let mut state = self.state();
        if let Some(left) = state.away.checked_sub(1) {
            state.away = left;
            return Err(Status::unavailable("as told"));
        }
        let mut about = request.subject.clone();
        match state.fault {
            Some(Fault::Gone) => return Ok(Response::new(pb::LookupResponse::default())),
            Some(Fault::Away) => return Err(Status::unavailable("away")),
            Some(Fault::OtherSubject) => {
                about = Some(pb::Subject { value: "OTHER".to_owned(), ..subject() });
            }
            _ => {}
        }
        let wanted = state.held.iter().filter(|((code, number), shelved)| {
            *code == request.material_type
                && shelved.is_about(request.subject.as_ref())
                && (request.number.is_empty() || *number == request.number)
        });
        let holdings = wanted.map(|((code, number), Shelved { content, words, .. })| pb::Holding {
            material_type: code.clone(),
            subject: about.clone(),
            number: number.clone(),
            size_bytes: content.len() as i64,
            digest: Some(digest(content)),
            media_type: words.media_type(),
            issuer: String::new(),
            issued: words.issued.to_owned(),
            valid_until: words.valid_until.to_owned(),
            status: words.status.to_owned(),
        });
        Ok(Response::new(pb::LookupResponse { holdings: holdings.collect() }))
    }

    async fn fetch(&self, request: Request<pb::FetchRequest>) -> Result<Response<Pieces>, Status> {
        let request = request.into_inner();
        self.show("Fetch", &request.material_type);
        let mut state = self.state();
        state.calls.fetch += 1;
        if let Some(happens) = state.on_fetch.0.take() {
            happens();
        }
        let wanted = request.digest.unwrap().value;
        let content = if request.sealed {
            state.sealed.get(&wanted[..]).cloned()
        } else {
            let held = state.held.get(&(request.material_type, request.number));
            held.map(|shelved| shelved.content.clone())
        };
        let Some(content) = content else { return Err(refused("MATERIAL_NOT_FOUND")) };
        let mut content = content.to_vec();
        match state.fault {
            Some(Fault::OtherContent) => content.fill(b'x'),
            Some(Fault::LastByte) => *content.last_mut().unwrap() ^= 1,
            Some(Fault::Short) => content.truncate(content.len() - 1),
            Some(Fault::Long) => content.push(b'x'),
            Some(Fault::Gone) => return Err(refused("MATERIAL_NOT_FOUND")),
            Some(Fault::UnsafePath) => return Err(refused("UNSAFE_PATH")),
            Some(Fault::Away) => return Err(Status::unavailable("away")),
            Some(
                Fault::OtherSubject | Fault::CannotStore | Fault::CannotVerify | Fault::OtherField,
            )
            | None => {}
        }
        let rest = content.split_off((request.offset as usize).min(content.len()));
        let pieces: Vec<_> = rest
            .chunks(CHUNK)
            .map(|piece| Ok(pb::FetchResponse { data: Bytes::copy_from_slice(piece) }))
            .collect();
        let gate = Arc::clone(&self.gate);
        let pieces = stream::iter(pieces).then(move |piece| {
            let gate = Arc::clone(&gate);
            async move {
                gate.pass().await;
                piece
            }
        });
        Ok(Response::new(Box::pin(pieces)))
    }

    async fn verify(
        &self,
        request: Request<pb::VerifyRequest>,
    ) -> Result<Response<pb::VerifyResponse>, Status> {
        let request = request.into_inner();
        self.show("Verify", &request.material_type);
        {
            let mut state = self.state();
            state.calls.verify += 1;
            state.verifying += 1;
            state.verifying_most = state.verifying_most.max(state.verifying);
        }
        self.gate.pass().await;
        self.state().verifying -= 1;
        self.at_home()?;
        let state = self.state();
        if state.fault == Some(Fault::OtherField) {
            let verdict = pb::Verdict::NoMatch.into();
            let mismatched = vec!["another".to_owned()];
            return Ok(Response::new(pb::VerifyResponse { verdict, mismatched }));
        }
        let key = (request.material_type, request.subject.unwrap_or_default().value);
        let known = state.known.get(&key);
        let is_true =
            |claim: &pb::Claim| known.and_then(|k| k.get(&claim.field)) == Some(&claim.value);
        let untrue = request.claims.iter().filter(|claim| !is_true(claim));
        let mismatched: Vec<_> = untrue.map(|claim| claim.field.clone()).collect();
        let verdict = match known.is_some() && mismatched.is_empty() {
            true => pb::Verdict::Match,
            false => pb::Verdict::NoMatch,
        };
        Ok(Response::new(pb::VerifyResponse { verdict: verdict.into(), mismatched }))
    }

    async fn stage(
        &self,
        request: Request<pb::StageRequest>,
    ) -> Result<Response<pb::StageResponse>, Status> {
        let request = request.into_inner();
        self.show("Stage", "");
        self.state().calls.stage += 1;
        self.at_home()?;
        let mut state = self.state();
        let staged = state.staged.entry(request.upload).or_default();
        if !request.data.is_empty() {
            if request.offset as usize > staged.len() {
                return Err(refused("STAGE_OUT_OF_RANGE"));
            }
            staged.truncate(request.offset as usize);
            staged.extend_from_slice(&request.data);
        }
        Ok(Response::new(pb::StageResponse { staged_bytes: staged.len() as i64 }))
    }

    async fn seal(
        &self,
        request: Request<pb::SealRequest>,
    ) -> Result<Response<pb::SealResponse>, Status> {
        let request = request.into_inner();
        self.show("Seal", "");
        self.state().calls.seal += 1;
        self.at_home()?;
        let mut state = self.state();
        let wanted = request.digest.unwrap().value.to_vec();
        let Some(staged) = state.staged.remove(&request.upload) else {
            return match state.sealed.contains_key(&wanted) {
                true => Ok(Response::new(pb::SealResponse { already_sealed: true })),
                false => Err(refused("MATERIAL_NOT_FOUND")),
            };
        };
        if staged.len() as i64 != request.size_bytes {
            state.staged.insert(request.upload, staged);
            return Err(refused("SIZE_MISMATCH"));
        }
        if Sha256::digest(&staged).as_slice() != wanted {
            state.staged.insert(request.upload, staged);
            return Err(refused("DIGEST_MISMATCH"));
        }
        let already_sealed = state.sealed.insert(wanted, staged.into()).is_some();
        Ok(Response::new(pb::SealResponse { already_sealed }))
    }

    async fn discard(
        &self,
        request: Request<pb::DiscardRequest>,
    ) -> Result<Response<pb::DiscardResponse>, Status> {
        let request = request.into_inner();
        self.state().calls.discard += 1;
        self.at_home()?;
        let mut state = self.state();
        state.staged.remove(&request.upload);
        if let Some(digest) = request.digest {
            state.sealed.remove(&digest.value[..]);
        }
        Ok(Response::new(pb::DiscardResponse {}))
    }
}

fn refused(reason: &str) -> Status {
    let details = ErrorDetails::with_error_info(reason, "oncebus", HashMap::new());
    Status::with_error_details(Code::FailedPrecondition, "as told", details)
}
