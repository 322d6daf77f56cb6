//! What was current on a day, as the bus knew it at its end in Shanghai; and what becomes current again.

use jiff::Timestamp;
use oncebus_core::Clock as _;
use oncebus_proto::v1 as pb;
use oncebus_tests::{Document, TestBus, Words, reason};
use pb::Validity::{NotInForce, Revoked, Undated, Unknown, Valid};
use tonic_types::StatusExt as _;

fn contract(content: &str, expected: &str) -> Document {
    let document = Document::new("construction_contract", "C-1", content.to_owned());
    Document { expected: expected.to_owned(), ..document }
}

fn at(bus: &TestBus, moment: &str) {
    let moment: Timestamp = moment.parse().unwrap();
    bus.clock.advance(moment.duration_since(bus.clock.now()));
}

/// What was current at the end of a day: version, verdict then, verdict now.
async fn as_of(bus: &TestBus, day: &str) -> Vec<(String, pb::Validity, pb::Validity)> {
    let found = bus.client("planning").find_as_of("M23", day).await.unwrap();
    let said = |info: pb::MaterialInfo| {
        let (then, now) = (info.then.as_ref().unwrap().validity(), info.validity());
        (info.version, then, now)
    };
    found.into_iter().map(said).collect()
}

#[tokio::test]
async fn a_day_in_shanghai_tells_what_the_bus_knew_at_its_end() {
    let bus = TestBus::start().await;
    let housing = bus.client("housing");
    at(&bus, "2026-03-10T15:59:59Z");
    let old = housing.publish(&contract("old", "")).await.unwrap().info.unwrap().version;
    // The first moment of the 12th in Shanghai.
    at(&bus, "2026-03-11T16:00:00Z");
    let new = housing.publish(&contract("new", &old)).await.unwrap().info.unwrap().version;
    at(&bus, "2026-03-14T02:00:00Z");
    housing.revoke(&new).await.unwrap();
    at(&bus, "2026-03-15T02:00:00Z");

    let days = ["2026-03-09", "2026-03-10", "2026-03-11", "2026-03-12", "2026-03-13", "2026-03-14"];
    let mut told = Vec::new();
    for day in days {
        told.push(as_of(&bus, day).await);
    }
    let today = as_of(&bus, "2026-03-15").await;
    let now = bus.client("planning").find("M23").await.unwrap();

    assert_eq!(told[0], []);
    assert_eq!(told[1], [(old.clone(), Undated, Undated)]);
    assert_eq!(told[2], told[1]);
    assert_eq!(told[3], [(new.clone(), Undated, Revoked)]);
    assert_eq!(told[4], told[3]);
    assert_eq!(told[5], [(new.clone(), Revoked, Revoked)]);
    assert_eq!(today, told[5]);
    assert_eq!((now[0].version.as_str(), &now[0].then), (&*new, &None));
    let refused = bus.client("planning").fetch_version(&new).await.unwrap_err();
    assert_eq!(reason(&refused), "VERSION_REVOKED");
}

#[tokio::test]
async fn a_status_is_told_as_it_was_then_and_a_live_one_is_unknown() {
    let bus = TestBus::start().await;
    let (planning, market) = (bus.client("planning"), bus.adapter("market"));
    let suspended = Words { status: "02", ..Words::default() };
    at(&bus, "2026-03-10T02:00:00Z");
    for code in ["project_filing_certificate", "business_license"] {
        market.hold(code, "N-1", "content");
        planning.fetch(Document::new(code, "N-1", "content").fetch()).await.unwrap();
        market.hold_as(code, "N-1", "content", suspended);
    }
    at(&bus, "2026-03-12T02:00:00Z");
    for code in ["project_filing_certificate", "business_license"] {
        planning.find(code).await.unwrap();
    }
    let asked = market.calls().lookup;

    let mut told = Vec::new();
    for code in ["project_filing_certificate", "business_license"] {
        for day in ["2026-03-11", "2026-03-12"] {
            let found = planning.find_as_of(code, day).await.unwrap().remove(0);
            let then = found.then.unwrap();
            told.push((then.validity(), then.status, found.status));
        }
    }

    let (valid, suspended) = ("01".to_owned(), "02".to_owned());
    let expected = [
        (Valid, valid.clone(), suspended.clone()),
        (NotInForce, suspended.clone(), suspended.clone()),
        (Unknown, valid, suspended.clone()),
        (Unknown, suspended.clone(), suspended),
    ];
    assert_eq!(told, expected);
    assert_eq!(market.calls().lookup, asked, "somebody was asked about the past");
}

#[tokio::test]
async fn a_day_that_is_to_come_and_one_that_is_none_are_refused() {
    let bus = TestBus::start().await;
    // Already the 3rd in Shanghai.
    at(&bus, "2026-03-02T16:00:00Z");
    let planning = bus.client("planning");

    planning.find_as_of("M23", "2026-03-03").await.unwrap();
    for day in ["2026-03-04", "2026-02-29", "yesterday"] {
        let refused = planning.find_as_of("M23", day).await.unwrap_err();

        let info = refused.get_details_error_info().unwrap();
        assert_eq!(
            (info.reason.as_str(), info.metadata["field"].as_str()),
            ("INVALID_FIELD", "as_of")
        );
    }
}

#[tokio::test]
async fn an_older_content_conflicts_unless_the_current_version_is_named_and_then_is_current_again()
{
    let bus = TestBus::start().await;
    let housing = bus.client("housing");
    at(&bus, "2026-03-10T02:00:00Z");
    let old = housing.publish(&contract("old", "")).await.unwrap().info.unwrap().version;
    at(&bus, "2026-03-11T02:00:00Z");
    let new = housing.publish(&contract("new", &old)).await.unwrap().info.unwrap().version;
    at(&bus, "2026-03-12T02:00:00Z");

    let conflict = housing.publish(&contract("old", "")).await.unwrap_err();
    let again = housing.publish(&contract("old", &new)).await.unwrap();

    assert_eq!(reason(&conflict), "VERSION_CONFLICT");
    let facts = conflict.get_details_error_info().unwrap().metadata;
    assert_eq!(facts["current_version"], new);
    let info = again.info.unwrap();
    assert_eq!((info.version.as_str(), info.current, again.already_held), (&*old, true, false));
    let fetched = bus.client("planning").fetch(contract("old", "").fetch()).await.unwrap();
    assert_eq!(fetched.content, b"old");
    let days = ["2026-03-10", "2026-03-11", "2026-03-12"];
    for (day, version) in days.into_iter().zip([&old, &new, &old]) {
        assert_eq!(as_of(&bus, day).await[0].0, *version, "{day}");
    }
}
