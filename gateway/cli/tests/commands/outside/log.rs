//! A log that a gateway writes because its callers call, and what they keep of it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use oncebus_proto::v1::{
    self as pb, audit_service_client::AuditServiceClient,
    catalog_service_client::CatalogServiceClient, material_service_client::MaterialServiceClient,
    transfer_service_client::TransferServiceClient,
};
use oncebus_tests::{Client, proof, purpose, receipt, request_id};
use oncebus_trail::{
    CheckpointError, Entry, Receipt, SignedCheckpoint, SigningKey, Trail, TrailConfig, VerifierKey,
};
use oncebus_transport::{Accepts, Credentials};
use serde_json::Value;
use tempfile::TempDir;

use crate::Dev;

/// Who calls; the holders of the shipped catalogue.
const SYSTEMS: [&str; 3] = ["housing", "planning", "market"];
/// Calls at the same time, so that records come in groups.
const AT_ONCE: usize = 24;
/// Of how many calls one receipt is kept.
const KEPT: usize = 40;
/// Longest wait for the first publication.
const PATIENCE: Duration = Duration::from_secs(10);
/// A department's calls are limited; here the log is what is tested.
const UNLIMITED: [(&str, &str); 2] = [
    ("ONCEBUS_GATEWAY_LIMITS__CALLS_PER_SECOND", "1000000"),
    ("ONCEBUS_GATEWAY_LIMITS__BURST", "1000000"),
];

/// A gateway at work on a log.
pub(super) struct Log {
    dev: Dev,
    clients: Vec<Client>,
    kept: TempDir,
}

/// A log whose gateway has stopped.
pub(super) struct WrittenLog {
    dev: Dev,
    kept: TempDir,
    /// Its verifier key.
    pub(super) vkey: String,
}

/// How much was kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) receipts: usize,
    pub(super) checkpoints: usize,
}

/// Another history under the same key.
pub(super) struct Fork {
    _dir: TempDir,
    trail: Trail,
    /// Proves its last record.
    pub(super) receipt: Receipt,
}

// === impl Log ===

impl Log {
    pub(super) async fn start() -> Self {
        let dev = Dev::start_as(&[], &UNLIMITED);
        let connection = dev.connection();
        let clients = SYSTEMS.iter().map(|system| client(&connection, system)).collect();
        Self { dev, clients, kept: tempfile::tempdir().unwrap() }
    }

    pub(super) fn dir(&self) -> PathBuf {
        trail_dir(&self.dev)
    }

    pub(super) fn vkey(&self) -> String {
        vkey(&self.dev)
    }

    /// Makes so many calls, each of which is a record, and keeps some of the receipts.
    pub(super) async fn write(&self, records: usize) {
        let calls = stream::iter(0..records).map(|number| async move {
            let answered = ask(self.clients[number % self.clients.len()].clone()).await;
            if number % KEPT == 0 {
                keep(self.kept.path(), &proof(&answered));
            }
        });
        calls.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
        tokio::time::timeout(PATIENCE, self.published()).await.expect("nothing is published");
    }

    /// Keeps the published checkpoint.
    pub(super) fn keep_checkpoint(&self) {
        let note = published(&self.dir());
        let size = note.lines().nth(1).unwrap();
        fs::write(self.kept.path().join(format!("{size}.checkpoint")), &note).unwrap();
    }

    /// Stops the gateway.
    pub(super) fn stop(self) -> WrittenLog {
        let Self { mut dev, kept, clients: _hung_up } = self;
        let vkey = vkey(&dev);
        dev.interrupt();
        WrittenLog { dev, kept, vkey }
    }

    /// Waits until the gateway, another process, has published a record.
    async fn published(&self) {
        while published(&self.dir()).lines().nth(1) == Some("0") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

// === impl WrittenLog ===

impl WrittenLog {
    pub(super) fn dir(&self) -> PathBuf {
        trail_dir(&self.dev)
    }

    pub(super) fn kept_dir(&self) -> &Path {
        self.kept.path()
    }

    /// Keeps one more receipt.
    pub(super) fn keep(&self, receipt: &Receipt) {
        keep(self.kept.path(), receipt);
    }

    pub(super) fn kept(&self) -> Kept {
        let names = fs::read_dir(self.kept.path()).unwrap().map(|entry| entry.unwrap().path());
        let (receipts, checkpoints): (Vec<_>, Vec<_>) =
            names.partition(|path| path.extension().unwrap() == "tlog-proof");
        Kept { receipts: receipts.len(), checkpoints: checkpoints.len() }
    }

    /// Returns the published checkpoint.
    pub(super) fn newest(&self) -> SignedCheckpoint {
        self.check(&published(&self.dir())).unwrap()
    }

    /// Returns the oldest checkpoint that a caller was given.
    pub(super) fn oldest(&self) -> SignedCheckpoint {
        let names = fs::read_dir(self.kept.path()).unwrap().map(|entry| entry.unwrap().path());
        let text = |path: PathBuf| fs::read_to_string(path).unwrap();
        let checkpoints = names.map(|path| {
            self.check(&Receipt::from_tlog_proof(&text(path)).unwrap().checkpoint).unwrap()
        });
        checkpoints.min_by_key(|signed| signed.checkpoint.size).unwrap()
    }

    /// Checks a checkpoint with the log's own key.
    pub(super) fn check(&self, note: &str) -> Result<SignedCheckpoint, CheckpointError> {
        SignedCheckpoint::open(note, &self.vkey.parse::<VerifierKey>().unwrap())
    }

    /// Proves that the log only grew.
    pub(super) async fn growth_from(&self, size: u64) -> Vec<[u8; 32]> {
        let (trail, recovery) = Trail::open(TrailConfig::new(self.dir(), self.key())).unwrap();
        assert_eq!(recovery.records, self.newest().checkpoint.size, "not all was published");
        let growth = trail.consistency(size).await.unwrap().path;
        trail.close().await.unwrap();
        growth
    }

    /// Writes another log of so many records, as only the holder of the key can.
    pub(super) async fn fork(&self, records: u64) -> Fork {
        let dir = tempfile::tempdir().unwrap();
        let (trail, _) = Trail::open(TrailConfig::new(dir.path(), self.key())).unwrap();
        let leaf = |number: u64| format!("{{\"number\":{number}}}").into_bytes();
        let append = |number| trail.append(Entry { leaf: leaf(number), sealed: Vec::new() });
        let receipts: Vec<_> = stream::iter(0..records).then(append).collect().await;
        let receipt = receipts.into_iter().last().unwrap().unwrap();
        trail.prover(records).await.unwrap();
        Fork { _dir: dir, trail, receipt }
    }

    fn key(&self) -> SigningKey {
        let seed = fs::read(self.dev.dir.path().join("gateway/keys/trail.key")).unwrap();
        let origin = self.vkey.parse::<VerifierKey>().unwrap().name().clone();
        SigningKey::from_seed(&origin, &seed.try_into().unwrap()).unwrap()
    }
}

// === impl Fork ===

impl Fork {
    /// Returns its newest checkpoint.
    pub(super) fn note(&self) -> String {
        self.receipt.checkpoint.clone()
    }

    /// Proves that it only grew, by itself.
    pub(super) async fn growth_from(&self, size: u64) -> Vec<[u8; 32]> {
        self.trail.consistency(size).await.unwrap().path
    }
}

/// Asks for a version that nobody has: one record, no adapter, and a receipt all the same.
async fn ask(mut client: Client) -> pb::Receipt {
    let request = pb::GetMaterialRequest {
        version: format!("materialTypes/completion_survey_report/versions/{}", "7".repeat(64)),
        purpose: Some(purpose()),
        request_id: request_id(),
    };
    let refused = client.material.get_material(request).await.unwrap_err();
    let kept = receipt(&refused);
    assert!(kept.is_some(), "no receipt: {refused:?}");
    kept.unwrap()
}

fn keep(dir: &Path, receipt: &Receipt) {
    assert!(!receipt.leaf.is_empty(), "a receipt without its record");
    let file = dir.join(format!("{}.tlog-proof", receipt.index));
    fs::write(file, receipt.to_tlog_proof()).unwrap();
}

fn published(trail_dir: &Path) -> String {
    fs::read_to_string(trail_dir.join("checkpoint")).unwrap()
}

fn trail_dir(dev: &Dev) -> PathBuf {
    dev.connection()["trail_dir"].as_str().unwrap().into()
}

fn vkey(dev: &Dev) -> String {
    dev.connection()["trail_vkey"].as_str().unwrap().to_owned()
}

fn client(connection: &Value, system: &str) -> Client {
    let me = &connection["systems"][system];
    let file = |of: &Value| PathBuf::from(of.as_str().unwrap());
    let (cert, key) = (file(&me["cert_file"]), file(&me["key_file"]));
    let (ca, domain) = (file(&connection["ca_file"]), "oncebus.test".parse().unwrap());
    let credentials = Credentials::load(&cert, &key, &ca, domain).unwrap();
    let dialer = credentials.dialer(Accepts::Gateways).unwrap();
    let channel = dialer.channel(connection["endpoint"].as_str().unwrap()).unwrap();
    Client {
        transfer: TransferServiceClient::new(channel.clone()),
        material: MaterialServiceClient::new(channel.clone()),
        audit: AuditServiceClient::new(channel.clone()),
        catalog: CatalogServiceClient::new(channel.clone()),
        channel,
    }
}
