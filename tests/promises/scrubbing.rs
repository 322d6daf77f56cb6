//! What was changed behind the gateway's back is found, and that is on record.

use std::fs;

use oncebus_proto::v1 as pb;
use oncebus_tests::{Document, TestBus};

async fn lively() -> TestBus {
    let bus = TestBus::start().await;
    let contract = Document::new("construction_contract", "C-1", "a contract");
    bus.client("housing").publish(&contract).await.unwrap();
    bus.client("planning").fetch(contract.fetch()).await.unwrap();
    let trail = bus.gateway().bus().journal().trail();
    trail.prover(trail.size()).await.unwrap();
    bus
}

async fn newest(bus: &TestBus) -> pb::Record {
    let mut records = bus.client("audit").records().await;
    records.retain(|record| record.operation == "scrub");
    records.pop().unwrap()
}

#[tokio::test]
async fn a_pass_over_what_is_sound_is_on_record_and_told() {
    let bus = lively().await;

    let scrubbed = bus.gateway().scrub().await.unwrap();

    let record = newest(&bus).await;
    let search = pb::SearchRecordsRequest::default();
    let answer = bus.client("audit").audit.search_records(search).await.unwrap().into_inner();
    assert!(scrubbed.records > 5 && scrubbed.rows > 5, "{scrubbed:?}");
    assert_eq!(scrubbed.versions, 1);
    assert_eq!((record.kind.as_str(), record.outcome.as_str()), ("admin", "served"));
    assert_eq!(record.count as u64, scrubbed.records);
    assert_eq!(answer.verified_size as u64, scrubbed.records);
}

#[tokio::test]
async fn an_edited_sealed_part_or_record_is_found_and_on_record() {
    for file in ["sealed/000", "tile/entries/000.p", "tile/0/000.p"] {
        let bus = lively().await;
        let mut path = bus.trail_dir().join(file);
        if path.is_dir() {
            let widths = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
            let widest = widths.max_by_key(|path| {
                path.file_name().unwrap().to_str().unwrap().parse::<u32>().unwrap()
            });
            path = widest.unwrap();
        }
        let mut bytes = fs::read(&path).unwrap();
        // Inside the last part or record.
        let at = bytes.len() - 20;
        bytes[at] ^= 1;
        // A record of which nothing is sealed ends the sealed file with zeros: look for a byte of one.
        if file == "sealed/000" {
            bytes[at] ^= 1;
            let at = bytes.iter().rposition(|byte| *byte != 0).unwrap();
            bytes[at] ^= 1;
        }
        fs::write(&path, bytes).unwrap();

        let fault = bus.gateway().scrub().await.unwrap_err();

        assert!(fault.to_string().starts_with("trail: "), "{file}: {fault}");
        assert_eq!(newest(&bus).await.outcome, "failed", "{file}");
    }
}
