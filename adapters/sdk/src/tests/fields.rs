//! Every field of every request: what is refused, and how it is named.

use oncebus_proto::v1::{self as pb, Subject};
use tonic::{Code, Status};

use super::support::{Mood, Served, UPLOAD, digest, fetch, lookup, reason, seal, verify};

/// A name of `length` bytes.
fn long(length: usize) -> String {
    "a".repeat(length)
}

fn about(scheme: &str, value: &str) -> Option<Subject> {
    Some(Subject { scheme: scheme.to_owned(), value: value.to_owned() })
}

fn wrong_digests() -> [(Option<pb::Digest>, &'static str); 5] {
    let right = digest(b"x").unwrap();
    let of = |algorithm, value: &[u8]| Some(pb::Digest { algorithm, value: value.to_vec().into() });
    [
        (None, "digest"),
        (of(0, &right.value), "digest.algorithm"),
        (of(9, &right.value), "digest.algorithm"),
        (of(1, &right.value[1..]), "digest.value"),
        (of(1, &[]), "digest.value"),
    ]
}

fn wrong_subjects() -> Vec<(Option<Subject>, &'static str)> {
    vec![
        (None, "subject"),
        (about("", "91110000"), "subject.scheme"),
        (about("passport", "91110000"), "subject.scheme"),
        (about(&long(9_999), "91110000"), "subject.scheme"),
        (about("credit", ""), "subject.value"),
        (about("credit", &"9".repeat(257)), "subject.value"),
        (about("credit", "9111\u{0}"), "subject.value"),
        (about("credit", "9111\u{85}"), "subject.value"),
        (about("credit", "abc"), "subject.value"),
        (about("credit", "9 1"), "subject.value"),
        (about("credit", " 91"), "subject.value"),
    ]
}

fn wrong_texts(name: &'static str) -> Vec<(String, &'static str)> {
    vec![
        (String::new(), name),
        (long(257), name),
        ("a\u{7}b".to_owned(), name),
        ("a\nb".to_owned(), name),
    ]
}

#[track_caller]
fn assert_invalid(status: &Status, field: &str) {
    let (code, reason, metadata) = reason(status);
    assert_eq!((code, reason.as_str()), (Code::InvalidArgument, "INVALID_FIELD"), "{status}");
    assert_eq!(metadata, [("field".to_owned(), field.to_owned())], "{status}");
    assert!(status.message().starts_with(field), "{status}");
    assert!(status.message().contains(", give ") || status.message().ends_with(", remove it"));
}

#[tokio::test]
async fn every_wrong_field_of_lookup_is_named() {
    let served = Served::start(Mood::Honest).await;
    let mut cases = Vec::new();
    for (value, field) in wrong_texts("material_type") {
        cases.push((pb::LookupRequest { material_type: value, ..lookup() }, field));
    }
    cases.push((pb::LookupRequest { material_type: "Ä".to_owned(), ..lookup() }, "material_type"));
    for (value, field) in wrong_texts("number").into_iter().skip(1) {
        cases.push((pb::LookupRequest { number: value, ..lookup() }, field));
    }
    for (subject, field) in wrong_subjects() {
        cases.push((pb::LookupRequest { subject, ..lookup() }, field));
    }

    for (request, field) in cases {
        let refused = served.client().lookup(request).await.unwrap_err();
        assert_invalid(&refused, field);
    }
}

#[tokio::test]
async fn every_wrong_field_of_fetch_is_named() {
    let served = Served::start(Mood::Honest).await;
    let mut cases = Vec::new();
    for (value, field) in wrong_texts("material_type") {
        cases.push((pb::FetchRequest { material_type: value, ..fetch() }, field));
    }
    for (value, field) in wrong_texts("number") {
        cases.push((pb::FetchRequest { number: value, ..fetch() }, field));
    }
    for (subject, field) in wrong_subjects() {
        cases.push((pb::FetchRequest { subject, ..fetch() }, field));
    }
    for (digest, field) in wrong_digests() {
        cases.push((pb::FetchRequest { digest, ..fetch() }, field));
    }
    for size_bytes in [0, -1, i64::MIN] {
        cases.push((pb::FetchRequest { size_bytes, ..fetch() }, "size_bytes"));
    }
    for offset in [-1, i64::MIN, 1, 262_143, 524_288, i64::MAX] {
        cases.push((pb::FetchRequest { offset, ..fetch() }, "offset"));
    }

    for (request, field) in cases {
        let refused = served.client().fetch(request).await.unwrap_err();
        assert_invalid(&refused, field);
    }
}

#[tokio::test]
async fn every_wrong_field_of_stage_seal_and_discard_is_named() {
    let served = Served::start(Mood::Honest).await;
    let mut client = served.client();
    let mut uploads = wrong_texts("upload");
    uploads.push(("../../../../../../../../etc/passwd/aa".to_owned(), "upload"));
    uploads.push((UPLOAD.to_uppercase(), "upload"));
    uploads.push((UPLOAD.replace('-', ""), "upload"));

    for (upload, field) in uploads {
        let stage = pb::StageRequest { upload: upload.clone(), ..Default::default() };
        assert_invalid(&client.stage(stage).await.unwrap_err(), field);
        let refused = client.seal(pb::SealRequest { upload: upload.clone(), ..seal() }).await;
        assert_invalid(&refused.unwrap_err(), field);
        let refused = client.discard(pb::DiscardRequest { upload, digest: None }).await;
        assert_invalid(&refused.unwrap_err(), field);
    }
    for (digest, field) in wrong_digests() {
        let refused = client.seal(pb::SealRequest { digest: digest.clone(), ..seal() }).await;
        assert_invalid(&refused.unwrap_err(), field);
        if digest.is_some() {
            let discard = pb::DiscardRequest { upload: UPLOAD.to_owned(), digest };
            assert_invalid(&client.discard(discard).await.unwrap_err(), field);
        }
    }
    for size_bytes in [0, -1] {
        let refused = client.seal(pb::SealRequest { size_bytes, ..seal() }).await.unwrap_err();
        assert_invalid(&refused, "size_bytes");
    }
    for length in [0, 31, 33] {
        let chunk_root = vec![0; length].into();
        let refused = client.seal(pb::SealRequest { chunk_root, ..seal() }).await.unwrap_err();
        assert_invalid(&refused, "chunk_root");
    }
    let stage = |offset, length| pb::StageRequest {
        upload: UPLOAD.to_owned(),
        offset,
        data: vec![0; length].into(),
    };
    assert_invalid(&client.stage(stage(-1, 1)).await.unwrap_err(), "offset");
    assert_invalid(&client.stage(stage(i64::MAX, 1)).await.unwrap_err(), "offset");
    assert_invalid(&client.stage(stage(0, 1024 * 1024 + 1)).await.unwrap_err(), "data");
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_unread() {
    let served = Served::start(Mood::Honest).await;
    let data = vec![0; 1024 * 1024 + 64 * 1024].into();
    let request = pb::StageRequest { upload: UPLOAD.to_owned(), offset: 0, data };

    let refused = served.client().stage(request).await.unwrap_err();

    assert_eq!(refused.code(), Code::OutOfRange, "{refused}");
}

#[tokio::test]
async fn a_broken_timeout_is_refused_with_its_reason() {
    let served = Served::start(Mood::Honest).await;
    let mut request = tonic::Request::new(lookup());
    request.metadata_mut().insert("grpc-timeout", "soon".parse().unwrap());

    let refused = served.client().lookup(request).await.unwrap_err();

    let (code, reason, _) = reason(&refused);
    assert_eq!((code, reason.as_str()), (Code::InvalidArgument, "TIMEOUT_MALFORMED"));
}

#[tokio::test]
async fn every_wrong_field_of_verify_is_named() {
    let served = Served::start(Mood::Honest).await;
    let claim = |field: &str, value: &str| pb::VerifyRequest {
        claims: vec![pb::Claim { field: field.to_owned(), value: value.to_owned() }],
        ..verify()
    };
    let mut cases = vec![
        (claim("", "x"), "claims.field"),
        (claim("Name", "x"), "claims.field"),
        (claim(&long(65), "x"), "claims.field"),
        (claim("name", ""), "claims.value"),
        (claim("name", &long(257)), "claims.value"),
        (pb::VerifyRequest { claims: vec![verify().claims[0].clone(); 17], ..verify() }, "claims"),
    ];
    for (subject, field) in wrong_subjects() {
        cases.push((pb::VerifyRequest { subject, ..verify() }, field));
    }

    for (request, field) in cases {
        let refused = served.client().verify(request).await.unwrap_err();
        assert_invalid(&refused, field);
    }
}
