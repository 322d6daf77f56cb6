//! What an adapter answers is checked before it leaves.

use oncebus_proto::v1 as pb;
use tonic::Code;

use super::support::{Mood, Served, UPLOAD, bytes, digest, fetch, lookup, reason, seal, verify};
use crate::CHUNK_BYTES;

fn stage(offset: i64, data: &'static [u8]) -> pb::StageRequest {
    pb::StageRequest { upload: UPLOAD.to_owned(), offset, data: data.into() }
}

#[tokio::test]
async fn lookup_answers_what_the_department_holds() {
    let served = Served::start(Mood::Honest).await;
    let mut client = served.client();
    let content = bytes(CHUNK_BYTES + 9);

    let found = client.lookup(lookup()).await.unwrap().into_inner().holdings;
    let other = pb::LookupRequest { number: "N2".to_owned(), ..lookup() };
    let none = client.lookup(other).await.unwrap().into_inner().holdings;

    assert_eq!(found.len(), 1);
    assert_eq!(found[0].digest, digest(&content));
    assert_eq!(found[0].size_bytes, content.len() as i64);
    assert_eq!(found[0].issuer, "市场监管局");
    assert_eq!(
        (found[0].issued.as_str(), found[0].valid_until.as_str()),
        ("2024-02-29", "long_term")
    );
    assert_eq!(found[0].status, "02");
    assert!(none.is_empty());
}

#[tokio::test]
async fn an_answer_that_was_not_asked_for_does_not_leave() {
    for mood in [
        Mood::OtherSubject,
        Mood::OtherType,
        Mood::OtherNumber,
        Mood::SameNumberTwice,
        Mood::TooMany,
        Mood::Panics,
    ] {
        let served = Served::start(mood).await;

        let asked = pb::LookupRequest { number: "N1".to_owned(), ..lookup() };
        let refused = served.client().lookup(asked).await.unwrap_err();

        let (code, reason, metadata) = reason(&refused);
        assert_eq!((code, reason.as_str()), (Code::Internal, "ADAPTER_FAULT"), "{mood:?}");
        assert!(metadata.is_empty());
        assert_eq!(refused.message(), "adapter failed");
    }
}

#[tokio::test]
async fn a_type_that_the_adapter_does_not_name_is_not_held() {
    let served = Served::start(Mood::Panics).await;
    let mut client = served.client();
    let material_type = "unheard_of".to_owned();

    let looked_up = pb::LookupRequest { material_type: material_type.clone(), ..lookup() };
    let holdings = client.lookup(looked_up).await.unwrap().into_inner().holdings;
    let refused = client.fetch(pb::FetchRequest { material_type, ..fetch() }).await.unwrap_err();

    assert!(holdings.is_empty());
    assert_eq!(reason(&refused).1, "MATERIAL_NOT_FOUND");
}

#[tokio::test]
async fn fetch_sends_the_content_from_the_offset() {
    let served = Served::start(Mood::Honest).await;
    let content = bytes(CHUNK_BYTES + 9);

    for offset in [0, CHUNK_BYTES] {
        let request = pb::FetchRequest { offset: offset as i64, ..fetch() };
        let mut stream = served.client().fetch(request).await.unwrap().into_inner();
        let mut received = Vec::new();
        while let Some(chunk) = stream.message().await.unwrap() {
            received.extend_from_slice(&chunk.data);
        }
        assert_eq!(received, content[offset..]);
    }
}

#[tokio::test]
async fn content_that_differs_ends_with_its_reason_and_without_its_last_chunk() {
    let served = Served::start(Mood::WrongContent).await;

    let mut stream = served.client().fetch(fetch()).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap();
    let refused = stream.message().await.unwrap_err();

    assert_eq!(first.data.len(), CHUNK_BYTES);
    let (code, reason, _) = reason(&refused);
    assert_eq!((code, reason.as_str()), (Code::FailedPrecondition, "DIGEST_MISMATCH"));
}

#[tokio::test]
async fn another_version_is_not_found() {
    let served = Served::start(Mood::Honest).await;
    let request = pb::FetchRequest { digest: digest(b"older"), ..fetch() };

    let refused = served.client().fetch(request).await.unwrap_err();

    let (code, reason, _) = reason(&refused);
    assert_eq!((code, reason.as_str()), (Code::NotFound, "MATERIAL_NOT_FOUND"));
}

#[tokio::test]
async fn staging_answers_what_is_staged() {
    let served = Served::start(Mood::Honest).await;
    let mut client = served.client();

    let asked = client.stage(stage(0, b"")).await.unwrap().into_inner();
    let added = client.stage(stage(7, b"more")).await.unwrap().into_inner();
    let refused = client.stage(stage(8, b"gap")).await.unwrap_err();

    assert_eq!((asked.staged_bytes, added.staged_bytes), (7, 11));
    let (code, reason, metadata) = reason(&refused);
    assert_eq!((code, reason.as_str()), (Code::OutOfRange, "STAGE_OUT_OF_RANGE"));
    assert_eq!(metadata, [("staged_bytes".to_owned(), "7".to_owned())]);
}

#[tokio::test]
async fn an_adapter_that_stages_less_than_it_was_given_fails() {
    let served = Served::start(Mood::WrongStagedLength).await;

    let refused = served.client().stage(stage(0, b"data")).await.unwrap_err();

    assert_eq!(reason(&refused).1, "ADAPTER_FAULT");
}

#[tokio::test]
async fn an_adapter_that_does_not_store_says_so() {
    let served = Served::start(Mood::CannotStore).await;
    let mut client = served.client();
    let discard = pb::DiscardRequest { upload: UPLOAD.to_owned(), digest: None };

    let refused = [
        client.stage(stage(0, b"data")).await.unwrap_err(),
        client.stage(stage(0, b"")).await.unwrap_err(),
        client.seal(seal()).await.unwrap_err(),
        client.discard(discard).await.unwrap_err(),
        client.fetch(pb::FetchRequest { sealed: true, ..fetch() }).await.unwrap_err(),
    ];

    for status in refused {
        let (code, reason, _) = reason(&status);
        assert_eq!((code, reason.as_str()), (Code::Unimplemented, "HOLDER_CANNOT_STORE"));
    }
}

#[tokio::test]
async fn verify_answers_a_verdict_and_names_no_field_that_was_not_claimed() {
    let served = Served::start(Mood::Honest).await;
    let lying = Served::start(Mood::OtherField).await;
    let mut other = verify();
    other.claims[1].value = "false".to_owned();

    let good = served.client().verify(verify()).await.unwrap().into_inner();
    let bad = served.client().verify(other).await.unwrap().into_inner();
    let refused = lying.client().verify(verify()).await.unwrap_err();

    assert_eq!((good.verdict(), good.mismatched.len()), (pb::Verdict::Match, 0));
    assert_eq!((bad.verdict(), bad.mismatched), (pb::Verdict::NoMatch, vec!["grade".to_owned()]));
    assert_eq!(reason(&refused).1, "ADAPTER_FAULT");
}

#[tokio::test]
async fn an_adapter_that_does_not_verify_says_so_and_is_not_asked() {
    let without = Served::start(Mood::CannotVerify).await;
    let served = Served::start(Mood::Panics).await;
    let unnamed = pb::VerifyRequest { material_type: "unheard_of".to_owned(), ..verify() };

    let refused = [
        without.client().verify(verify()).await.unwrap_err(),
        served.client().verify(unnamed).await.unwrap_err(),
    ];

    for status in &refused {
        let (code, reason, _) = reason(status);
        assert_eq!((code, reason.as_str()), (Code::Unimplemented, "VERIFICATION_UNSUPPORTED"));
    }
}
