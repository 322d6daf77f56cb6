//! Unsealing takes two: who asks, who approves. Each step and each refusal is on the trail.

use jiff::SignedDuration;
use oncebus_proto::v1 as pb;
use oncebus_tests::{Client, Document, TestBus, proof, reason, receipt, request_id};
use tonic::{Code, Status};

/// A second auditor, and a second system that approves.
const OTHERS: &str = "\n[[system]]\nspiffe_id = \"spiffe://oncebus.test/dept/housing/system/test\"\n\
     role = \"auditor\"\n[[system]]\n\
     spiffe_id = \"spiffe://oncebus.test/dept/planning/system/test\"\nrole = \"security\"\n";

fn contract() -> Document {
    Document::new("construction_contract", "C-1", "a contract")
}

/// A bus where housing published and planning fetched, and the positions of what is sealed.
async fn busy() -> (TestBus, Vec<i64>) {
    let bus = TestBus::start().await;
    bus.client("housing").publish(&contract()).await.unwrap();
    bus.client("planning").fetch(contract().fetch()).await.unwrap();
    let sealed = sealed(&bus).await;
    (bus, sealed)
}

async fn sealed(bus: &TestBus) -> Vec<i64> {
    let records = bus.client("audit").records().await;
    records.iter().filter(|record| !record.sealed.is_empty()).map(|record| record.index).collect()
}

fn about(indices: &[i64]) -> pb::RequestUnsealRequest {
    pb::RequestUnsealRequest {
        indices: indices.to_vec(),
        ground: "COMPLAINT".to_owned(),
        reference: "FILE-2026-17".to_owned(),
        request_id: request_id(),
    }
}

async fn ask(
    client: &Client,
    request: pb::RequestUnsealRequest,
) -> Result<pb::RequestUnsealResponse, Status> {
    Ok(client.audit.clone().request_unseal(request).await?.into_inner())
}

async fn approve(client: &Client, name: &str) -> Result<pb::ApproveUnsealResponse, Status> {
    let request = pb::ApproveUnsealRequest { unseal: name.to_owned(), lasts_s: 0 };
    Ok(client.audit.clone().approve_unseal(request).await?.into_inner())
}

async fn read(client: &Client, name: &str) -> Result<pb::ReadSealedResponse, Status> {
    let request = pb::ReadSealedRequest { unseal: name.to_owned() };
    Ok(client.audit.clone().read_sealed(request).await?.into_inner())
}

async fn asked(bus: &TestBus, indices: &[i64]) -> String {
    ask(&bus.client("audit"), about(indices)).await.unwrap().unseal.unwrap().name
}

async fn record(bus: &TestBus, index: i64) -> pb::Record {
    let mut audit = bus.client("audit").audit;
    let request = pb::GetRecordRequest { index, ..Default::default() };
    audit.get_record(request).await.unwrap().into_inner().record.unwrap()
}

/// Checks that a refusal has this reason, and is on record with it.
#[track_caller]
fn refused(status: &Status, code: Code, why: &str) -> i64 {
    assert_eq!((status.code(), reason(status).as_str()), (code, why), "{status:?}");
    receipt(status).unwrap_or_else(|| panic!("{why} has no receipt")).index
}

#[tokio::test]
async fn what_two_agreed_on_opens_with_the_auditors_key_and_all_of_it_is_on_record() {
    let (bus, indices) = busy().await;
    let audit = bus.client("audit");

    let asked = ask(&audit, about(&indices)).await.unwrap();
    let name = asked.unseal.clone().unwrap().name;
    let approved = approve(&bus.security(), &name).await.unwrap();
    let answer = read(&audit, &name).await.unwrap();

    let identity = bus.seal_identity.to_text();
    let parts: Vec<_> = answer.parts.iter().map(|part| part.index).collect();
    assert_eq!(parts, indices);
    for part in &answer.parts {
        let key = answer.keys.iter().find(|key| key.key == part.key).unwrap();
        let leaf: serde_json::Value = serde_json::from_slice(&part.record).unwrap();
        let hash = leaf["sealed"].as_str().unwrap();
        let content = oncebus_gateway::unseal(&part.sealed, &key.age, &identity, hash).unwrap();
        assert_eq!(content.case.as_deref(), Some("CASE-4711"));
    }
    let receipts = [asked.receipt, approved.receipt, answer.receipt].map(Option::unwrap);
    for (receipt, operation) in
        receipts.iter().zip(["request_unseal", "approve_unseal", "read_sealed"])
    {
        proof(receipt).verify(bus.verifier()).unwrap();
        let record = record(&bus, receipt.index).await;
        assert_eq!((record.operation.as_str(), record.outcome.as_str()), (operation, "served"));
        let rests_on = (operation != "request_unseal").then_some(receipts[0].index);
        assert_eq!(record.intent, rests_on, "{operation}");
        let named: Vec<_> = record.ranges.iter().flat_map(|range| range.start..range.end).collect();
        assert_eq!(named, indices, "{operation}");
    }
    let read = record(&bus, receipts[2].index).await;
    assert_eq!((read.kind.as_str(), read.count), ("audit_read", indices.len() as i64));
    let asking = record(&bus, receipts[0].index).await;
    assert_eq!((asking.kind.as_str(), asking.ground.as_str()), ("admin", "COMPLAINT"));
    assert!(!String::from_utf8_lossy(&asking.leaf).contains("FILE-2026-17"));
    assert_eq!(bus.unsealed(&asking).unwrap().reference.as_deref(), Some("FILE-2026-17"));
}

#[tokio::test]
async fn nobody_but_an_auditor_asks_and_nobody_but_security_approves() {
    let (bus, indices) = busy().await;
    let name = asked(&bus, &indices).await;

    for client in [bus.operator(), bus.security(), bus.client("housing")] {
        let status = ask(&client, about(&indices)).await.unwrap_err();
        let at = refused(&status, Code::PermissionDenied, "ACCESS_DENIED");
        assert_eq!(record(&bus, at).await.outcome, "denied");
    }
    for client in [bus.client("audit"), bus.operator(), bus.client("housing")] {
        let status = approve(&client, &name).await.unwrap_err();
        let at = refused(&status, Code::PermissionDenied, "ACCESS_DENIED");
        let denied = record(&bus, at).await;
        assert_eq!(
            (denied.operation.as_str(), denied.outcome.as_str()),
            ("approve_unseal", "denied")
        );
    }
}

#[tokio::test]
async fn an_auditor_who_is_given_the_other_role_cannot_approve_its_own_request() {
    let (bus, indices) = busy().await;
    let name = asked(&bus, &indices).await;
    bus.edit_config(|config| config.replacen("role = \"auditor\"", "role = \"security\"", 1));
    crate::reload::reload(&bus.operator()).await.unwrap();

    let status = approve(&bus.client("audit"), &name).await.unwrap_err();

    assert_eq!(reason(&status), "SELF_APPROVAL");
    assert!(receipt(&status).is_some());
}

#[tokio::test]
async fn only_who_asked_reads_and_only_while_it_is_approved() {
    let bus = TestBus::builder().tables(OTHERS).start().await;
    bus.client("housing").publish(&contract()).await.unwrap();
    let indices = sealed(&bus).await;
    let audit = bus.client("audit");
    let name = asked(&bus, &indices).await;

    let early = read(&audit, &name).await.unwrap_err();
    approve(&bus.security(), &name).await.unwrap();
    for client in [bus.operator(), bus.security(), bus.client("housing"), bus.client("market")] {
        let status = read(&client, &name).await.unwrap_err();
        let at = refused(&status, Code::PermissionDenied, "ACCESS_DENIED");
        let denied = record(&bus, at).await;
        assert_eq!((denied.kind.as_str(), denied.count), ("audit_read", 0));
    }
    bus.clock.advance(SignedDuration::from_secs(3_599));
    let in_time = read(&audit, &name).await;
    bus.clock.advance(SignedDuration::from_secs(1));
    let late = read(&audit, &name).await.unwrap_err();
    let late_approval = approve(&bus.security(), &name).await.unwrap_err();
    let other = approve(&bus.client("planning"), &name).await.unwrap_err();

    refused(&early, Code::FailedPrecondition, "UNSEAL_NOT_APPROVED");
    assert_eq!(in_time.unwrap().parts.len(), indices.len());
    refused(&late, Code::FailedPrecondition, "UNSEAL_EXPIRED");
    refused(&late_approval, Code::FailedPrecondition, "UNSEAL_EXPIRED");
    refused(&other, Code::FailedPrecondition, "UNSEAL_APPROVED");
}

#[tokio::test]
async fn a_repeated_step_is_answered_the_same_and_done_once() {
    let (mut bus, indices) = busy().await;
    let request = about(&indices);
    let first = ask(&bus.client("audit"), request.clone()).await.unwrap();
    bus.restart().await;
    let audit = bus.client("audit");

    let again = ask(&audit, request.clone()).await.unwrap();
    let other = pb::RequestUnsealRequest { reference: "FILE-9".to_owned(), ..request };
    let other = ask(&audit, other).await.unwrap_err();
    let name = first.unseal.clone().unwrap().name;
    let approved = approve(&bus.security(), &name).await.unwrap();
    bus.clock.advance(SignedDuration::from_secs(60));
    let approved_again = approve(&bus.security(), &name).await.unwrap();

    assert_eq!(again.unseal, first.unseal);
    assert_eq!(again.receipt.unwrap().index, first.receipt.unwrap().index);
    refused(&other, Code::Aborted, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(approved_again.unseal, approved.unseal);
    assert_eq!(approved_again.receipt.unwrap().index, approved.receipt.unwrap().index);
}

#[tokio::test]
async fn many_scattered_records_are_all_on_record() {
    let (bus, _) = busy().await;
    for _ in 0..70 {
        bus.client("planning").fetch(contract().fetch()).await.unwrap();
    }
    let every_other: Vec<_> = sealed(&bus).await.into_iter().step_by(2).collect();
    assert!(32 < every_other.len());

    let name = asked(&bus, &every_other).await;

    let records = bus.client("audit").records().await;
    let asking = records.iter().filter(|record| record.operation == "request_unseal");
    let named: Vec<_> =
        asking.flat_map(|record| &record.ranges).flat_map(|range| range.start..range.end).collect();
    assert_eq!(named, every_other);
    approve(&bus.security(), &name).await.unwrap();
    let parts = read(&bus.client("audit"), &name).await.unwrap().parts;
    assert_eq!(parts.len(), every_other.len());
}

#[tokio::test]
async fn a_request_that_cannot_be_meant_is_refused_and_named() {
    let (bus, indices) = busy().await;
    let audit = bus.client("audit");
    let good = about(&indices);
    let text = str::to_owned;

    for (request, field) in [
        (pb::RequestUnsealRequest { indices: vec![], ..good.clone() }, "indices"),
        (pb::RequestUnsealRequest { indices: vec![-1], ..good.clone() }, "indices"),
        (pb::RequestUnsealRequest { indices: vec![1_000_000], ..good.clone() }, "indices"),
        (pb::RequestUnsealRequest { indices: vec![1; 1_001], ..good.clone() }, "indices"),
        (pb::RequestUnsealRequest { ground: text("RETENTION"), ..good.clone() }, "ground"),
        (pb::RequestUnsealRequest { ground: text("curiosity"), ..good.clone() }, "ground"),
        (pb::RequestUnsealRequest { reference: text(""), ..good.clone() }, "reference"),
        (pb::RequestUnsealRequest { reference: "x".repeat(129), ..good.clone() }, "reference"),
        (pb::RequestUnsealRequest { request_id: text("1"), ..good.clone() }, "request_id"),
    ] {
        let status = ask(&audit, request).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::InvalidArgument, "INVALID_FIELD")
        );
        assert!(status.message().starts_with(field), "{field}: {status:?}");
    }
    let name = asked(&bus, &indices).await;
    let request = pb::ApproveUnsealRequest { unseal: name, lasts_s: 86_401 };
    let too_long = bus.security().audit.approve_unseal(request).await.unwrap_err();
    assert_eq!(reason(&too_long), "INVALID_FIELD");
    let nowhere = "unseals/00000000-0000-4000-8000-000000000000";
    let nothing = read(&audit, nowhere).await.unwrap_err();
    refused(&nothing, Code::NotFound, "UNSEAL_NOT_FOUND");
}
