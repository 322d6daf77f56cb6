//! Random bytes in place of every message, at the gateway and at an adapter: an error or a valid
//! answer each, no crash, no growth.

use std::{fs, path::Path};

use bytes::Bytes;
use futures_util::StreamExt as _;
use oncebus_proto::v1 as pb;
use oncebus_tests::raw;
use oncebus_transport::{Accepts, Credentials, Dialer};
use prost::Message;
use tonic::{Code, transport::Channel};

use super::{Dev, oncebus};

/// Sequences for each message type; `ONCEBUS_TEST_SCALE` times as many where it is set.
const SEQUENCES: usize = 1_000;
/// Calls at the same time.
const AT_ONCE: usize = 16;
/// How much a process may grow.
const GROWTH_BYTES: u64 = 32 * 1024 * 1024;

#[tokio::test]
async fn random_bytes_neither_crash_nor_grow_the_gateway() {
    let dev = Dev::start();
    let connection = dev.connection();
    let me = &connection["systems"]["housing"];
    let files = ["cert_file", "key_file"].map(|name| me[name].as_str().unwrap().to_owned());
    let ca = connection["ca_file"].as_str().unwrap();
    let dialer = dialer(&files, ca, Accepts::Gateways);
    let channel = dialer.channel(connection["endpoint"].as_str().unwrap()).unwrap();

    pelt(channel, &gateway_methods(), connection["gateway_pid"].as_u64().unwrap()).await;

    let types = dev.json("housing", &["catalog", "types", "-o", "json"]);
    assert_eq!(types.as_array().unwrap().len(), 28, "the gateway does not answer any more");
}

#[tokio::test]
async fn random_bytes_neither_crash_nor_grow_an_adapter() {
    let dev = Dev::start();
    let connection = dev.connection();
    let ca_file = connection["ca_file"].as_str().unwrap();
    let authority = Path::new(connection["ca_key_file"].as_str().unwrap()).parent().unwrap();
    let out = dev.dir.path().join("tester");
    let issued = oncebus()
        .args(["ca", "issue", "--gateway", "tester", "--dir"])
        .arg(authority)
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    assert!(issued.status.success(), "{}", String::from_utf8_lossy(&issued.stderr));
    let files = ["cert.pem", "key.pem"].map(|name| out.join(name).to_str().unwrap().to_owned());
    let adapter = &connection["adapters"]["housing"];
    let dialer = dialer(&files, ca_file, Accepts::AdaptersOf("housing".to_owned()));
    let channel = dialer.channel(adapter["endpoint"].as_str().unwrap()).unwrap();

    pelt(channel.clone(), &adapter_methods(), adapter["pid"].as_u64().unwrap()).await;

    let mut client = pb::adapter_service_client::AdapterServiceClient::new(channel);
    let described = client.describe(pb::DescribeRequest {}).await.unwrap().into_inner();
    assert_eq!(described.department, "housing");
}

fn dialer(files: &[String; 2], ca: &str, accepts: Accepts) -> Dialer {
    let [cert, key] = files;
    let domain = "oncebus.test".parse().unwrap();
    let credentials =
        Credentials::load(Path::new(cert), Path::new(key), Path::new(ca), domain).unwrap();
    credentials.dialer(accepts).unwrap()
}

/// Sends the sequences of every method, and looks at the process's memory.
async fn pelt(channel: Channel, methods: &[(&'static str, Vec<u8>)], pid: u64) {
    let mut dice = Dice(4_711);
    // The first calls fill buffers that stay.
    for (path, sample) in methods {
        send(channel.clone(), path, sample.clone().into()).await;
    }
    let before = resident(pid);
    for (path, sample) in methods {
        let sequences: Vec<Bytes> = (0..SEQUENCES).map(|_| dice.sequence(sample).into()).collect();
        let calls =
            futures_util::stream::iter(sequences).map(|bytes| send(channel.clone(), path, bytes));
        calls.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    }
    let after = resident(pid);
    assert!(after < before + GROWTH_BYTES, "grew from {before} to {after} bytes");
}

/// Sends one message and reads the answer to its end; only a broken connection is a failure.
async fn send(channel: Channel, path: &'static str, bytes: Bytes) {
    if let Err(status) = raw::send(&channel, path, bytes).await {
        let broken = oncebus_transport::connection_cause(&status).is_some();
        assert!(!broken && status.code() != Code::Unknown, "{path}: {status:?}");
    }
}

fn resident(pid: u64) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

fn gateway_methods() -> Vec<(&'static str, Vec<u8>)> {
    let project = "2501-370800-04-01-000016".to_owned();
    let subject = || Some(pb::Subject { scheme: "project".to_owned(), value: project.clone() });
    let purpose = || {
        Some(pb::Purpose {
            item: "I14".to_owned(),
            case_number: "C1".to_owned(),
            cause: 1,
            legal_basis: "law".to_owned(),
            officer: "o7".to_owned(),
            authorization: Some(pb::Authorization { kind: 1, reference: String::new() }),
        })
    };
    let digest = || Some(pb::Digest { algorithm: 1, value: vec![7; 32].into() });
    let request_id = || "00000000-0000-4000-8000-000000000001".to_owned();
    let upload = || format!("uploads/{}", request_id());
    let fetch = pb::FetchMaterialRequest {
        material_type: "M01".to_owned(),
        subject: subject(),
        purpose: purpose(),
        request_id: request_id(),
        ..Default::default()
    };
    let begin = pb::BeginPublishRequest {
        material_type: "M23".to_owned(),
        subject: subject(),
        number: "N1".to_owned(),
        size_bytes: 10,
        digest: digest(),
        media_type: "application/pdf".to_owned(),
        request_id: request_id(),
        purpose: purpose(),
        ..Default::default()
    };
    let put = pb::PutChunkRequest { upload: upload(), offset: 0, data: vec![1; 10].into() };
    let commit = pb::CommitPublishRequest {
        upload: upload(),
        size_bytes: 10,
        digest: digest(),
        request_id: request_id(),
    };
    let find = pb::FindMaterialsRequest {
        material_type: "M01".to_owned(),
        subject: subject(),
        purpose: purpose(),
        ..Default::default()
    };
    let version = format!("materialTypes/business_license/versions/{}", "0".repeat(64));
    let get = pb::GetMaterialRequest { version, purpose: purpose(), request_id: request_id() };
    let reload = pb::ReloadConfigRequest { request_id: request_id() };
    let filter = pb::RecordFilter { kind: "outcome".to_owned(), ..Default::default() };
    let search =
        pb::SearchRecordsRequest { filter: Some(filter), page_size: 2, page_token: String::new() };
    vec![
        ("/oncebus.v1.TransferService/FetchMaterial", fetch.encode_to_vec()),
        ("/oncebus.v1.TransferService/BeginPublish", begin.encode_to_vec()),
        ("/oncebus.v1.TransferService/PutChunk", put.encode_to_vec()),
        ("/oncebus.v1.TransferService/CommitPublish", commit.encode_to_vec()),
        ("/oncebus.v1.MaterialService/FindMaterials", find.encode_to_vec()),
        ("/oncebus.v1.MaterialService/GetMaterial", get.encode_to_vec()),
        ("/oncebus.v1.CatalogService/ListMaterialTypes", vec![8, 5]),
        ("/oncebus.v1.CatalogService/GetMaterialType", vec![10, 3, b'M', b'0', b'1']),
        ("/oncebus.v1.CatalogService/ListDepartments", vec![8, 5]),
        ("/oncebus.v1.AuditService/SearchRecords", search.encode_to_vec()),
        ("/oncebus.v1.AuditService/GetRecord", vec![16, 1]),
        ("/oncebus.v1.AdminService/ReloadConfig", reload.encode_to_vec()),
    ]
}

fn adapter_methods() -> Vec<(&'static str, Vec<u8>)> {
    let project = "2501-370800-04-01-000016".to_owned();
    let subject = || Some(pb::Subject { scheme: "project".to_owned(), value: project.clone() });
    let digest = || Some(pb::Digest { algorithm: 1, value: vec![7; 32].into() });
    let upload = || "00000000-0000-4000-8000-000000000001".to_owned();
    let lookup = pb::LookupRequest {
        material_type: "construction_permit".to_owned(),
        subject: subject(),
        number: "N1".to_owned(),
    };
    let fetch = pb::FetchRequest {
        material_type: "construction_permit".to_owned(),
        subject: subject(),
        number: "N1".to_owned(),
        digest: digest(),
        size_bytes: 10,
        offset: 0,
        sealed: false,
    };
    let stage = pb::StageRequest { upload: upload(), offset: 0, data: vec![1; 10].into() };
    let seal = pb::SealRequest {
        upload: upload(),
        size_bytes: 10,
        digest: digest(),
        chunk_root: vec![7; 32].into(),
    };
    let discard = pb::DiscardRequest { upload: upload(), digest: digest() };
    vec![
        ("/oncebus.v1.AdapterService/Describe", Vec::new()),
        ("/oncebus.v1.AdapterService/Check", Vec::new()),
        ("/oncebus.v1.AdapterService/Lookup", lookup.encode_to_vec()),
        ("/oncebus.v1.AdapterService/Fetch", fetch.encode_to_vec()),
        ("/oncebus.v1.AdapterService/Stage", stage.encode_to_vec()),
        ("/oncebus.v1.AdapterService/Seal", seal.encode_to_vec()),
        ("/oncebus.v1.AdapterService/Discard", discard.encode_to_vec()),
    ]
}

/// Repeatable random numbers (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    /// Returns noise, or a good message with something wrong about it.
    fn sequence(&mut self, sample: &[u8]) -> Vec<u8> {
        let mut bytes = sample.to_vec();
        match self.below(4) {
            0 => bytes = (0..self.below(512)).map(|_| self.next().to_le_bytes()[0]).collect(),
            1 => bytes.truncate(self.below(sample.len() + 1)),
            2 => {
                for _ in 0..=self.below(40) {
                    bytes.extend_from_slice(sample);
                }
            }
            _ => {}
        }
        for _ in 0..self.below(8) {
            if !bytes.is_empty() {
                let at = self.below(bytes.len());
                bytes[at] = self.next().to_le_bytes()[0];
            }
        }
        bytes
    }
}
