//! Fetch: nothing wrong is ever released, and nothing leaves that is not on record.

use oncebus_proto::v1 as pb;
use oncebus_tests::{Document, Fault, TestBus, purpose, reason, receipt, request_id, subject};
use tonic::Code;

const MIB: usize = 1024 * 1024;

fn license() -> Document {
    Document::new("business_license", "L-1", "")
}

fn by_name(version: &str, offset: i64) -> pb::FetchMaterialRequest {
    pb::FetchMaterialRequest {
        version: version.to_owned(),
        offset,
        purpose: Some(purpose()),
        request_id: request_id(),
        ..Default::default()
    }
}

#[tokio::test]
async fn what_a_department_holds_is_found_registered_and_served() {
    let bus = TestBus::start().await;
    bus.adapter("market").hold("business_license", "L-1", "licence of a company");
    let client = bus.client("planning");

    let first = client.fetch(license().fetch()).await.unwrap();
    let second = client.fetch(license().fetch()).await.unwrap();

    assert_eq!(first.content, b"licence of a company");
    assert_eq!(first.messages, 1, "a small material comes in one message");
    assert_eq!(second.info.version, first.info.version);
    let calls = bus.adapter("market").calls();
    assert_eq!((calls.lookup, calls.fetch), (1, 1), "the holder was asked twice");
}

#[tokio::test]
async fn a_large_material_of_a_department_is_received_whole_before_its_first_byte_leaves() {
    let bus = TestBus::start().await;
    let content: Vec<u8> = (0..5 * MIB + 3).map(|at| (at * 7 % 253) as u8).collect();
    bus.adapter("market").hold("business_license", "L-1", content.clone());

    let fetched = bus.client("planning").fetch(license().fetch()).await.unwrap();
    bus.adapter("market").hold("business_license", "L-2", content.clone());
    bus.adapter("market").break_by(Fault::LastByte);
    let other = Document { number: "L-2".to_owned(), ..license() };
    let damaged = bus.client("planning").fetch(other.fetch()).await.unwrap_err();

    assert_eq!(fetched.content, content);
    assert_eq!(reason(&damaged), "DIGEST_MISMATCH");
    let records = bus.client("audit").outcomes("fetch").await;
    assert_eq!(records.last().unwrap().bytes_authorised, 0, "bytes were authorised");
}

#[tokio::test]
async fn a_fetch_goes_on_at_any_offset_of_a_named_version() {
    let bus = TestBus::start().await;
    let content: Vec<u8> = (0..MIB + 5).map(|at| (at % 241) as u8).collect();
    let document = Document::new("construction_contract", "C-1", content.clone());
    let published = bus.client("housing").publish(&document).await.unwrap();
    let version = published.info.unwrap().version;
    let client = bus.client("planning");

    for offset in [0, 1, 262_143, 262_144, 262_145, MIB, MIB + 4, MIB + 5] {
        let rest = client.fetch(by_name(&version, offset as i64)).await.unwrap();
        assert_eq!(rest.content, content[offset..], "at {offset}");
        let outcome = bus.client("audit").outcomes("fetch").await.pop().unwrap();
        assert_eq!(outcome.bytes_authorised as usize, content.len() - offset);
    }
    let beyond = client.fetch(by_name(&version, MIB as i64 + 6)).await.unwrap_err();
    let nameless = pb::FetchMaterialRequest { offset: 1, ..document.fetch() };
    let nameless = client.fetch(nameless).await.unwrap_err();

    assert_eq!((beyond.code(), reason(&beyond).as_str()), (Code::InvalidArgument, "INVALID_FIELD"));
    assert_eq!(reason(&nameless), "INVALID_FIELD");
}

#[tokio::test]
async fn a_holder_that_lies_releases_nothing_and_is_on_record() {
    let cases = [
        (Fault::OtherContent, "DIGEST_MISMATCH"),
        (Fault::LastByte, "DIGEST_MISMATCH"),
        (Fault::Short, "SIZE_MISMATCH"),
        (Fault::Long, "SIZE_MISMATCH"),
        (Fault::UnsafePath, "UNSAFE_PATH"),
        (Fault::Gone, "MATERIAL_NOT_FOUND"),
    ];
    let bus = TestBus::start().await;

    for (at, (fault, expected)) in cases.into_iter().enumerate() {
        // One of its own for each, as the one before is remembered.
        let document =
            Document::new("construction_contract", &format!("C-{at}"), vec![at as u8; 1000]);
        bus.client("housing").publish(&document).await.unwrap();
        bus.adapter("housing").break_by(fault);

        let refused = bus.client("planning").fetch(document.fetch()).await.unwrap_err();
        let outcome = bus.client("audit").outcomes("fetch").await.pop().unwrap();
        bus.adapter("housing").mend();
        let served = bus.client("planning").fetch(document.fetch()).await;

        assert_eq!(reason(&refused), expected, "{fault:?}");
        assert_eq!((outcome.outcome.as_str(), outcome.reason.as_str()), ("failed", expected));
        assert_eq!(receipt(&refused).unwrap().index, outcome.index);
        assert!(served.is_ok(), "the next call after {fault:?} was not served");
    }
}

#[tokio::test]
async fn a_stream_cut_after_its_first_byte_is_on_record_with_what_left() {
    let bus = TestBus::start().await;
    let document = Document::new("construction_contract", "C-1", vec![4; 2 * MIB]);
    bus.client("housing").publish(&document).await.unwrap();
    bus.adapter("housing").break_by(Fault::LastByte);

    let broken = bus.client("planning").fetch(document.fetch()).await.unwrap_err();

    assert_eq!(reason(&broken), "DIGEST_MISMATCH");
    let records = bus.client("audit").records().await;
    let aborted = records.iter().find(|record| record.kind == "aborted").unwrap();
    assert_eq!(aborted.bytes_authorised as usize, 2 * MIB - 262_144, "the damaged chunk left");
}

#[tokio::test]
async fn a_lookup_about_somebody_else_is_misbehaviour() {
    let bus = TestBus::start().await;
    bus.adapter("market").hold("business_license", "L-1", "licence");
    bus.adapter("market").break_by(Fault::OtherSubject);

    let refused = bus.client("planning").fetch(license().fetch()).await.unwrap_err();

    assert_eq!(reason(&refused), "ADAPTER_MISBEHAVED");
}

#[tokio::test]
async fn several_numbers_need_one_named() {
    let bus = TestBus::start().await;
    bus.adapter("market").hold("business_license", "L-1", "first");
    bus.adapter("market").hold("business_license", "L-2", "second");
    let client = bus.client("planning");
    let any = Document { number: String::new(), ..license() };

    let ambiguous = client.fetch(any.fetch()).await.unwrap_err();
    let one = client.fetch(license().fetch()).await.unwrap();
    let still = client.fetch(any.fetch()).await.unwrap_err();

    assert_eq!(reason(&ambiguous), "MATERIAL_AMBIGUOUS");
    assert_eq!(one.content, b"first");
    assert_eq!(reason(&still), "MATERIAL_AMBIGUOUS", "one fetch hid the other number");
}

#[tokio::test]
async fn a_changed_document_is_a_new_version_once_the_pointer_is_old() {
    let bus = TestBus::start().await;
    bus.adapter("market").hold("business_license", "L-1", "old form");
    let client = bus.client("planning");
    let old = client.fetch(license().fetch()).await.unwrap();
    bus.adapter("market").hold("business_license", "L-1", "new form");

    bus.clock.advance(jiff::SignedDuration::from_hours(2));
    let new = client.fetch(license().fetch()).await.unwrap();
    let get = pb::GetMaterialRequest {
        version: old.info.version.clone(),
        purpose: Some(purpose()),
        request_id: request_id(),
    };
    let back = client.material.clone().get_material(get).await.unwrap().into_inner();

    assert_eq!(new.content, b"new form");
    assert_ne!(new.info.version, old.info.version);
    assert!(!back.info.unwrap().current);
}

#[tokio::test]
async fn a_holder_that_is_away_is_named_and_nothing_is_guessed() {
    let bus = TestBus::start().await;
    let unknown = Document::new("business_license", "L-9", "");

    let nothing = bus.client("planning").fetch(unknown.fetch()).await.unwrap_err();

    assert_eq!((nothing.code(), reason(&nothing).as_str()), (Code::NotFound, "MATERIAL_NOT_FOUND"));
}

#[tokio::test]
async fn a_type_that_is_only_verified_never_leaves() {
    let bus = TestBus::start().await;
    let identity = Document::new("M02", "", "");

    let refused = bus.client("housing").fetch(identity.fetch()).await.unwrap_err();

    assert_eq!(reason(&refused), "VERIFY_ONLY");
    assert_eq!(bus.adapter_calls(), 0);
}

#[tokio::test]
async fn find_tells_what_is_held_and_moves_no_bytes() {
    let bus = TestBus::start().await;
    bus.adapter("market").hold("business_license", "L-2", "second");
    bus.adapter("market").hold("business_license", "L-1", "first");
    let mut material = bus.client("planning").material;
    let request = |page_size, page_token| pb::FindMaterialsRequest {
        material_type: "M01".to_owned(),
        subject: Some(subject()),
        number: String::new(),
        purpose: Some(purpose()),
        page_size,
        page_token,
        request_id: String::new(),
        ..Default::default()
    };

    let first = material.find_materials(request(1, String::new())).await.unwrap().into_inner();
    let token = first.next_page_token.clone();
    let second = material.find_materials(request(1, token.clone())).await.unwrap().into_inner();
    let changed = pb::FindMaterialsRequest { number: "L-2".to_owned(), ..request(1, token) };
    let changed = material.find_materials(changed).await.unwrap_err();

    let numbers = [&first, &second].map(|page| page.materials[0].number.clone());
    assert_eq!(numbers, ["L-1", "L-2"]);
    assert!(second.next_page_token.is_empty());
    assert_eq!(reason(&changed), "INVALID_FIELD", "a token was good for another filter");
    assert_eq!(bus.adapter("market").calls().fetch, 0);
}
