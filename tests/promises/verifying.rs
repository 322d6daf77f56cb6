//! Verifying: an answer of yes or no, and nothing of the material with it.

use oncebus_proto::v1 as pb;
use oncebus_tests::{
    Client, Document, Fault, TestBus, proof, purpose, reason, receipt, request_id, subject,
};
use tonic::{Code, Status};

/// A type that is only verified, and personal.
const IDENTITY: &str = "legal_rep_identity";
/// Whom the record in the register is about.
const CITIZEN: &str = "370800199001011237";
const NAME: (&str, &str) = ("name", "张伟");

fn claims(claims: &[(&str, &str)]) -> Vec<pb::Claim> {
    let claim = |(field, value): &(&str, &str)| pb::Claim {
        field: (*field).to_owned(),
        value: (*value).to_owned(),
    };
    claims.iter().map(claim).collect()
}

fn of_citizen(said: &[(&str, &str)]) -> pb::VerifyMaterialRequest {
    let value = CITIZEN.to_owned();
    pb::VerifyMaterialRequest {
        material_type: IDENTITY.to_owned(),
        subject: Some(pb::Subject { scheme: "citizen".to_owned(), value }),
        claims: claims(said),
        purpose: Some(purpose()),
        request_id: request_id(),
        ..Default::default()
    }
}

fn of_project(material_type: &str, said: &[(&str, &str)]) -> pb::VerifyMaterialRequest {
    pb::VerifyMaterialRequest {
        material_type: material_type.to_owned(),
        subject: Some(subject()),
        ..of_citizen(said)
    }
}

async fn verify(
    client: &Client,
    request: pb::VerifyMaterialRequest,
) -> Result<pb::VerifyMaterialResponse, Status> {
    Ok(client.material.clone().verify_material(request).await?.into_inner())
}

/// A bus whose market knows one citizen.
async fn bus() -> TestBus {
    let bus = TestBus::start().await;
    bus.adapter("market").know(IDENTITY, CITIZEN, &[NAME, ("id_number", CITIZEN)]);
    bus
}

#[tokio::test]
async fn a_type_that_is_only_verified_is_answered_by_its_holder_with_yes_or_no() {
    let bus = bus().await;
    let client = bus.client("planning");

    let yes = verify(&client, of_citizen(&[NAME, ("id_number", CITIZEN)])).await.unwrap();
    let no = verify(&client, of_citizen(&[NAME, ("id_number", "370800199001011238")])).await;
    let no = no.unwrap();
    let fetch = Document::new("M02", "", "").fetch();
    let fetched = client.fetch(fetch).await.unwrap_err();

    assert_eq!((yes.verdict(), no.verdict()), (pb::Verdict::Match, pb::Verdict::NoMatch));
    assert_eq!(no.mismatched, [""; 0], "which claim is untrue tells of a person");
    assert_eq!(reason(&fetched), "VERIFY_ONLY");
    let calls = bus.adapter("market").calls();
    assert_eq!(
        (calls.verify, calls.all()),
        (2, 2),
        "each is asked of the holder, and nothing else"
    );
}

#[tokio::test]
async fn a_verification_is_on_record_before_it_is_asked_and_says_nothing_of_the_verdict() {
    let bus = bus().await;
    let client = bus.client("planning");

    let yes = verify(&client, of_citizen(&[NAME])).await.unwrap();
    let no = verify(&client, of_citizen(&[("name", "李娜")])).await.unwrap();
    let records = bus.client("audit").records().await;

    let of = |answer: &pb::VerifyMaterialResponse| {
        let given = answer.receipt.as_ref().unwrap();
        proof(given).verify(bus.verifier()).unwrap();
        let outcome = records.iter().find(|record| record.index == given.index).unwrap();
        let intent = &records[outcome.intent.unwrap() as usize];
        assert_eq!((intent.kind.as_str(), intent.operation.as_str()), ("intent", "verify"));
        assert_eq!(intent.index + 1, outcome.index);
        assert_eq!(bus.unsealed(outcome).unwrap().claims, Some(vec!["name".to_owned()]));
        let sealed = format!("{:?}", bus.unsealed(outcome).unwrap().to_json());
        assert!(!sealed.contains("张伟"));
        outcome
    };
    let [yes, no] = [of(&yes), of(&no)];
    for outcome in [yes, no] {
        assert_eq!((outcome.operation.as_str(), outcome.outcome.as_str()), ("verify", "served"));
        assert_eq!(outcome.adapter_calls.unwrap().verify, 1);
        assert_eq!((outcome.bytes_authorised, outcome.version.as_str()), (0, ""));
        assert_eq!(outcome.rule, "permission.fetch");
    }
    let kept = |record: &pb::Record| {
        let leaf: serde_json::Value = serde_json::from_slice(&record.leaf).unwrap();
        let mut fields: Vec<_> = leaf.as_object().unwrap().keys().cloned().collect();
        fields.sort();
        (fields, record.size_bytes, record.reason.clone(), record.holder.clone())
    };
    assert_eq!(kept(yes), kept(no), "the verdict shows in the record");
}

#[tokio::test]
async fn who_may_not_fetch_may_not_verify_either_and_nobody_is_asked() {
    let bus = bus().await;

    let refused = verify(&bus.client("audit"), of_citizen(&[NAME])).await.unwrap_err();

    assert_eq!((refused.code(), &*reason(&refused)), (Code::PermissionDenied, "ACCESS_DENIED"));
    assert!(refused.message().contains("no permission to verify"), "{refused:?}");
    let outcome = bus.client("audit").outcomes("verify").await.pop().unwrap();
    assert_eq!(
        (outcome.outcome.as_str(), outcome.index),
        ("denied", receipt(&refused).unwrap().index)
    );
    assert_eq!(bus.adapter_calls(), 0);
}

#[tokio::test]
async fn claims_about_a_document_need_no_byte_of_it_and_name_what_is_untrue() {
    let bus = bus().await;
    bus.adapter("market").hold("business_license", "L-1", "licence of a company");
    let client = bus.client("planning");
    let digest =
        format!("sha256:{}", hex::encode(oncebus_tests::digest(b"licence of a company").value));

    let yes = verify(&client, of_project("M01", &[("number", "L-1"), ("digest", &digest)])).await;
    let no = verify(&client, of_project("M01", &[("number", "L-2"), ("digest", &digest)])).await;
    let none = verify(&client, of_project("M04", &[("number", "Q-1"), ("issuer", "x")])).await;

    let [yes, no, none] = [yes, no, none].map(Result::unwrap);
    assert_eq!((yes.verdict(), yes.mismatched.len()), (pb::Verdict::Match, 0));
    assert_eq!(
        (no.verdict(), &no.mismatched[..]),
        (pb::Verdict::NoMatch, &["number".to_owned()][..])
    );
    assert_eq!((none.verdict(), none.mismatched.len()), (pb::Verdict::NoMatch, 2));
    let calls = bus.adapter("market").calls();
    assert_eq!((calls.lookup, calls.all()), (1, 1), "one Lookup is good for both");
}

#[tokio::test]
async fn what_a_department_holds_as_data_is_compared_there_beside_the_document() {
    let bus = bus().await;
    let licence = "business_license";
    bus.adapter("market").hold(licence, "L-1", "licence");
    bus.adapter("market").know(licence, &subject().value, &[("capital", "100"), ("kind", "A")]);
    let client = bus.client("planning");
    let ask = |said: &[(&str, &str)]| verify(&client, of_project(licence, said));

    let yes = ask(&[("number", "L-1"), ("capital", "100")]).await.unwrap();
    let no = ask(&[("capital", "200"), ("kind", "A")]).await.unwrap();
    let other = ask(&[("number", "L-2"), ("capital", "100")]).await.unwrap();
    bus.adapter("market").hold(licence, "L-2", "another");
    bus.clock.advance(jiff::SignedDuration::from_hours(2));
    let several = ask(&[("capital", "100")]).await.unwrap_err();
    let one = ask(&[("capital", "100"), ("number", "L-2")]).await.unwrap();

    assert_eq!((yes.verdict(), one.verdict()), (pb::Verdict::Match, pb::Verdict::Match));
    assert_eq!(
        (no.verdict(), &no.mismatched[..]),
        (pb::Verdict::NoMatch, &["capital".to_owned()][..])
    );
    assert_eq!(other.mismatched, ["number"]);
    assert_eq!(reason(&several), "MATERIAL_AMBIGUOUS");
    assert_eq!(bus.adapter("market").calls().verify, 3, "what is untrue already is not asked");
}

#[tokio::test]
async fn an_uploaded_document_is_verified_by_what_the_bus_knows_of_it() {
    let bus = bus().await;
    let contract = Document::new("construction_contract", "C-1", "a contract");
    let expired = Document::new("construction_contract", "C-2", "an old contract");
    let housing = bus.client("housing");
    housing.publish(&contract).await.unwrap();
    let begin = pb::BeginPublishRequest { valid_until: "2020-01-01".to_owned(), ..expired.begin() };
    let begun = housing.transfer.clone().begin_publish(begin).await.unwrap().into_inner();
    housing.put(&expired, &begun.upload, 0).await.unwrap();
    housing.transfer.clone().commit_publish(expired.commit(&begun.upload)).await.unwrap();
    let client = bus.client("planning");
    let calls = bus.adapter_calls();

    let good = verify(&client, of_project("M23", &[("number", "C-1")])).await.unwrap();
    let over = verify(&client, of_project("M23", &[("number", "C-2")])).await.unwrap();
    let field = verify(&client, of_project("M23", &[("number", "C-1"), ("price", "9")])).await;

    assert_eq!((good.verdict(), over.verdict()), (pb::Verdict::Match, pb::Verdict::NoMatch));
    // Of C-1 the number is another one, of C-2 the time is over: no field speaks against both.
    assert_eq!(over.mismatched, [""; 0]);
    let field = field.unwrap_err();
    assert_eq!(reason(&field), "INVALID_FIELD");
    assert!(field.message().starts_with("claims[1].field "), "{field:?}");
    let numbered = pb::VerifyMaterialRequest {
        number: "C-2".to_owned(),
        ..of_project("M23", &[("number", "C-2")])
    };
    assert_eq!(verify(&client, numbered).await.unwrap().mismatched, ["valid_until"]);
    assert_eq!(bus.adapter_calls(), calls, "an adapter was asked");
    let outcomes = bus.client("audit").outcomes("verify").await;
    assert!(outcomes.iter().all(|outcome| outcome.intent.is_none()));
}

#[tokio::test]
async fn of_a_personal_document_the_verdict_alone_is_told() {
    let bus = bus().await;
    let letter = Document::new("agent_authorization", "A-1", "a letter");
    bus.client("housing").publish(&letter).await.unwrap();

    let no = of_project("M03", &[("number", "A-2"), ("issuer", "somebody")]);
    let no = verify(&bus.client("planning"), no).await.unwrap();

    assert_eq!((no.verdict(), no.mismatched.len()), (pb::Verdict::NoMatch, 0));
}

#[tokio::test]
async fn a_holder_that_is_away_makes_the_verdict_unknown_and_the_record_says_why() {
    let bus = bus().await;
    bus.adapter("market").break_by(Fault::Away);
    let client = bus.client("planning");

    let answers = [
        verify(&client, of_citizen(&[NAME])).await.unwrap(),
        verify(&client, of_project("M01", &[("number", "L-1")])).await.unwrap(),
    ];

    let outcomes = bus.client("audit").outcomes("verify").await;
    for (answer, outcome) in answers.iter().zip(&outcomes) {
        assert_eq!(answer.verdict(), pb::Verdict::Unknown);
        assert_eq!(answer.receipt.as_ref().unwrap().index, outcome.index);
        let ended = (outcome.outcome.as_str(), outcome.reason.as_str());
        assert_eq!(ended, ("failed", "ADAPTER_UNAVAILABLE"));
    }
}

#[tokio::test]
async fn an_adapter_that_cannot_verify_or_breaks_the_contract_is_told_apart_from_no() {
    let bus = bus().await;
    let client = bus.client("planning");
    bus.adapter("market").break_by(Fault::OtherField);

    let broken = verify(&client, of_citizen(&[NAME])).await.unwrap_err();
    let other = TestBus::start().await;
    other.adapter("market").break_by(Fault::CannotVerify);
    let cannot = verify(&other.client("planning"), of_citizen(&[NAME])).await.unwrap_err();

    assert_eq!(reason(&broken), "ADAPTER_MISBEHAVED");
    assert_eq!(
        (cannot.code(), &*reason(&cannot)),
        (Code::FailedPrecondition, "VERIFICATION_UNSUPPORTED")
    );
    assert_eq!(other.adapter("market").calls().all(), 0, "it said so before");
    let outcome = other.client("audit").outcomes("verify").await.pop().unwrap();
    assert_eq!((outcome.reason.as_str(), outcome.intent), ("VERIFICATION_UNSUPPORTED", None));
}

#[tokio::test]
async fn claims_that_are_malformed_are_refused_naming_the_field() {
    let bus = bus().await;
    let client = bus.client("planning");
    let many: Vec<_> = (0..17).map(|at| (format!("f{at}"), "x")).collect();
    let many: Vec<_> = many.iter().map(|(field, value)| (field.as_str(), *value)).collect();
    let cases = [
        ("claims", of_citizen(&[])),
        ("claims", of_citizen(&many)),
        ("claims", of_citizen(&[NAME, NAME])),
        ("claims[1].field", of_citizen(&[NAME, ("Name", "x")])),
        ("claims[0].value", of_citizen(&[("name", "")])),
        ("claims[0].value", of_project("M01", &[("digest", "sha256:12")])),
        ("claims[1].value", of_project("M01", &[("number", "L"), ("issued", "yesterday")])),
        ("subject", pb::VerifyMaterialRequest { subject: None, ..of_citizen(&[NAME]) }),
        ("material_type", of_project("M99", &[NAME])),
    ];

    for (field, request) in cases {
        let refused = verify(&client, request).await.unwrap_err();

        assert_eq!(reason(&refused), "INVALID_FIELD");
        assert!(refused.message().starts_with(&format!("{field} ")), "{refused:?}");
    }
    assert_eq!(bus.adapter_calls(), 0);
}
