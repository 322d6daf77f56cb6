//! A watch tells once, and in order, what becomes of materials: to whom it may be told, as long as that
//! is so, and never without its record.

mod cursors;
mod permitted;

use std::time::Duration;

use jiff::SignedDuration;
use oncebus_proto::v1::{self as pb, WatchEventKind as Kind};
use oncebus_tests::{Client, Document, TestBus, proof, purpose, reason, request_id, subject};
use prost::Message as _;
use tokio::time::timeout;
use tonic::{Code, Status, Streaming};

/// Longest that anything here may take.
const SOON: Duration = Duration::from_secs(20);

type Watch = Streaming<pb::WatchMaterialsResponse>;

/// A material of the tests' subject, under a reference.
fn watched(material_type: &str, reference: &str) -> pb::WatchedMaterial {
    pb::WatchedMaterial {
        material_type: material_type.to_owned(),
        subject: Some(subject()),
        number: String::new(),
        reference: reference.to_owned(),
    }
}

fn contracts() -> Vec<pb::WatchedMaterial> {
    vec![watched("construction_contract", "mine")]
}

fn request(watched: Vec<pb::WatchedMaterial>, cursor: &str) -> pb::WatchMaterialsRequest {
    pb::WatchMaterialsRequest {
        watched,
        cursor: cursor.to_owned(),
        purpose: Some(purpose()),
        request_id: request_id(),
    }
}

/// Opens a watch, and takes its first message.
async fn open(
    client: &Client,
    watched: Vec<pb::WatchedMaterial>,
    cursor: &str,
) -> Result<(Watch, pb::WatchMaterialsResponse), Status> {
    let request = request(watched, cursor);
    let mut watch = client.material.clone().watch_materials(request).await?.into_inner();
    let first = next(&mut watch).await.unwrap();
    assert!(first.event.is_none(), "{first:?}");
    Ok((watch, first))
}

async fn next(watch: &mut Watch) -> Result<pb::WatchMaterialsResponse, Status> {
    let message = timeout(SOON, watch.message()).await.expect("a message comes")?;
    Ok(message.expect("the watch goes on"))
}

/// Takes so many events.
async fn take(watch: &mut Watch, count: usize) -> Vec<pb::WatchMaterialsResponse> {
    let mut events = Vec::new();
    while events.len() < count {
        events.push(next(watch).await.unwrap());
    }
    events
}

/// What was told: reference, kind and version.
fn said(told: &[pb::WatchMaterialsResponse]) -> Vec<(&str, Kind, &str)> {
    let events = told.iter().map(|message| message.event.as_ref().expect("an event"));
    events.map(|event| (&*event.reference, event.kind(), &*event.version)).collect()
}

/// Publishes a contract, and says which version that is.
async fn publish(bus: &TestBus, number: &str, content: &str, replaces: &str) -> String {
    let document = Document {
        expected: replaces.to_owned(),
        ..Document::new("construction_contract", number, content.to_owned())
    };
    bus.client("housing").publish(&document).await.unwrap().info.unwrap().version
}

/// Moves on by more than any Lookup is relied on.
fn a_day_passes(bus: &TestBus) {
    bus.clock.advance(SignedDuration::from_hours(25));
}

#[tokio::test]
async fn whatever_becomes_of_a_material_is_told_once_and_in_order() {
    let bus = TestBus::start().await;
    let (planning, market) = (bus.client("planning"), bus.adapter("market"));
    let both = vec![watched("M23", "mine"), watched("business_license", "theirs")];
    let (mut watch, _) = open(&planning, both, "").await.unwrap();

    let old = publish(&bus, "C-1", "a contract", "").await;
    let new = publish(&bus, "C-1", "another contract", &old).await;
    publish(&bus, "C-1", "another contract", &new).await;
    bus.client("housing").revoke(&new).await.unwrap();
    market.hold("business_license", "L-1", "a licence");
    let licence = Document::new("business_license", "L-1", "");
    let licence = planning.fetch(licence.fetch()).await.unwrap().info.version;
    let suspended = oncebus_tests::Words { status: "02", ..Default::default() };
    market.hold_as("business_license", "L-1", "a licence", suspended);
    a_day_passes(&bus);
    bus.client("housing").find("business_license").await.unwrap();
    bus.client("housing").find("business_license").await.unwrap();
    let other = publish(&bus, "C-2", "the last one", "").await;

    let events = take(&mut watch, 7).await;
    let expected = [
        ("mine", Kind::Published, &*old),
        ("mine", Kind::Superseded, &*old),
        ("mine", Kind::Published, &*new),
        ("mine", Kind::Revoked, &*new),
        ("theirs", Kind::Published, &*licence),
        ("theirs", Kind::StatusChanged, &*licence),
        ("mine", Kind::Published, &*other),
    ];
    assert_eq!(said(&events), expected);
    let events: Vec<_> = events.into_iter().filter_map(|message| message.event).collect();
    assert_eq!(events[3].validity(), pb::Validity::Revoked);
    assert_eq!((events[4].status.as_str(), events[5].status.as_str()), ("01", "02"));
    assert_eq!(events[5].validity(), pb::Validity::NotInForce);
    let about = (&*events[5].number, &*events[5].holder, &*events[5].material_type);
    assert_eq!(about, ("L-1", "market", "business_license"));
    let times: Vec<_> = events.iter().map(|event| event.time.unwrap().seconds).collect();
    assert_eq!((times[0], times[5] - times[0]), (1_772_442_000, 25 * 3_600));
    assert!(events.iter().all(|event| event.catalog_version.starts_with("sha256:")));
}

#[tokio::test]
async fn other_subjects_numbers_and_types_are_not_told() {
    let bus = TestBus::start().await;
    let numbered = pb::WatchedMaterial { number: "C-2".to_owned(), ..watched("M23", "second") };
    let nobody = pb::Subject { value: "2501-370800-04-01-000024".to_owned(), ..subject() };
    let elsewhere = pb::WatchedMaterial { subject: Some(nobody), ..watched("M23", "elsewhere") };
    let (mut watch, _) =
        open(&bus.client("planning"), vec![numbered, elsewhere], "").await.unwrap();

    publish(&bus, "C-1", "a contract", "").await;
    let survey = Document::new("geotech_survey_report", "C-2", "a survey");
    bus.client("planning").publish(&survey).await.unwrap();
    let second = publish(&bus, "C-2", "another contract", "").await;

    let events = take(&mut watch, 1).await;
    assert_eq!(said(&events), [("second", Kind::Published, &*second)]);
}

#[tokio::test]
async fn what_is_told_is_on_the_trail_before_and_its_receipt_proves_it() {
    let bus = TestBus::start().await;
    let (mut watch, first) = open(&bus.client("planning"), contracts(), "").await.unwrap();
    let trail = bus.gateway().bus().journal().trail().clone();
    let opened = proof(first.receipt.as_ref().unwrap());

    let version = publish(&bus, "C-1", "a contract", "").await;
    let told = next(&mut watch).await.unwrap();
    let size = trail.size();

    let receipt = proof(told.receipt.as_ref().unwrap());
    assert!(receipt.index < size, "it was told before it was on the trail");
    opened.verify(bus.verifier()).unwrap();
    receipt.verify(bus.verifier()).unwrap();
    let records = bus.client("audit").outcomes("watch").await;
    let [began, event] = &records[..] else { panic!("{records:?}") };
    assert_eq!((began.index as u64, event.index as u64), (opened.index, receipt.index));
    assert_eq!(event.leaf, receipt.leaf);
    assert_eq!((event.outcome.as_str(), event.version.as_str()), ("served", &*version));
    assert_eq!((event.department.as_str(), event.holder.as_str()), ("planning", "housing"));
    assert_eq!(event.bytes_authorised, 0);
    let sealed = bus.unsealed(event).unwrap().subject.unwrap();
    assert_eq!(sealed.value(), subject().value);
}

#[tokio::test]
async fn no_message_has_a_subject_and_no_leaf_a_personal_version() {
    let bus = TestBus::start().await;
    let watched = vec![watched("agent_authorization", "agent"), watched("M23", "contract")];
    let (mut watch, first) = open(&bus.client("planning"), watched, "").await.unwrap();
    let agent = Document::new("agent_authorization", "A-1", "in whose name");

    let agent = bus.client("housing").publish(&agent).await.unwrap().info.unwrap().version;
    let contract = publish(&bus, "C-1", "a contract", "").await;
    bus.client("housing").revoke(&agent).await.unwrap();
    let mut messages = take(&mut watch, 3).await;

    let expected = [
        ("agent", Kind::Published, &*agent),
        ("contract", Kind::Published, &*contract),
        ("agent", Kind::Revoked, &*agent),
    ];
    assert_eq!(said(&messages), expected);
    messages.push(first);
    for message in &messages {
        let bytes = message.encode_to_vec();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(&subject().value), "{message:?}");
    }
    let records = bus.client("audit").outcomes("watch").await;
    let versions: Vec<_> = records.iter().map(|record| record.version.as_str()).collect();
    assert_eq!(versions, ["", "", &*contract, ""]);
    let sealed = bus.unsealed(&records[1]).unwrap();
    assert_eq!(sealed.version.as_deref(), Some(&*agent));
}

#[tokio::test]
async fn a_silent_watch_says_how_far_it_looked() {
    let bus = TestBus::builder().tables("[limits]\nwatch_heartbeat_s = 1\n").start().await;
    let (mut watch, first) = open(&bus.client("planning"), contracts(), "").await.unwrap();

    let survey = Document::new("geotech_survey_report", "S-1", "a survey");
    bus.client("planning").publish(&survey).await.unwrap();
    let beat = next(&mut watch).await.unwrap();
    let again = next(&mut watch).await.unwrap();

    assert!(beat.event.is_none() && beat.receipt.is_none(), "{beat:?}");
    assert_ne!(again.cursor, first.cursor, "it never looked beyond where it began");
    assert_eq!(bus.client("audit").outcomes("watch").await.len(), 1, "silence is recorded");
}

#[tokio::test]
async fn a_gateway_that_stops_does_not_wait_for_watches() {
    let mut bus = TestBus::start().await;
    let (mut watch, _) = open(&bus.client("planning"), contracts(), "").await.unwrap();

    timeout(SOON, bus.restart()).await.expect("the gateway stops");

    let end = timeout(SOON, watch.message()).await.expect("the watch ends");
    assert!(end.unwrap().is_none());
}

#[tokio::test]
async fn what_cannot_be_watched_is_refused_by_its_name() {
    let bus = TestBus::start().await;
    let mut material = bus.client("planning").material;
    let of = |reference: &str| watched("M23", reference);
    let alias = pb::WatchedMaterial { number: "C-1".to_owned(), ..watched("M23", "alias") };
    let nobody = pb::WatchedMaterial { subject: None, ..of("nobody") };

    for (watched, field) in [
        (vec![], "watched has 0 entries"),
        (vec![of("")], "watched[0].reference is empty"),
        (vec![of(&"r".repeat(65))], "watched[0].reference has 65 bytes"),
        (vec![of("one"), watched("M99", "two")], "watched[1].material_type is not in"),
        (vec![of("one"), nobody], "watched[1].subject is missing"),
        (vec![of("one"), watched("construction_contract", "two")], "watched[1] is about the same"),
        (vec![of("one"), alias.clone()], "watched[1] is about the same"),
        (vec![alias, of("two")], "watched[1] is about the same"),
    ] {
        let refused = material.watch_materials(request(watched, "")).await.unwrap_err();

        let got = (refused.code(), reason(&refused));
        assert_eq!(got, (Code::InvalidArgument, "INVALID_FIELD".to_owned()), "{field}");
        assert!(refused.message().starts_with(field), "{refused:?}");
    }
}
