//! What is planted in calls is found in no leaf, error, log line or file of the trail, nor is its bare
//! hash; the sealed parts decrypt to it. `ONCEBUS_TEST_SCALE` times a hundred exchanges.

use std::{
    collections::HashSet,
    fs,
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use oncebus_proto::v1 as pb;
use oncebus_tests::{Client, Document, TestBus, request_id};
use sha2::{Digest as _, Sha256};
use tonic::Status;

/// Stands in every text that is planted.
const MARK: &str = "CANARY";
/// Begins every citizen id that is planted: a region, and a year of birth.
const CITIZENS: &str = "3708991900";
/// Weights of the digits of a citizen id (GB 11643-1999).
const WEIGHTS: [usize; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// Bytes of a hash that are looked for, in each way of writing it.
const WINDOW: usize = 16;

/// What one exchange plants.
struct Planted {
    case: String,
    officer: String,
    subject: pb::Subject,
    name: String,
    text: String,
}

/// Beginnings of hashes, raw, hexadecimal and base64.
#[derive(Default)]
struct Hashes(HashSet<[u8; WINDOW]>);

/// Takes what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Planted {
    fn new(number: usize) -> Self {
        Self {
            case: format!("{MARK}-CASE-{number}"),
            officer: format!("{MARK}-OFFICER-{number}"),
            subject: pb::Subject { scheme: "citizen".to_owned(), value: citizen(number) },
            name: format!("{MARK} Zhang {number}"),
            text: format!("{MARK} text of {number}"),
        }
    }

    fn purpose(&self) -> pb::Purpose {
        pb::Purpose {
            case_number: self.case.clone(),
            officer: self.officer.clone(),
            ..oncebus_tests::purpose()
        }
    }

    fn texts(&self) -> [String; 6] {
        let pb::Subject { scheme, value } = &self.subject;
        let (case, officer) = (self.case.clone(), self.officer.clone());
        [
            case,
            officer,
            value.clone(),
            format!("{scheme}:{value}"),
            self.name.clone(),
            self.text.clone(),
        ]
    }

    fn document(&self) -> Document {
        Document::new("agent_authorization", &self.name, self.text.clone())
    }

    async fn publish(&self, client: &Client) -> Result<(), Status> {
        let mut transfer = client.transfer.clone();
        let begin = pb::BeginPublishRequest {
            subject: Some(self.subject.clone()),
            purpose: Some(self.purpose()),
            issuer: self.name.clone(),
            ..self.document().begin()
        };
        let begun = transfer.begin_publish(begin).await?.into_inner();
        client.put(&self.document(), &begun.upload, 0).await?;
        transfer.commit_publish(self.document().commit(&begun.upload)).await?;
        Ok(())
    }

    /// Asks whether it is true of its subject what is planted.
    async fn verify(&self, client: &Client, material_type: &str) -> Result<(), Status> {
        let claim = |field: &str, value: &str| pb::Claim {
            field: field.to_owned(),
            value: value.to_owned(),
        };
        let request = pb::VerifyMaterialRequest {
            material_type: material_type.to_owned(),
            subject: Some(self.subject.clone()),
            claims: vec![claim("number", &self.name), claim("issuer", &self.text)],
            purpose: Some(self.purpose()),
            request_id: request_id(),
            ..Default::default()
        };
        client.material.clone().verify_material(request).await.map(drop)
    }

    fn fetch(&self) -> pb::FetchMaterialRequest {
        pb::FetchMaterialRequest {
            subject: Some(self.subject.clone()),
            purpose: Some(self.purpose()),
            request_id: request_id(),
            ..self.document().fetch()
        }
    }
}

impl Hashes {
    fn add(&mut self, text: &str) {
        let hash = Sha256::digest(text);
        let written =
            [hash.to_vec(), hex::encode(hash).into_bytes(), STANDARD.encode(hash).into_bytes()];
        self.0.extend(written.map(|bytes| <[u8; WINDOW]>::try_from(&bytes[..WINDOW]).unwrap()));
    }

    fn are_in(&self, bytes: &[u8]) -> bool {
        bytes.windows(WINDOW).any(|window| self.0.contains(window))
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes up a citizen id, another one for each of 336,000 numbers.
fn citizen(number: usize) -> String {
    let (day, serial) = (number / 1_000, number % 1_000);
    let digits = format!("{CITIZENS}{:02}{:02}{serial:03}", 1 + day / 28, 1 + day % 28);
    let values = digits.bytes().map(|digit| usize::from(digit - b'0'));
    let sum: usize = values.zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
    format!("{digits}{}", &"10X98765432"[sum % 11..=sum % 11])
}

fn log() -> Log {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    log
}

/// Everything of an error that reaches a caller.
fn heard(status: &Status) -> Vec<u8> {
    let mut bytes = format!("{status:?}").into_bytes();
    bytes.extend_from_slice(status.details());
    if let Some(receipt) = oncebus_tests::receipt(status) {
        bytes.extend_from_slice(&receipt.record);
    }
    bytes
}

fn files(dir: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

#[tokio::test]
async fn what_is_personal_is_nowhere_in_clear_and_the_auditor_reads_it() {
    let scale = std::env::var("ONCEBUS_TEST_SCALE").map_or(1, |scale| scale.parse().unwrap());
    let log = log();
    let bus = TestBus::builder()
        .tables("[limits]\ncalls_per_second = 100000\nburst = 100000\n")
        .start()
        .await;
    let [housing, planning, market] = ["housing", "planning", "market"].map(|d| bus.client(d));
    let planted: Vec<_> = (0..100 * scale).map(Planted::new).collect();
    let mut places = Vec::new();
    for (number, one) in planted.iter().enumerate() {
        let ended = match number % 4 {
            0 => one.publish(&housing).await,
            1 => market.publish(&one.document()).await.map(drop),
            2 => planning.fetch(one.fetch()).await.map(drop),
            _ => one.publish(&housing).await.and(planning.fetch(one.fetch()).await.map(drop)),
        };
        match ended {
            Ok(()) => assert!(number % 2 == 0 || number % 4 == 3, "{number} was served"),
            Err(status) => places.push((format!("error of {number}"), heard(&status))),
        }
    }
    for (number, one) in planted.iter().take(40).enumerate() {
        if number % 2 == 0 {
            let fields = [("number", one.name.as_str()), ("issuer", one.text.as_str())];
            bus.adapter("market").know("legal_rep_identity", &one.subject.value, &fields);
        }
        one.verify(&planning, "legal_rep_identity").await.unwrap();
        one.verify(&planning, "agent_authorization").await.unwrap();
        let refused = one.verify(&bus.client("audit"), "legal_rep_identity").await.unwrap_err();
        places.push((format!("refused verification of {number}"), heard(&refused)));
    }
    let records = bus.client("audit").records().await;
    places.extend(records.iter().map(|r| (format!("leaf {}", r.index), r.leaf.to_vec())));
    files(bus.trail_dir(), &mut places);
    let index = |(path, _): &(String, Vec<u8>)| path.contains("index.sqlite");
    let mut kept = Vec::new();
    files(&bus.data_dir(), &mut kept);
    kept.retain(index);
    assert!(!kept.is_empty(), "there is no index to look into");
    places.extend(kept);
    places.push(("log".to_owned(), log.0.lock().unwrap().clone()));
    let mut hashes = Hashes::default();
    planted.iter().for_each(|one| one.texts().iter().for_each(|text| hashes.add(text)));

    for (place, bytes) in &places {
        let has = |mark: &str| {
            bytes.windows(mark.len()).any(|window| window.eq_ignore_ascii_case(mark.as_bytes()))
        };
        assert!(!has(MARK) && !has(CITIZENS), "{place} has a planted text");
        assert!(!hashes.are_in(bytes), "{place} has a bare hash");
    }

    let sealed: Vec<_> = records.iter().filter_map(|record| bus.unsealed(record)).collect();
    let cases: HashSet<_> = sealed.iter().filter_map(|part| part.case.clone()).collect();
    let officers: HashSet<_> = sealed.iter().filter_map(|part| part.officer.clone()).collect();
    let subjects: HashSet<_> = sealed.iter().filter_map(|part| part.subject.clone()).collect();
    for one in planted.iter().enumerate().filter(|(number, _)| number % 4 != 1).map(|(_, one)| one)
    {
        let subject = oncebus_core::Subject::new(&one.subject.scheme, &one.subject.value).unwrap();
        assert!(cases.contains(&one.case) && officers.contains(&one.officer), "{}", one.case);
        assert!(subjects.contains(&subject), "{}", one.case);
    }
}
