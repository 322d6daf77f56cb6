//! Batches: one condition, many subjects, a verdict for each and nothing else.

use std::{collections::HashSet, time::Duration};

use jiff::SignedDuration;
use oncebus_proto::v1 as pb;
use oncebus_tests::{Client, Fault, TestBus, proof, purpose, reason, receipt, request_id};
use tokio::task::yield_now;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

/// A type that is only verified, and personal.
const IDENTITY: &str = "legal_rep_identity";

fn about(number: usize) -> pb::Subject {
    pb::Subject { scheme: "license".to_owned(), value: format!("L{number:06}") }
}

fn entry(number: usize) -> pb::BatchEntry {
    pb::BatchEntry { reference: format!("row {number}"), subject: Some(about(number)) }
}

fn batch(material_type: &str, many: usize, claims: &[(&str, &str)]) -> pb::BatchVerifyRequest {
    let claim = |(field, value): &(&str, &str)| pb::Claim {
        field: (*field).to_owned(),
        value: (*value).to_owned(),
    };
    pb::BatchVerifyRequest {
        material_type: material_type.to_owned(),
        entries: (0..many).map(entry).collect(),
        claims: claims.iter().map(claim).collect(),
        purpose: Some(purpose()),
        request_id: request_id(),
    }
}

async fn verify(
    client: &Client,
    request: pb::BatchVerifyRequest,
) -> Result<pb::BatchVerifyResponse, Status> {
    Ok(client.material.clone().batch_verify(request).await?.into_inner())
}

fn verdicts(answer: &pb::BatchVerifyResponse) -> Vec<pb::Verdict> {
    answer.verdicts.iter().map(pb::BatchVerdict::verdict).collect()
}

/// A bus whose market knows of every third subject below 1,000 that it is `poor`.
async fn bus(tables: &str) -> TestBus {
    let bus = TestBus::builder().tables(tables).start().await;
    for number in (0..1_000).step_by(3) {
        bus.adapter("market").know(IDENTITY, &about(number).value, &[("poor", "true")]);
    }
    bus
}

#[tokio::test]
async fn each_subject_has_a_verdict_and_a_record_of_its_own_under_one_intent() {
    let bus = bus("").await;

    let answer = verify(&bus.client("planning"), batch(IDENTITY, 10, &[("poor", "true")])).await;
    let answer = answer.unwrap();
    let records = bus.client("audit").records().await;

    for (number, one) in answer.verdicts.iter().enumerate() {
        let expected = if number % 3 == 0 { pb::Verdict::Match } else { pb::Verdict::NoMatch };
        assert_eq!((one.reference.clone(), one.verdict()), (format!("row {number}"), expected));
        let record = records.iter().find(|record| record.index == one.index).unwrap();
        assert_eq!(
            (record.operation.as_str(), record.outcome.as_str()),
            ("batch_verify", "served")
        );
        assert_eq!(record.bundle, answer.bundle);
        let sealed = bus.unsealed(record).unwrap();
        assert_eq!(sealed.subject.unwrap().value(), about(number).value);
        assert_eq!(sealed.claims, Some(vec!["poor".to_owned()]));
    }
    let given = answer.receipt.as_ref().unwrap();
    proof(given).verify(bus.verifier()).unwrap();
    assert_eq!(given.index, answer.verdicts[9].index);
    let intents: Vec<_> = records.iter().filter(|record| record.kind == "intent").collect();
    let [intent] = &intents[..] else { panic!("one Intent for all: {intents:?}") };
    assert_eq!(intent.bundle, answer.bundle);
    assert!(records.iter().all(|record| record.intent.is_none_or(|index| index == intent.index)));
    assert_eq!(bus.adapter("market").calls().verify, 10);
    assert!(!format!("{answer:?}").contains("L00000"), "a subject is in the answer");
}

#[tokio::test]
async fn a_report_on_a_subject_finds_the_batch_that_asked_for_it() {
    let bus = bus("").await;
    let answer = verify(&bus.client("planning"), batch(IDENTITY, 5, &[("poor", "true")])).await;
    let answer = answer.unwrap();

    let request = pb::GetSubjectReportRequest { subject: Some(about(3)), ..Default::default() };
    let report = bus.client("audit").audit.get_subject_report(request).await.unwrap().into_inner();

    let found: Vec<_> = report.records.iter().map(|record| record.index).collect();
    assert_eq!(found, [answer.verdicts[3].index]);
}

#[tokio::test]
async fn one_holder_is_asked_about_32_at_a_time_by_all_batches() {
    let bus = bus("").await;
    bus.adapter("market").hang();
    let start = |department| {
        let client = bus.client(department);
        tokio::spawn(async move { verify(&client, batch(IDENTITY, 100, &[])).await })
    };
    let first = start("planning");
    bus.adapter("market").hanging(32).await;
    let second = start("housing");
    while bus.gateway().calls_in_flight() < 2 {
        yield_now().await;
    }
    // Calls that come later end: the second batch would have asked by now.
    for _ in 0..5 {
        verify(&bus.client("market"), batch("M23", 1, &[])).await.unwrap();
    }

    bus.adapter("market").answer();
    for batch in [first, second] {
        let known = batch.await.unwrap().unwrap();
        let matches = verdicts(&known).iter().filter(|one| **one == pb::Verdict::Match).count();
        assert_eq!(matches, 34, "no claim asks whether there is a record");
    }

    assert_eq!(bus.adapter("market").verifying_most(), 32);
    assert_eq!(bus.adapter("market").calls().verify, 200);
}

#[tokio::test]
async fn a_batch_without_claims_asks_who_holds_a_good_one() {
    let bus = bus("").await;
    bus.adapter("market").hold("business_license", "L-1", "licence");

    let held = verify(&bus.client("planning"), batch("M01", 3, &[])).await.unwrap();
    let nothing = verify(&bus.client("planning"), batch("M04", 3, &[])).await.unwrap();

    assert_eq!(verdicts(&held), [pb::Verdict::Match; 3]);
    assert_eq!(verdicts(&nothing), [pb::Verdict::NoMatch; 3]);
    assert_eq!(bus.adapter("market").calls().fetch, 0);
}

#[tokio::test]
async fn a_thousand_subjects_fit_into_one_call_and_ask_no_adapter_where_none_is_needed() {
    let bus = bus("").await;
    let mut request = batch("M23", 1_000, &[("number", "C-1")]);
    request.entries.iter_mut().for_each(|entry| entry.reference = "r".repeat(64));

    let answer = verify(&bus.client("planning"), request).await.unwrap();

    assert_eq!(verdicts(&answer), [pb::Verdict::NoMatch; 1_000]);
    let indices: HashSet<_> = answer.verdicts.iter().map(|one| one.index).collect();
    assert_eq!(indices.len(), 1_000);
    let records = bus.client("audit").records().await;
    assert_eq!(records.iter().filter(|record| record.bundle == answer.bundle).count(), 1_000);
    assert!(records.iter().all(|record| record.kind != "intent"), "what asks nobody has none");
}

#[tokio::test]
async fn a_holder_that_is_away_leaves_every_subject_unknown_and_the_records_say_why() {
    let bus = bus("").await;
    bus.adapter("market").break_by(Fault::Away);

    let answer = verify(&bus.client("planning"), batch(IDENTITY, 3, &[("poor", "true")])).await;

    let answer = answer.unwrap();
    assert_eq!(verdicts(&answer), [pb::Verdict::Unknown; 3]);
    let outcomes = bus.client("audit").outcomes("batch_verify").await;
    assert_eq!(outcomes.len(), 3);
    for outcome in outcomes {
        let ended = (outcome.outcome.as_str(), outcome.reason.as_str());
        assert_eq!(ended, ("failed", "ADAPTER_UNAVAILABLE"));
    }
}

#[tokio::test]
async fn what_a_slow_holder_does_not_answer_in_time_is_unknown_and_the_rest_is_told() {
    let bus = bus("").await;
    bus.adapter("market").hang_after(5);
    let mut request = Request::new(batch(IDENTITY, 40, &[("poor", "true")]));
    request.set_timeout(Duration::from_secs(2));

    let answer = bus.client("planning").material.batch_verify(request).await.unwrap().into_inner();

    let found = verdicts(&answer);
    assert_eq!(found.iter().filter(|one| **one == pb::Verdict::Unknown).count(), 35);
    assert_eq!(found.len(), 40);
    let outcomes = bus.client("audit").outcomes("batch_verify").await;
    let late = outcomes.iter().filter(|outcome| outcome.reason == "DEADLINE").count();
    assert_eq!((outcomes.len(), late), (40, 35));
}

#[tokio::test]
async fn subjects_have_a_quota_of_their_own_which_says_when_to_come_back() {
    let tables = "[limits]\nbatch_subjects_per_minute = 10\nbatch_subjects_per_day = 25\n";
    let bus = bus(tables).await;
    let client = bus.client("planning");
    let send = |many| verify(&client, batch("M23", many, &[("number", "C-1")]));

    send(10).await.unwrap();
    let minute = send(2).await.unwrap_err();
    let other = verify(&bus.client("housing"), batch("M23", 10, &[])).await;
    bus.clock.advance(SignedDuration::from_secs(60));
    let too_many = send(11).await.unwrap_err();
    send(10).await.unwrap();
    bus.clock.advance(SignedDuration::from_secs(60));
    let day = send(10).await.unwrap_err();

    for (refused, limit) in [(&minute, "10 subjects a minute"), (&day, "25 subjects a day")] {
        assert_eq!((refused.code(), &*reason(refused)), (Code::ResourceExhausted, "OVERLOADED"));
        assert!(refused.message().contains(limit), "{refused:?}");
    }
    let delay = |status: &Status| status.get_details_retry_info().unwrap().retry_delay.unwrap();
    assert_eq!(delay(&minute), Duration::from_secs(12), "two come back in twelve seconds");
    assert!(delay(&day) > Duration::from_secs(3_600), "{:?}", delay(&day));
    assert_eq!(reason(&too_many), "OVERLOADED");
    assert!(other.is_ok(), "another department's: {other:?}");
    let outcomes = bus.client("audit").outcomes("batch_verify").await;
    let refused = outcomes.iter().filter(|outcome| outcome.reason == "OVERLOADED");
    assert_eq!(refused.count(), 3, "one record of each refused batch");
}

#[tokio::test]
async fn a_batch_that_is_refused_is_one_record_and_asks_nobody() {
    let bus = bus("").await;
    bus.adapter("market").break_by(Fault::CannotVerify);

    let denied = verify(&bus.client("audit"), batch(IDENTITY, 50, &[])).await.unwrap_err();
    let cannot = verify(&bus.client("planning"), batch(IDENTITY, 50, &[])).await.unwrap_err();

    let outcomes = bus.client("audit").outcomes("batch_verify").await;
    let told = [(&denied, "ACCESS_DENIED"), (&cannot, "VERIFICATION_UNSUPPORTED")];
    assert_eq!(outcomes.len(), told.len());
    for ((status, expected), outcome) in told.into_iter().zip(&outcomes) {
        assert_eq!((&*reason(status), outcome.reason.as_str()), (expected, expected));
        assert_eq!(receipt(status).unwrap().index, outcome.index);
    }
    assert_eq!(bus.adapter_calls(), 0);
}

#[tokio::test]
async fn a_batch_that_is_malformed_is_refused_naming_entry_and_field() {
    let bus = bus("").await;
    let client = bus.client("planning");
    let with = |entry: pb::BatchEntry| {
        let mut request = batch(IDENTITY, 2, &[]);
        request.entries[1] = entry;
        request
    };
    let long = pb::BatchEntry { reference: "r".repeat(65), ..entry(1) };
    let nobody = pb::BatchEntry { subject: None, ..entry(1) };
    let cases = [
        ("entries", batch(IDENTITY, 0, &[])),
        ("entries", batch(IDENTITY, 1_001, &[])),
        ("entries[1].reference", with(long)),
        ("entries[1].subject", with(nobody)),
        ("claims[0].field", batch("M23", 1, &[("price", "9")])),
    ];

    for (field, request) in cases {
        let refused = verify(&client, request).await.unwrap_err();

        assert_eq!(reason(&refused), "INVALID_FIELD");
        assert!(refused.message().starts_with(&format!("{field} ")), "{refused:?}");
    }
    assert!(bus.client("audit").outcomes("batch_verify").await.is_empty());
}
