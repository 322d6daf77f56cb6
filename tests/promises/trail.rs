//! A trail that cannot be written: nothing is released, and no adapter is asked.

use std::{fs, io::Write as _, path::Path};

use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
};
use oncebus_proto::v1 as pb;
use oncebus_tests::{Document, TestBus, reason};
use tonic::{Code, Status};

#[test]
fn a_full_disk_under_the_trail_stops_everything_and_lets_it_go_on_when_there_is_room() {
    with_a_small_disk(stops_and_goes_on);
}

#[test]
fn a_publication_whose_outcome_found_no_room_is_recovered_by_the_next_run() {
    with_a_small_disk(is_recovered);
}

#[test]
fn a_disk_that_fills_while_the_adapter_answers_lets_no_byte_leave() {
    with_a_small_disk(fills_in_between);
}

pub(crate) fn with_a_small_disk(test: impl AsyncFnOnce(&Path) + Send + 'static) {
    // Mounts are a thread's own in a new namespace; all that the bus starts inherits it.
    let thread = std::thread::spawn(move || {
        let dir = tempfile::tempdir().unwrap();
        let private = unshare(CloneFlags::CLONE_NEWNS).and_then(|()| {
            let none: Option<&str> = None;
            mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
            mount(Some("tmpfs"), dir.path(), Some("tmpfs"), MsFlags::empty(), Some("size=256k"))
        });
        if let Err(error) = private {
            oncebus_tests::skipped(&format!("no right to mount a small disk here: {error}"));
            return;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(test(dir.path()));
    });
    thread.join().unwrap();
}

async fn stops_and_goes_on(disk: &Path) {
    let bus = TestBus::builder().trail_dir(disk.join("trail")).start().await;
    let document = Document::new("construction_contract", "C-1", "a contract");
    let license = Document::new("business_license", "L-1", "");
    bus.adapter("market").hold("business_license", "L-1", "a licence");
    bus.client("housing").publish(&document).await.unwrap();
    let filler = disk.join("filler");
    fill(&filler);
    let read = smallest_record_that_is_refused(&bus).await;
    let calls = bus.adapter_calls();

    let fetched = bus.client("planning").fetch(document.fetch()).await.unwrap_err();
    let looked = bus.client("planning").fetch(license.fetch()).await.unwrap_err();
    let other = Document::new("construction_contract", "C-2", "another");
    let published = bus.client("housing").publish(&other).await.unwrap_err();
    let denied = bus.client("audit").fetch(document.fetch()).await.unwrap_err();

    for refused in [&fetched, &looked, &published, &denied, &read] {
        assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
        assert_eq!(reason(refused), "AUDIT_UNAVAILABLE");
    }
    assert_eq!(bus.adapter_calls(), calls, "an adapter was asked");

    fs::remove_file(filler).unwrap();
    let served = bus.client("planning").fetch(document.fetch()).await.unwrap();
    let records = bus.client("audit").records().await;

    assert_eq!(served.content, b"a contract");
    let indices: Vec<_> = records.iter().map(|record| record.index).collect();
    let expected: Vec<_> = (0..records.len() as i64).collect();
    assert_eq!(indices, expected, "the trail has a gap");
}

async fn is_recovered(disk: &Path) {
    let mut bus = TestBus::builder().trail_dir(disk.join("trail")).start().await;
    let document = Document::new("construction_contract", "C-1", "a contract");
    let mut transfer = bus.client("housing").transfer;
    let begun = transfer.begin_publish(document.begin()).await.unwrap().into_inner();
    bus.client("housing").put(&document, &begun.upload, 0).await.unwrap();
    let filler = disk.join("filler");
    fill(&filler);
    smallest_record_that_is_refused(&bus).await;

    let unproven = transfer.commit_publish(document.commit(&begun.upload)).await.unwrap_err();
    fs::remove_file(filler).unwrap();
    bus.restart().await;
    let records = bus.client("audit").records().await;
    let intent = records.iter().find(|record| record.kind == "intent").unwrap();
    let outcomes = bus.client("audit").outcomes("publish").await;
    let mut transfer = bus.client("housing").transfer;
    let again = transfer.commit_publish(document.commit(&begun.upload)).await.unwrap().into_inner();

    assert_eq!(reason(&unproven), "AUDIT_UNAVAILABLE");
    let [recovered] = &outcomes[..] else { panic!("one outcome: {outcomes:?}") };
    assert_eq!((recovered.outcome.as_str(), recovered.intent), ("recovered", Some(intent.index)));
    assert_eq!(again.receipt.unwrap().index, recovered.index);
    assert!(!again.already_held);
}

async fn fills_in_between(disk: &Path) {
    let bus = TestBus::builder().trail_dir(disk.join("trail")).start().await;
    let document = Document::new("construction_contract", "C-1", "a contract");
    bus.client("housing").publish(&document).await.unwrap();
    // The intent still fits into the last page of the trail, its outcome does not.
    let mut audit = bus.client("audit").audit;
    while !(1_500..=2_500).contains(&(trail_bytes(disk) % 4_096)) {
        let search = pb::SearchRecordsRequest { page_size: 1, ..Default::default() };
        audit.search_records(search).await.unwrap();
    }
    let filler = disk.join("filler");
    bus.adapter("housing").on_fetch(move || fill(&filler));

    let refused = bus.client("planning").fetch(document.fetch()).await.unwrap_err();

    assert_eq!(bus.adapter("housing").calls().fetch, 1, "the fault came before the adapter");
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::Unavailable, "AUDIT_UNAVAILABLE")
    );

    fs::remove_file(disk.join("filler")).unwrap();
    let at_once = bus.gateway().settle().await.unwrap();
    bus.clock.advance(jiff::SignedDuration::from_mins(12));
    let overdue = bus.gateway().settle().await.unwrap();
    let outcome = bus.client("audit").outcomes("fetch").await.pop().unwrap();

    assert_eq!((at_once, overdue), (0, 1), "the call that died is settled when its time is over");
    assert_eq!(outcome.outcome, "unknown");
}

fn trail_bytes(disk: &Path) -> u64 {
    let segments = fs::read_dir(disk.join("trail/frames")).unwrap();
    segments.map(|segment| segment.unwrap().metadata().unwrap().len()).sum()
}

/// Writes the smallest records until the trail's last page is full as well.
pub(crate) async fn smallest_record_that_is_refused(bus: &TestBus) -> Status {
    let mut audit = bus.client("audit").audit;
    for _ in 0..100 {
        let search = pb::SearchRecordsRequest { page_size: 1, ..Default::default() };
        if let Err(refused) = audit.search_records(search).await {
            return refused;
        }
    }
    panic!("the full disk does not bite");
}

/// Fills the disk, and sees that it is full.
pub(crate) fn fill(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    while file.write_all(&[0; 64]).is_ok() {}
    let error = file.write_all(&[0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull, "the fault does not bite");
}
