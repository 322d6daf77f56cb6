//! Whether what is held is good: judged anew in every answer, at the bus's own clock.

use jiff::SignedDuration;
use oncebus_proto::v1 as pb;
use oncebus_tests::{Document, TestBus, Words};

const DAY: SignedDuration = SignedDuration::from_hours(25);

fn licence() -> Document {
    Document::new("business_license", "L-1", "a licence")
}

#[tokio::test]
async fn what_is_not_in_force_is_never_told_as_good_before_or_after_its_first_fetch() {
    let bus = TestBus::start().await;
    let planning = bus.client("planning");
    let codes = ["02", "03", "04", "05", "06", "07", "99"];

    for status in codes {
        let words = Words { status, ..Words::default() };
        bus.adapter("market").hold_as("business_license", "L-1", "a licence", words);
        bus.clock.advance(DAY);

        let found = planning.find("business_license").await.unwrap();
        let fetched = planning.fetch(licence().fetch()).await.unwrap().info;
        let got = planning.get(&fetched.version).await.unwrap();

        for info in [&found[0], &fetched, &got] {
            assert_eq!((info.status.as_str(), info.validity()), (status, pb::Validity::NotInForce));
        }
    }
    bus.adapter("market").hold("business_license", "L-1", "a licence");
    bus.clock.advance(DAY);
    let found = planning.find("business_license").await.unwrap();
    assert_eq!((found[0].status.as_str(), found[0].validity()), ("01", pb::Validity::Valid));
}

#[tokio::test]
async fn a_status_that_a_lookup_tells_is_seen_by_every_call_and_makes_no_version() {
    let bus = TestBus::start().await;
    let (planning, market) = (bus.client("planning"), bus.adapter("market"));
    market.hold("business_license", "L-1", "a licence");
    let version = planning.fetch(licence().fetch()).await.unwrap().info.version;
    planning.get(&version).await.unwrap();
    let suspended = Words { status: "02", ..Words::default() };
    market.hold_as("business_license", "L-1", "a licence", suspended);
    bus.clock.advance(DAY);

    let found = bus.client("housing").find("business_license").await.unwrap();
    let got = planning.get(&version).await.unwrap();
    let named = planning.fetch_version(&version).await.unwrap().info;
    let current = planning.fetch(licence().fetch()).await.unwrap().info;

    for info in [&found[0], &got, &named, &current] {
        assert_eq!((info.status.as_str(), info.version.as_str()), ("02", &*version));
        assert_eq!(info.validity(), pb::Validity::NotInForce);
    }
}

#[tokio::test]
async fn of_several_documents_each_has_its_own_status() {
    let bus = TestBus::start().await;
    let (planning, market) = (bus.client("planning"), bus.adapter("market"));
    market.hold("business_license", "L-1", "a licence");
    market.hold("business_license", "L-2", "another licence");
    let version = planning.fetch(licence().fetch()).await.unwrap().info.version;
    let suspended = Words { status: "02", ..Words::default() };
    market.hold_as("business_license", "L-1", "a licence", suspended);
    bus.clock.advance(DAY);

    let found = planning.find("business_license").await.unwrap();
    let got = planning.get(&version).await.unwrap();

    let statuses: Vec<_> = found.iter().map(|info| info.status.as_str()).collect();
    assert_eq!((statuses, got.status.as_str()), (vec!["02", "01"], "02"));
}

#[tokio::test]
async fn every_spelling_of_without_end_is_long_term() {
    let bus = TestBus::start().await;
    let planning = bus.client("planning");

    for valid_until in ["长期", "9999-01-01", "2099-12-31", "long_term"] {
        let words = Words { valid_until, ..Words::default() };
        bus.adapter("market").hold_as("business_license", "L-1", "a licence", words);
        bus.clock.advance(DAY);

        let found = planning.find("business_license").await.unwrap();

        let said = (found[0].valid_until.as_str(), found[0].validity());
        assert_eq!(said, ("long_term", pb::Validity::Valid), "{valid_until}");
    }
}
