//! Revoked is for ever: nobody is given the version as good, and who was is known.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use jiff::SignedDuration;
use oncebus_proto::v1 as pb;
use oncebus_tests::{Document, TestBus, purpose, reason, receipt, request_id};
use tokio::{sync::mpsc, time::timeout};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

const MIB: usize = 1024 * 1024;

fn contract(content: impl Into<bytes::Bytes>) -> Document {
    Document::new("construction_contract", "C-1", content)
}

/// Starts a bus with a contract, and says which version that is.
async fn bus_with(document: &Document) -> (TestBus, String) {
    let bus = TestBus::start().await;
    let published = bus.client("housing").publish(document).await.unwrap();
    (bus, published.info.unwrap().version)
}

fn assert_revoked(refused: &Status) {
    assert_eq!(
        (refused.code(), reason(refused).as_str()),
        (Code::FailedPrecondition, "VERSION_REVOKED"),
        "{refused:?}"
    );
}

fn request(version: &str) -> pb::RevokeMaterialRequest {
    pb::RevokeMaterialRequest {
        version: version.to_owned(),
        reason: pb::Revocation::Error.into(),
        note: "file 7 of the court".to_owned(),
        purpose: Some(purpose()),
        request_id: request_id(),
    }
}

#[tokio::test]
async fn what_is_revoked_leaves_neither_by_name_nor_as_current_and_is_shown_as_such() {
    let document = contract("a contract");
    let (bus, version) = bus_with(&document).await;
    let planning = bus.client("planning");
    planning.fetch(document.fetch()).await.unwrap();
    planning.fetch_version(&version).await.unwrap();
    planning.find("M23").await.unwrap();
    let before = planning.get(&version).await.unwrap();

    let revoked = bus.client("housing").revoke(&version).await.unwrap().info.unwrap();

    for refused in [
        planning.fetch(document.fetch()).await.unwrap_err(),
        planning.fetch_version(&version).await.unwrap_err(),
        bus.client("housing").fetch_version(&version).await.unwrap_err(),
    ] {
        assert_revoked(&refused);
        assert!(receipt(&refused).is_some(), "the refusal is not on record");
        let facts = refused.get_details_error_info().unwrap().metadata;
        assert_eq!((facts["version"].as_str(), facts["revocation"].as_str()), (&*version, "FRAUD"));
    }
    let found = planning.find("M23").await.unwrap();
    let got = planning.get(&version).await.unwrap();
    assert_eq!(found.len(), 1);
    for info in [&revoked, &found[0], &got] {
        let said = (info.validity(), info.revocation(), info.current);
        assert_eq!(said, (pb::Validity::Revoked, pb::Revocation::Fraud, true));
        assert_eq!(info.revoked_at.unwrap().seconds, 1_772_442_000);
    }
    assert_eq!((before.validity(), before.revoked_at), (pb::Validity::Undated, None));
}

#[tokio::test]
async fn earlier_recipients_are_listed_with_the_last_time_and_how_often() {
    let document = contract("a contract");
    let (bus, version) = bus_with(&document).await;
    let (planning, market) = (bus.client("planning"), bus.client("market"));
    planning.fetch(document.fetch()).await.unwrap();
    planning.fetch_version(&version).await.unwrap();
    bus.clock.advance(SignedDuration::from_secs(60));
    market.fetch_version(&version).await.unwrap();
    planning.get(&version).await.unwrap();

    let answer = bus.client("housing").revoke(&version).await.unwrap();
    let refused = planning.fetch_version(&version).await.unwrap_err();
    let again = bus.client("housing").revoke(&version).await.unwrap();

    assert_revoked(&refused);
    for answer in [&answer, &again] {
        let recipients: Vec<_> = answer
            .recipients
            .iter()
            .map(|r| (r.department.as_str(), r.last_time.unwrap().seconds, r.fetches))
            .collect();
        assert_eq!(recipients, [("market", 1_772_442_060, 1), ("planning", 1_772_442_000, 2)]);
        assert!(answer.recipients[0].system.ends_with("/dept/market/system/test"));
        assert!(!answer.more_recipients);
        assert!(answer.receipt.as_ref().unwrap().index < answer.complete_to);
    }
}

#[tokio::test]
async fn recipients_of_a_personal_type_are_found_by_its_subject() {
    let document = Document::new("agent_authorization", "A-1", "in whose name");
    let (bus, version) = bus_with(&document).await;
    bus.client("planning").fetch(document.fetch()).await.unwrap();
    bus.client("market").fetch_version(&version).await.unwrap();

    let answer = bus.client("housing").revoke(&version).await.unwrap();

    let mut departments: Vec<_> =
        answer.recipients.iter().map(|recipient| recipient.department.as_str()).collect();
    departments.sort_unstable();
    assert_eq!(departments, ["market", "planning"]);
    let record = bus.client("audit").outcomes("revoke").await.pop().unwrap();
    assert_eq!((record.version.as_str(), record.digest.as_str()), ("", ""));
}

#[tokio::test]
async fn only_the_department_that_holds_a_version_revokes_it() {
    let (bus, contract) = bus_with(&contract("a contract")).await;
    let survey = Document::new("geotech_survey_report", "S-1", "a survey");
    let survey = bus.client("planning").publish(&survey).await.unwrap().info.unwrap().version;
    bus.adapter("market").hold("business_license", "L-1", "a licence");
    let licence = Document::new("business_license", "L-1", "a licence");
    let licence = bus.client("planning").fetch(licence.fetch()).await.unwrap().info.version;
    let unknown = format!("{}{}", &survey[..survey.len() - 64], "0".repeat(64));

    for (department, version) in [
        ("planning", &contract),
        // It may publish the type, but this one is another's.
        ("housing", &survey),
        ("housing", &licence),
        ("market", &survey),
        // Whether there is such a version is told to nobody who may not revoke the type.
        ("market", &unknown),
    ] {
        let refused = bus.client(department).revoke(version).await.unwrap_err();

        let said = (refused.code(), reason(&refused));
        assert_eq!(said, (Code::PermissionDenied, "ACCESS_DENIED".to_owned()), "{department}");
        assert!(receipt(&refused).is_some());
    }
    let refused = bus.client("planning").revoke(&unknown).await.unwrap_err();
    assert_eq!(reason(&refused), "MATERIAL_NOT_FOUND");
    for (department, version) in
        [("housing", &contract), ("planning", &survey), ("market", &licence)]
    {
        bus.client(department).revoke(version).await.unwrap();
    }
    let records = bus.client("audit").outcomes("revoke").await;
    let rules: Vec<_> =
        records.iter().filter(|r| r.outcome == "served").map(|r| r.rule.as_str()).collect();
    assert_eq!(rules, ["permission.publish", "permission.publish", "holder"]);
}

#[tokio::test]
async fn the_first_revocation_stays_and_is_answered_again() {
    let (bus, version) = bus_with(&contract("a contract")).await;
    let mut material = bus.client("housing").material;
    let first = request(&version);
    let fraud = pb::Revocation::Fraud.into();

    let answer = material.revoke_material(first.clone()).await.unwrap().into_inner();
    bus.clock.advance(SignedDuration::from_secs(60));
    let retried = material.revoke_material(first.clone()).await.unwrap().into_inner();
    let other = pb::RevokeMaterialRequest { reason: fraud, ..request(&version) };
    let other = material.revoke_material(other).await.unwrap().into_inner();
    let reused = pb::RevokeMaterialRequest { reason: fraud, ..first };
    let reused = material.revoke_material(reused).await.unwrap_err();

    let said = |answer: pb::RevokeMaterialResponse| {
        let info = answer.info.unwrap();
        (info.revoked_at.unwrap().seconds, info.revocation())
    };
    for answer in [answer, retried, other] {
        assert_eq!(said(answer), (1_772_442_000, pb::Revocation::Error));
    }
    assert_eq!(reason(&reused), "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test]
async fn a_revocation_is_on_record_with_its_reason_and_its_note_for_auditors_only() {
    let (bus, version) = bus_with(&contract("a contract")).await;

    let answer = bus.client("housing").material.revoke_material(request(&version)).await.unwrap();

    let records = bus.client("audit").records().await;
    let records: Vec<_> = records.iter().filter(|record| record.operation == "revoke").collect();
    let [intent, outcome] = &records[..] else { panic!("{records:?}") };
    assert_eq!((intent.kind.as_str(), outcome.kind.as_str()), ("intent", "outcome"));
    assert_eq!(outcome.intent, Some(intent.index));
    assert_eq!(outcome.index, answer.into_inner().receipt.unwrap().index);
    for record in records {
        assert_eq!((record.revocation.as_str(), record.version.as_str()), ("ERROR", &*version));
        assert!(!String::from_utf8_lossy(&record.leaf).contains("court"));
        let note = bus.unsealed(record).unwrap().note;
        assert_eq!(note.as_deref(), Some("file 7 of the court"));
    }
}

#[tokio::test]
async fn a_running_stream_of_a_revoked_version_ends_within_a_second() {
    let document = contract(vec![7; 8 * MIB]);
    let (bus, version) = bus_with(&document).await;
    let other = Document::new("construction_contract", "C-2", vec![8; 8 * MIB]);
    bus.client("housing").publish(&other).await.unwrap();
    let (mut planning, mut market) =
        (bus.client("planning").transfer, bus.client("market").transfer);
    let mut stream = planning.fetch_material(document.fetch()).await.unwrap().into_inner();
    let mut spared = market.fetch_material(other.fetch()).await.unwrap().into_inner();
    stream.message().await.unwrap().unwrap();
    spared.message().await.unwrap().unwrap();

    bus.client("housing").revoke(&version).await.unwrap();
    let end = async {
        loop {
            match stream.message().await {
                Ok(Some(message)) => assert!(message.receipt.is_none(), "it came to its end"),
                Ok(None) => panic!("it came to its end"),
                Err(status) => return status,
            }
        }
    };
    let status = timeout(Duration::from_secs(1), end).await.expect("the stream goes on");

    assert_revoked(&status);
    let mut last = None;
    while let Some(message) = spared.message().await.unwrap() {
        last = message.receipt;
    }
    assert!(last.is_some(), "a stream of another version was cut");
    let records = bus.client("audit").records().await;
    let aborted: Vec<_> = records.iter().filter(|record| record.kind == "aborted").collect();
    assert_eq!(aborted.len(), 1);
    assert_eq!(aborted[0].reason, "VERSION_REVOKED");
    assert!(aborted[0].bytes_authorised < 8 * MIB as i64);
}

#[tokio::test]
async fn what_was_revoked_is_not_published_again_and_another_takes_its_place() {
    let document = contract("a contract");
    let (bus, version) = bus_with(&document).await;
    let housing = bus.client("housing");
    let mut transfer = housing.transfer.clone();
    let next = Document { expected: version.clone(), ..contract("the next contract") };
    // Begun before, committed after it was revoked.
    let second = Document::new("construction_contract", "C-2", "another contract");
    let of_second = housing.publish(&second).await.unwrap().info.unwrap().version;
    let newer = Document { expected: of_second.clone(), ..second.clone() };
    let newer = Document { content: "a newer one".into(), ..newer };
    let newest = housing.publish(&newer).await.unwrap().info.unwrap().version;
    let back = Document { expected: newest, ..second };
    let begun = transfer.begin_publish(back.begin()).await.unwrap().into_inner();
    housing.put(&back, &begun.upload, 0).await.unwrap();
    housing.revoke(&version).await.unwrap();
    housing.revoke(&of_second).await.unwrap();

    let again = housing.publish(&document).await.unwrap_err();
    let named = Document { expected: version.clone(), ..document.clone() };
    let named = housing.publish(&named).await.unwrap_err();
    let late = transfer.commit_publish(back.commit(&begun.upload)).await.unwrap_err();
    let replaced = housing.publish(&next).await.unwrap().info.unwrap();
    let fetched = bus.client("planning").fetch(document.fetch()).await.unwrap();

    for refused in [again, named, late] {
        assert_revoked(&refused);
    }
    assert_eq!(
        (fetched.content, fetched.info.version),
        (b"the next contract".to_vec(), replaced.version)
    );
    assert_revoked(&bus.client("planning").fetch_version(&version).await.unwrap_err());
}

#[tokio::test]
async fn what_its_holder_still_lists_stays_revoked() {
    let bus = TestBus::start().await;
    let market = bus.adapter("market");
    market.hold("business_license", "L-1", "a licence");
    let licence = Document::new("business_license", "L-1", "a licence");
    let planning = bus.client("planning");
    let first = planning.fetch(licence.fetch()).await.unwrap().info.version;
    market.hold("business_license", "L-1", "a newer licence");
    bus.clock.advance(SignedDuration::from_hours(25));
    let second = planning.fetch(licence.fetch()).await.unwrap().info.version;
    bus.client("market").revoke(&first).await.unwrap();
    bus.client("market").revoke(&second).await.unwrap();
    let fetches = market.calls().fetch;

    // The second lies there, then the first again; the bus asks anew each time.
    for content in ["a newer licence", "a licence"] {
        market.hold("business_license", "L-1", content);
        bus.clock.advance(SignedDuration::from_hours(25));

        let found = planning.find("business_license").await.unwrap();

        assert_eq!(found[0].validity(), pb::Validity::Revoked, "{content}");
        assert_revoked(&planning.fetch(licence.fetch()).await.unwrap_err());
    }
    assert_eq!(market.calls().fetch, fetches, "revoked bytes were asked for");
    market.hold("business_license", "L-1", "the right licence");
    bus.clock.advance(SignedDuration::from_hours(25));
    let fetched = planning.fetch(licence.fetch()).await.unwrap();
    assert_eq!(fetched.content, b"the right licence");
}

#[tokio::test]
async fn who_comes_after_a_revocation_shares_no_look_that_began_before_it() {
    let bus = TestBus::start().await;
    let market = bus.adapter("market");
    market.hold("business_license", "L-1", "a licence");
    let licence = Document::new("business_license", "L-1", "a licence");
    let (planning, housing) = (bus.client("planning"), bus.client("housing"));
    let version = planning.fetch(licence.fetch()).await.unwrap().info.version;
    bus.clock.advance(SignedDuration::from_hours(25));
    market.hang();
    let before = tokio::spawn(async move { planning.find("business_license").await });
    market.hanging(1).await;
    bus.client("market").revoke(&version).await.unwrap();

    let after = tokio::spawn(async move { housing.find("business_license").await });
    let asked = timeout(Duration::from_secs(4), market.hanging(2)).await;
    market.answer();
    let after = after.await.unwrap().unwrap();

    assert!(asked.is_ok(), "it waits for a look that began before");
    assert_eq!(after[0].validity(), pb::Validity::Revoked);
    before.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_no_call_that_began_after_a_revocation_returned_is_given_bytes() {
    const CALLERS: usize = 16;
    let document = contract("a contract");
    let (bus, version) = bus_with(&document).await;
    let (told, mut calls) = mpsc::channel(CALLERS);
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (client, told) = (bus.client("planning"), told.clone());
            let (document, version) = (document.clone(), version.clone());
            tokio::spawn(async move {
                loop {
                    let began = Instant::now();
                    let answer = match caller % 2 {
                        0 => client.fetch(document.fetch()).await,
                        _ => client.fetch_version(&version).await,
                    };
                    if told.send((began, answer.map(|_| ()))).await.is_err() {
                        return;
                    }
                }
            })
        })
        .collect();
    // The revocation counts only once calls flow.
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut served = VecDeque::new();
    while served.len() < 100 || served[served.len() - 100] + Duration::from_secs(1) < Instant::now()
    {
        assert!(Instant::now() < deadline, "100 calls/s do not flow");
        let (_, answer) = calls.recv().await.unwrap();
        answer.unwrap();
        served.push_back(Instant::now());
    }

    let housing = bus.client("housing");
    let revoke = async {
        housing.revoke(&version).await.unwrap();
        Instant::now()
    };
    tokio::pin!(revoke);
    let returned = loop {
        tokio::select! {
            returned = &mut revoke => break returned,
            // What is served now may have begun before.
            _call = calls.recv() => {}
        }
    };
    let mut refused = 0;
    while refused < 100 {
        let (began, answer) = calls.recv().await.unwrap();
        match answer {
            Ok(()) => assert!(began < returned, "a call that began after it was given bytes"),
            Err(status) => {
                assert_revoked(&status);
                refused += u32::from(returned < began);
            }
        }
    }
    drop(calls);
    for caller in callers {
        caller.await.unwrap();
    }
}

#[tokio::test]
async fn a_revocation_outlives_a_crash() {
    let bus = TestBus::builder().apart().start().await;
    let mut bus = bus;
    let document = contract("a contract");
    let published = bus.client("housing").publish(&document).await.unwrap();
    let version = published.info.unwrap().version;
    bus.client("housing").revoke(&version).await.unwrap();

    bus.crash().await;

    assert_revoked(&bus.client("planning").fetch(document.fetch()).await.unwrap_err());
    assert_revoked(&bus.client("planning").fetch_version(&version).await.unwrap_err());
}
