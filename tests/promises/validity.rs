//! Whether what is held is good: judged anew in every answer, at the bus's own clock.

use jiff::SignedDuration;
use oncebus_proto::v1 as pb;
use oncebus_tests::{Document, TestBus, Words};
use pb::Validity::{
    Expired, Expiring, Lapsed, NotInForce, NotYetValid, Outdated, Undated, Unknown, Valid,
    ValidIfStarted,
};

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
            assert_eq!((info.status.as_str(), info.validity()), (status, NotInForce));
        }
    }
    bus.adapter("market").hold("business_license", "L-1", "a licence");
    bus.clock.advance(DAY);
    let found = planning.find("business_license").await.unwrap();
    assert_eq!((found[0].status.as_str(), found[0].validity()), ("01", Valid));
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
        assert_eq!(info.validity(), NotInForce);
    }
}

#[tokio::test]
async fn of_several_documents_each_has_its_own_status() {
    let bus = TestBus::start().await;
    let (planning, market) = (bus.client("planning"), bus.adapter("market"));
    market.hold("business_license", "L-1", "a licence");
    market.hold("business_license", "L-2", "another licence");
    let version = planning.fetch(licence().fetch()).await.unwrap().info.version;
    // What is remembered of it by its name says that it is in force.
    planning.get(&version).await.unwrap();
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
        assert_eq!(said, ("long_term", Valid), "{valid_until}");
    }
}

/// Moves the clock to noon of a day in Shanghai.
fn noon(bus: &TestBus, day: &str) {
    let noon: jiff::Timestamp = format!("{day}T04:00:00Z").parse().unwrap();
    bus.clock.advance(noon.duration_since(oncebus_core::Clock::now(&*bus.clock)));
}

/// Holds a document of a type as `words` say, and tells how it is found on each of the days.
async fn found_on(
    (department, code): (&'static str, &str),
    words: Words,
    days: &[&str],
) -> Vec<(pb::Validity, String)> {
    let bus = TestBus::start().await;
    bus.adapter(department).hold_as(code, "N-1", "content", words);
    let mut told = Vec::new();
    for day in days {
        noon(&bus, day);
        let found = bus.client("planning").find(code).await.unwrap();
        told.push((found[0].validity(), found[0].valid_until.clone()));
    }
    told
}

fn said(told: &[(pb::Validity, String)]) -> Vec<(pb::Validity, &str)> {
    told.iter().map(|(validity, until)| (*validity, until.as_str())).collect()
}

const ISSUED: Words = Words { status: "", valid_until: "", issued: "2026-03-10", media_type: "" };
const OFD: Words = Words { media_type: "application/ofd", ..ISSUED };

#[tokio::test]
async fn a_fixed_end_comes_from_the_types_period_where_the_document_names_none() {
    let days = ["2026-03-09", "2026-03-10", "2029-02-07", "2029-02-08", "2029-03-10", "2029-03-11"];

    let usual = found_on(("housing", "safety_production_license"), OFD, &days).await;
    let named = Words { valid_until: "2026-12-31", ..OFD };
    let named = found_on(("housing", "safety_production_license"), named, &["2027-01-01"]).await;
    let silent = found_on(("planning", "land_planning_permit"), OFD, &["2026-03-10"]).await;

    let end = "2029-03-10";
    assert_eq!(
        said(&usual),
        [
            (NotYetValid, end),
            (Valid, end),
            (Valid, end),
            (Expiring, end),
            (Expiring, end),
            (Expired, end)
        ]
    );
    assert_eq!(said(&named), [(Expired, "2026-12-31")]);
    assert_eq!(said(&silent), [(Undated, "")]);
}

#[tokio::test]
async fn what_must_start_lapses_unless_it_is_known_to_have_started() {
    let permit = ("housing", "construction_permit");

    let told = found_on(permit, OFD, &["2026-06-10", "2026-06-11"]).await;
    let extended = Words { valid_until: "2026-09-10", ..OFD };
    let extended = found_on(permit, extended, &["2026-09-10", "2026-09-11"]).await;
    let endless = Words { valid_until: "2030-01-01", ..OFD };
    let endless = found_on(permit, endless, &["2026-12-10", "2026-12-11"]).await;

    let (usual, longer, most) = ("2026-06-10", "2026-09-10", "2026-12-10");
    assert_eq!(said(&told), [(ValidIfStarted, usual), (Lapsed, usual)]);
    assert_eq!(said(&extended), [(ValidIfStarted, longer), (Lapsed, longer)]);
    assert_eq!(
        said(&endless),
        [(ValidIfStarted, most), (Lapsed, most)],
        "law allows two extensions"
    );
}

#[tokio::test]
async fn what_is_open_until_changed_stays_good() {
    let told =
        found_on(("market", "project_filing_certificate"), ISSUED, &["2026-03-10", "2096-03-10"]);

    assert_eq!(said(&told.await), [(Valid, ""), (Valid, "")]);
}

#[tokio::test]
async fn a_contract_ends_with_its_term_and_a_day_ends_in_shanghai() {
    let bus = TestBus::start().await;
    let contract = Document::new("construction_contract", "C-1", "a contract");
    let begin =
        pb::BeginPublishRequest { valid_until: "2026-04-30".to_owned(), ..contract.begin() };
    bus.client("housing").publish_as(&contract, begin).await.unwrap();
    let planning = bus.client("planning");

    let mut told = Vec::new();
    for moment in [
        "2026-03-30T15:59:59Z",
        "2026-03-30T16:00:00Z",
        "2026-04-30T15:59:59Z",
        "2026-04-30T16:00:00Z",
    ] {
        let moment: jiff::Timestamp = moment.parse().unwrap();
        bus.clock.advance(moment.duration_since(oncebus_core::Clock::now(&*bus.clock)));
        told.push(planning.fetch(contract.fetch()).await.unwrap().info.validity());
    }

    assert_eq!(told, [Valid, Expiring, Expiring, Expired]);
}

#[tokio::test]
async fn a_live_status_counts_for_its_age_then_is_unknown_until_it_is_asked_for_again() {
    let bus = TestBus::start().await;
    let (planning, market) = (bus.client("planning"), bus.adapter("market"));
    let words = Words { valid_until: "长期", ..ISSUED };
    market.hold_as("business_license", "L-1", "a licence", words);
    bus.clock.advance(SignedDuration::from_hours(24 * 10));
    let version = planning.fetch(licence().fetch()).await.unwrap().info.version;
    let lookups = market.calls().lookup;

    let within = planning.get(&version).await.unwrap();
    bus.clock.advance(SignedDuration::from_secs(300));
    let after = planning.get(&version).await.unwrap();
    let asked = planning.find("business_license").await.unwrap();
    let again = planning.get(&version).await.unwrap();

    assert_eq!((within.validity(), after.validity()), (Valid, Unknown));
    assert_eq!((asked[0].validity(), again.validity()), (Valid, Valid));
    assert_eq!(market.calls().lookup, lookups + 1, "the holder was not asked again, once");
}

#[tokio::test]
async fn what_is_bound_is_outdated_once_another_version_of_that_is_issued() {
    let bus = TestBus::start().await;
    let (planning, market) = (bus.client("planning"), bus.client("market"));
    let permit = Document::new("engineering_planning_permit", "P-1", "a permit");
    let words = |issued| Words { issued, valid_until: "2027-12-31", ..Words::default() };
    let ofd = |issued| Words { media_type: "application/ofd", ..words(issued) };
    bus.adapter("planning").hold_as(
        "engineering_planning_permit",
        "P-1",
        "a permit",
        ofd("2026-01-01"),
    );
    bus.adapter("housing").hold_as(
        "civil_defence_opinion",
        "D-1",
        "an opinion",
        words("2026-01-15"),
    );
    planning.fetch(permit.fetch()).await.unwrap();
    let before = market.find("civil_defence_opinion").await.unwrap();

    bus.adapter("planning").hold_as(
        "engineering_planning_permit",
        "P-1",
        "a newer permit",
        ofd("2026-02-01"),
    );
    bus.clock.advance(DAY);
    planning.fetch(permit.fetch()).await.unwrap();
    let after = market.find("civil_defence_opinion").await.unwrap();
    bus.adapter("housing").hold_as(
        "civil_defence_opinion",
        "D-1",
        "a newer opinion",
        words("2026-02-02"),
    );
    bus.clock.advance(DAY);
    let renewed = market.find("civil_defence_opinion").await.unwrap();

    let verdicts = [before, after, renewed].map(|found| found[0].validity());
    assert_eq!(verdicts, [Valid, Outdated, Valid]);
}

#[tokio::test]
async fn what_is_bound_to_itself_is_outdated_once_it_is_superseded() {
    let bus = TestBus::start().await;
    let housing = bus.client("housing");
    let survey = Document::new("geotech_survey_report", "S-1", "a survey");
    let old = housing.publish(&survey).await.unwrap().info.unwrap();
    let newer = Document { expected: old.version.clone(), content: "a newer one".into(), ..survey };
    let new = housing.publish(&newer).await.unwrap().info.unwrap();

    let old = bus.client("planning").fetch_version(&old.version).await.unwrap().info;

    assert_eq!((old.validity(), new.validity()), (Outdated, Valid));
}

#[tokio::test]
async fn relations_are_part_of_a_version_and_name_versions_that_there_are() {
    let bus = TestBus::start().await;
    let housing = bus.client("housing");
    let contract = Document::new("construction_contract", "C-1", "a contract");
    let about = housing.publish(&contract).await.unwrap().info.unwrap().version;
    let annex = Document::new("construction_contract", "C-2", "an annex");
    let relation = |version: &str| pb::Relation {
        kind: pb::RelationKind::AnnexOf.into(),
        version: version.to_owned(),
    };
    let begin = |relations| pb::BeginPublishRequest { relations, ..annex.begin() };

    let related = housing.publish_as(&annex, begin(vec![relation(&about)])).await.unwrap();
    let unknown = format!("{}{}", &about[..about.len() - 64], "0".repeat(64));
    let faults = [
        ("relations.version", vec![relation(&unknown)]),
        ("relations.version", vec![relation("contract")]),
        ("relations.kind", vec![pb::Relation { kind: 0, ..relation(&about) }]),
        ("relations", vec![relation(&about); 2]),
        (
            "relations",
            (0..17)
                .map(|at| relation(&format!("{}{at:064}", &about[..about.len() - 64])))
                .collect(),
        ),
    ];

    let related = related.info.unwrap();
    assert_eq!(related.relations, [relation(&about)]);
    assert_eq!(
        bus.client("planning").get(&related.version).await.unwrap().relations,
        [relation(&about)]
    );
    for (field, relations) in faults {
        let refused = housing.publish_as(&annex, begin(relations)).await.unwrap_err();
        let info = tonic_types::StatusExt::get_details_error_info(&refused).unwrap();
        assert_eq!(
            (info.reason.as_str(), info.metadata["field"].as_str()),
            ("INVALID_FIELD", field)
        );
    }
}
