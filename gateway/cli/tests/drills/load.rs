//! Callers of several departments, all at work: each publishes small documents and fetches them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use oncebus_proto::v1 as pb;
use oncebus_tests::{Client, Document, Tag, digest, request_id};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    ledger::{Entry, Ledger},
    town::Town,
};

/// Least acknowledged calls in a second before a fault: with less, a drill proves nothing.
pub(crate) const LEAST_RATE: f64 = 100.0;
/// How long the rate is taken.
const RATE_TIME: Duration = Duration::from_secs(1);
/// Longest wait for that rate.
const START: Duration = Duration::from_secs(15);
/// Callers of each department.
const CALLERS: usize = 4;
/// Bytes of a document.
const SIZE: usize = 2_000;
/// Longest wait for one answer.
const ANSWER: Duration = Duration::from_secs(5);
/// Pause after a call that failed.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a publication is tried before it is given up.
const PERSISTENCE: Duration = Duration::from_secs(20);
/// Each document is fetched so often, and so is one from before.
const FETCHES: usize = 2;

/// Who publishes what in the shipped catalogue.
pub(crate) const PUBLISHERS: [(&str, &str); 3] = [
    ("housing", "construction_contract"),
    ("planning", "completion_survey_report"),
    ("market", "agent_authorization"),
];

/// Callers at work, until they are told to stop.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) ledger: Arc<Ledger>,
    stop: CancellationToken,
    callers: JoinSet<()>,
}

/// One caller.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) department: &'static str,
    pub(crate) material_type: &'static str,
    pub(crate) client: Client,
    pub(crate) ledger: Arc<Ledger>,
}

// === impl Load ===

impl Load {
    /// Puts the callers of these departments to work.
    pub(crate) fn start(town: &Town, departments: &[&str]) -> Self {
        let (ledger, stop) = (Arc::new(Ledger::new()), CancellationToken::new());
        let mut callers = JoinSet::new();
        for (department, material_type) in PUBLISHERS {
            if !departments.contains(&department) {
                continue;
            }
            for _ in 0..CALLERS {
                let client = town.client(department);
                let ledger = Arc::clone(&ledger);
                let caller = Caller { department, material_type, client, ledger };
                callers.spawn(caller.work(stop.clone()));
            }
        }
        Self { ledger, stop, callers }
    }

    /// Waits until the callers are served at a rate that makes a drill count, and returns it.
    ///
    /// # Panics
    ///
    /// If they never are: a machine that is busy otherwise is given some time.
    pub(crate) async fn flows(&self) -> f64 {
        let begun = Instant::now();
        loop {
            let rate = self.ledger.rate(RATE_TIME).await;
            if rate >= LEAST_RATE {
                return rate;
            }
            let errors = self.ledger.errors();
            assert!(begun.elapsed() < START, "only {rate:.0} calls/s: {errors:?}");
        }
    }

    /// Has the callers finish what they are about.
    pub(crate) async fn stop(mut self) -> Arc<Ledger> {
        self.stop.cancel();
        while let Some(ended) = self.callers.join_next().await {
            ended.unwrap();
        }
        self.ledger
    }
}

// === impl Caller ===

impl Caller {
    async fn work(self, stop: CancellationToken) {
        let mut last: Option<Document> = None;
        while !stop.is_cancelled() {
            let tag = Tag::honest(serial(), SIZE);
            let document = Document::new(self.material_type, &tag.text(), tag.content());
            if !self.publish(&tag, &document).await {
                continue;
            }
            for _ in 0..FETCHES {
                for wanted in [Some(&document), last.as_ref()].into_iter().flatten() {
                    self.fetch(wanted).await;
                }
            }
            last = Some(document);
        }
    }

    /// Publishes, and does not let go before it is acknowledged: every repetition carries the same
    /// request ids.
    pub(crate) async fn publish(&self, tag: &Tag, document: &Document) -> bool {
        let mut begin = document.begin();
        begin.purpose = Some(tag.purpose());
        let commit_id = request_id();
        let begun = Instant::now();
        while begun.elapsed() < PERSISTENCE {
            let since = Instant::now();
            match self.try_publish(document, begin.clone(), commit_id.clone()).await {
                Ok((info, receipt)) => {
                    assert_eq!(info.version_digest, Some(digest(&document.content)));
                    let (department, material_type) = (self.department, self.material_type);
                    let (operation, tag) = ("publish", tag.clone());
                    self.ledger.promised(Entry {
                        department,
                        material_type,
                        since,
                        operation,
                        tag,
                        version: info.version,
                        receipt,
                    });
                    return true;
                }
                Err(status) => self.failed(&status).await,
            }
        }
        self.ledger.unfinished(tag.clone());
        false
    }

    async fn try_publish(
        &self,
        document: &Document,
        begin: pb::BeginPublishRequest,
        commit_id: String,
    ) -> Result<(pb::MaterialInfo, pb::Receipt), Status> {
        let mut transfer = self.client.transfer.clone();
        let begun = self.call(transfer.begin_publish(begin)).await?.into_inner();
        if let Some(info) = begun.held_version {
            return Ok((info, begun.receipt.unwrap()));
        }
        let upload = begun.upload;
        if begun.offset < document.begin().size_bytes {
            let data = document.content.clone();
            let put = pb::PutChunkRequest { upload: upload.clone(), offset: 0, data };
            self.call(transfer.put_chunk(put)).await?;
        }
        let commit = pb::CommitPublishRequest { request_id: commit_id, ..document.commit(&upload) };
        let committed = self.call(transfer.commit_publish(commit)).await?.into_inner();
        Ok((committed.info.unwrap(), committed.receipt.unwrap()))
    }

    /// Fetches the current version, and looks at every byte.
    pub(crate) async fn fetch(&self, document: &Document) -> bool {
        let tag = Tag::honest(serial(), SIZE);
        let mut request = document.fetch();
        request.purpose = Some(tag.purpose());
        let since = Instant::now();
        match self.call(self.client.fetch(request)).await {
            Ok(fetched) => {
                assert_eq!(fetched.content, document.content, "wrong bytes were released");
                self.ledger.promised(Entry {
                    department: self.department,
                    material_type: self.material_type,
                    since,
                    operation: "fetch",
                    tag,
                    version: fetched.info.version,
                    receipt: fetched.receipt,
                });
                true
            }
            Err(status) => {
                self.failed(&status).await;
                false
            }
        }
    }

    async fn call<T>(&self, call: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        let since = Instant::now();
        let late = |_elapsed| Status::deadline_exceeded("no answer in time");
        let answer = timeout(ANSWER, call).await.map_err(late)??;
        self.ledger.acknowledged(self.department, since);
        Ok(answer)
    }

    async fn failed(&self, status: &Status) {
        self.ledger.failed(described(status));
        sleep(PAUSE).await;
    }
}

/// Says what a status says, in a word or two.
pub(crate) fn described(status: &Status) -> String {
    match status.get_details_error_info() {
        Some(info) => info.reason,
        None if status.code() == Code::DeadlineExceeded => status.message().to_owned(),
        None => format!("{:?}", status.code()),
    }
}

/// Returns a number that no other call of this process has.
pub(crate) fn serial() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
