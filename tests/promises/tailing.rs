//! A tail tells what comes, to whom it may be told, as long as that is so.

use std::time::Duration;

use oncebus_proto::v1 as pb;
use oncebus_tests::{Client, Document, TestBus, reason};
use tokio::time::timeout;
use tonic::{Code, Status, Streaming};

use crate::reload::reload;

/// Longest that anything here may take.
const SOON: Duration = Duration::from_secs(20);

type Tail = Streaming<pb::TailRecordsResponse>;

fn contract() -> Document {
    Document::new("construction_contract", "C-1", "a contract")
}

fn outcomes() -> pb::RecordFilter {
    pb::RecordFilter { kind: "outcome".to_owned(), ..Default::default() }
}

async fn tail(client: &Client, filter: pb::RecordFilter, from_index: Option<i64>) -> Tail {
    let request = pb::TailRecordsRequest { filter: Some(filter), from_index };
    client.audit.clone().tail_records(request).await.unwrap().into_inner()
}

/// Takes messages until there are so many records; returns their indices, and where to go on.
async fn take(tail: &mut Tail, count: usize) -> (Vec<i64>, i64) {
    let (mut indices, mut next) = (Vec::new(), 0);
    while indices.len() < count {
        let message = timeout(SOON, tail.message()).await.expect("a record comes").unwrap();
        let message = message.expect("the tail goes on");
        indices.extend(message.records.iter().map(|record| record.index));
        next = message.next_index;
    }
    (indices, next)
}

async fn end(tail: &mut Tail) -> Result<Option<pb::TailRecordsResponse>, Status> {
    timeout(SOON, tail.message()).await.expect("the tail ends")
}

#[tokio::test]
async fn a_tail_has_what_comes_and_is_resumed_without_a_gap() {
    let bus = TestBus::start().await;
    bus.client("housing").publish(&contract()).await.unwrap();
    let mut first = tail(&bus.client("audit"), outcomes(), None).await;
    let planning = bus.client("planning");

    planning.fetch(contract().fetch()).await.unwrap();
    let (seen, next) = take(&mut first, 1).await;
    drop(first);
    planning.fetch(contract().fetch()).await.unwrap();
    planning.fetch(contract().fetch()).await.unwrap();
    let mut second = tail(&bus.client("audit"), outcomes(), Some(next)).await;
    let (rest, _) = take(&mut second, 2).await;
    let mut whole = tail(&bus.client("audit"), outcomes(), Some(0)).await;
    let (all, _) = take(&mut whole, 4).await;

    assert_eq!(seen, [5], "a new tail begins at the end");
    assert_eq!(rest, [6, 7]);
    assert_eq!(all, [2, 5, 6, 7]);
}

#[tokio::test]
async fn a_department_tails_its_own_sides() {
    let bus = TestBus::start().await;
    let mut market = tail(&bus.client("market"), outcomes(), Some(0)).await;
    let mut housing = tail(&bus.client("housing"), outcomes(), Some(0)).await;
    bus.adapter("market").hold("business_license", "L-1", "a licence");

    bus.client("housing").publish(&contract()).await.unwrap();
    bus.client("planning").fetch(contract().fetch()).await.unwrap();
    let license = Document::new("business_license", "L-1", "");
    bus.client("planning").fetch(license.fetch()).await.unwrap();

    let (of_market, _) = take(&mut market, 1).await;
    let (of_housing, _) = take(&mut housing, 2).await;
    assert_eq!((of_market, of_housing), (vec![8], vec![4, 6]));
}

#[tokio::test]
async fn a_tail_ends_when_what_its_caller_may_see_changes() {
    let bus = TestBus::start().await;
    let mut auditor = tail(&bus.client("audit"), outcomes(), None).await;
    let mut planning = tail(&bus.client("planning"), outcomes(), None).await;
    bus.edit_config(|text| text.replace("role = \"auditor\"", "role = \"department\""));

    reload(&bus.operator()).await.unwrap();
    let ended = end(&mut auditor).await.unwrap_err();
    bus.client("housing").publish(&contract()).await.unwrap();
    bus.client("planning").fetch(contract().fetch()).await.unwrap();
    let (seen, _) = take(&mut planning, 1).await;

    assert_eq!((ended.code(), reason(&ended).as_str()), (Code::Aborted, "VISIBILITY_CHANGED"));
    assert_eq!(seen.len(), 1, "a tail of somebody else ended");
}

#[tokio::test]
async fn a_gateway_that_stops_does_not_wait_for_tails() {
    let mut bus = TestBus::start().await;
    let mut open = tail(&bus.client("audit"), outcomes(), None).await;

    timeout(SOON, bus.restart()).await.expect("the gateway stops");

    assert!(end(&mut open).await.unwrap().is_none());
}

#[tokio::test]
async fn a_tail_has_no_times() {
    let bus = TestBus::start().await;
    let time = Some(prost_types::Timestamp { seconds: 1, nanos: 0 });
    let filter = pb::RecordFilter { end_time: time, ..Default::default() };
    let request = pb::TailRecordsRequest { filter: Some(filter), from_index: None };

    let refused = bus.client("audit").audit.tail_records(request).await.unwrap_err();

    assert_eq!(reason(&refused), "INVALID_FIELD");
    assert!(refused.message().starts_with("end_time "), "{refused:?}");
}
