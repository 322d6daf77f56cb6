//! Every request field that is wrong is named, with its cure, and nothing is done.

use oncebus_proto::v1::{self as pb, admin_service_client::AdminServiceClient};
use oncebus_tests::{Document, TestBus, purpose, reason, subject};
use tonic::{Code, Status};

/// A text that is too long for any field.
fn long() -> String {
    "X".repeat(300)
}

fn assert_names(status: &Status, field: &str, case: &str) {
    assert_eq!(status.code(), Code::InvalidArgument, "{case}: {status:?}");
    assert_eq!(reason(status), "INVALID_FIELD", "{case}");
    let message = status.message();
    assert!(message.starts_with(field), "{case}: {message:?} does not name {field}");
    let cures = ["give", "send", "remove", "leave", "say", "name", "start", "continue"];
    assert!(cures.iter().any(|cure| message.contains(cure)), "{case}: {message:?} has no cure");
    assert!(!message.contains("XXXX"), "{case}: {message:?} repeats the value");
}

/// A change to a request, and the field that must be named.
type Case<M> = (&'static str, &'static str, fn(&mut M));

fn purposes() -> Vec<Case<pb::Purpose>> {
    vec![
        ("empty item", "purpose.item", |p| p.item.clear()),
        ("long item", "purpose.item", |p| p.item = long()),
        ("item with a control character", "purpose.item", |p| p.item = "I\n1".to_owned()),
        ("item that is no code", "purpose.item", |p| p.item = "I-14".to_owned()),
        ("empty case", "purpose.case_number", |p| p.case_number.clear()),
        ("long case", "purpose.case_number", |p| p.case_number = long()),
        ("case with a control character", "purpose.case_number", |p| p.case_number.push('\0')),
        ("no cause", "purpose.cause", |p| p.cause = 0),
        ("unknown cause", "purpose.cause", |p| p.cause = 99),
        ("empty basis", "purpose.legal_basis", |p| p.legal_basis.clear()),
        ("long basis", "purpose.legal_basis", |p| p.legal_basis = long()),
        ("basis with a control character", "purpose.legal_basis", |p| p.legal_basis.push('\t')),
        ("empty officer", "purpose.officer", |p| p.officer.clear()),
        ("long officer", "purpose.officer", |p| p.officer = long()),
        ("no authorization", "purpose.authorization", |p| p.authorization = None),
        ("unknown ground", "purpose.authorization.kind", |p| {
            p.authorization.as_mut().unwrap().kind = 9;
        }),
        ("reference of a duty", "purpose.authorization.reference", |p| {
            p.authorization.as_mut().unwrap().reference = "R".to_owned();
        }),
        ("consent without reference", "purpose.authorization.reference", |p| {
            p.authorization.as_mut().unwrap().kind = 2;
        }),
        ("long reference", "purpose.authorization.reference", |p| {
            let kind = pb::AuthorizationKind::HolderConsent.into();
            p.authorization = Some(pb::Authorization { kind, reference: long() });
        }),
    ]
}

fn subjects() -> Vec<Case<pb::Subject>> {
    vec![
        ("empty scheme", "subject.scheme", |s| s.scheme.clear()),
        ("unknown scheme", "subject.scheme", |s| s.scheme = "passport".to_owned()),
        ("empty value", "subject.value", |s| s.value.clear()),
        ("long value", "subject.value", |s| s.value = long()),
        ("value with a control character", "subject.value", |s| s.value.push('\u{7f}')),
        ("value with a space inside", "subject.value", |s| s.value.insert(4, ' ')),
        ("value without upper case", "subject.value", |s| s.value.push('\u{138}')),
        ("project of no shape", "subject.value", |s| s.value = "abc".to_owned()),
        ("company of no shape", "subject.value", |s| s.scheme = "credit".to_owned()),
        ("citizen of no shape", "subject.value", |s| s.scheme = "citizen".to_owned()),
        ("wrong check digit", "subject.value", |s| {
            *s =
                pb::Subject { scheme: "credit".to_owned(), value: "91350211M0000XUF46".to_owned() };
        }),
    ]
}

fn digests() -> Vec<Case<pb::Digest>> {
    vec![
        ("no algorithm", "digest.algorithm", |d| d.algorithm = 0),
        ("unknown algorithm", "digest.algorithm", |d| d.algorithm = 7),
        ("empty digest", "digest.value", |d| d.value.clear()),
        ("short digest", "digest.value", |d| d.value.truncate(31)),
        ("long digest", "digest.value", |d| d.value = vec![0; 33].into()),
    ]
}

#[tokio::test]
async fn begin_publish_names_each_wrong_field() {
    let bus = TestBus::start().await;
    let good = Document::new("construction_contract", "C-1", "content").begin();
    let mut cases: Vec<(&str, &str, pb::BeginPublishRequest)> = Vec::new();
    let plain: Vec<Case<pb::BeginPublishRequest>> = vec![
        ("empty type", "material_type", |r| r.material_type.clear()),
        ("unknown type", "material_type", |r| r.material_type = "M99".to_owned()),
        ("long type", "material_type", |r| r.material_type = long()),
        ("no subject", "subject", |r| r.subject = None),
        ("empty number", "number", |r| r.number.clear()),
        ("long number", "number", |r| r.number = long()),
        ("number with a control character", "number", |r| r.number.push('\n')),
        ("size 0", "size_bytes", |r| r.size_bytes = 0),
        ("negative size", "size_bytes", |r| r.size_bytes = -1),
        ("no digest", "digest", |r| r.digest = None),
        ("empty media type", "media_type", |r| r.media_type.clear()),
        ("media type that is none", "media_type", |r| r.media_type = "pdf".to_owned()),
        ("long media type", "media_type", |r| r.media_type = long()),
        ("issued on no day", "issued", |r| r.issued = "2026-02-30".to_owned()),
        ("valid until no day", "valid_until", |r| r.valid_until = "for ever".to_owned()),
        ("long issuer", "issuer", |r| r.issuer = long()),
        ("issuer with a control character", "issuer", |r| r.issuer = "a\u{1}".to_owned()),
        ("expected version that is none", "expected_version", |r| r.expected_version = long()),
        ("empty request id", "request_id", |r| r.request_id.clear()),
        ("request id that is none", "request_id", |r| r.request_id = long()),
        ("no purpose", "purpose", |r| r.purpose = None),
    ];
    for (case, field, change) in plain {
        let mut request = good.clone();
        change(&mut request);
        cases.push((case, field, request));
    }
    for (case, field, change) in purposes() {
        let mut request = good.clone();
        change(request.purpose.as_mut().unwrap());
        cases.push((case, field, request));
    }
    for (case, field, change) in subjects() {
        let mut request = good.clone();
        change(request.subject.as_mut().unwrap());
        cases.push((case, field, request));
    }
    for (case, field, change) in digests() {
        let mut request = good.clone();
        change(request.digest.as_mut().unwrap());
        cases.push((case, field, request));
    }

    let mut transfer = bus.client("housing").transfer;
    for (case, field, request) in cases {
        let refused = transfer.begin_publish(request).await.expect_err(case);
        assert_names(&refused, field, case);
    }

    assert_eq!(bus.adapter_calls(), 0);
}

#[tokio::test]
async fn begin_publish_names_what_the_type_does_not_allow() {
    let bus = TestBus::start().await;
    let mut too_large = Document::new("construction_contract", "C-1", "content").begin();
    too_large.size_bytes = 1 << 40;
    let mut other_kind = Document::new("construction_contract", "C-1", "content").begin();
    other_kind.media_type = "image/gif".to_owned();

    let mut transfer = bus.client("housing").transfer;
    let size = transfer.begin_publish(too_large).await.unwrap_err();
    let kind = transfer.begin_publish(other_kind).await.unwrap_err();

    assert_names_limit(&size, "size_bytes");
    assert_names_limit(&kind, "media_type");
}

fn assert_names_limit(status: &Status, field: &str) {
    assert_eq!((status.code(), reason(status).as_str()), (Code::InvalidArgument, "INVALID_FIELD"));
    let message = status.message();
    assert!(message.starts_with(field) && message.contains("may"), "{message}");
}

#[tokio::test]
async fn put_and_commit_name_each_wrong_field() {
    let bus = TestBus::start().await;
    let document = Document::new("construction_contract", "C-1", "content");
    let mut transfer = bus.client("housing").transfer;
    let begun = transfer.begin_publish(document.begin()).await.unwrap().into_inner();
    let put = |change: fn(&mut pb::PutChunkRequest)| {
        let data = document.content.clone();
        let mut request = pb::PutChunkRequest { upload: begun.upload.clone(), offset: 0, data };
        change(&mut request);
        request
    };
    let puts = [
        ("empty upload", "upload", put(|r| r.upload.clear())),
        ("upload that is none", "upload", put(|r| r.upload = long())),
        ("negative offset", "offset", put(|r| r.offset = -1)),
        ("offset within a chunk", "offset", put(|r| r.offset = 1)),
        ("no data", "data", put(|r| r.data.clear())),
        ("too much data", "data", put(|r| r.data = vec![0; 1024 * 1024 + 1].into())),
        ("data past the end", "data", put(|r| r.data = vec![0; 8].into())),
        ("a piece that is not the end", "data", put(|r| r.data.truncate(3))),
    ];
    let commit = |change: fn(&mut pb::CommitPublishRequest)| {
        let mut request = document.commit(&begun.upload);
        change(&mut request);
        request
    };
    let commits = [
        ("empty upload", "upload", commit(|r| r.upload.clear())),
        ("upload that is none", "upload", commit(|r| r.upload = "uploads/1".to_owned())),
        ("negative size", "size_bytes", commit(|r| r.size_bytes = -1)),
        ("no digest", "digest", commit(|r| r.digest = None)),
        ("short digest", "digest.value", commit(|r| r.digest.as_mut().unwrap().value.truncate(5))),
        ("no algorithm", "digest.algorithm", commit(|r| r.digest.as_mut().unwrap().algorithm = 0)),
        ("empty request id", "request_id", commit(|r| r.request_id.clear())),
        ("request id that is none", "request_id", commit(|r| r.request_id = "7".to_owned())),
    ];

    for (case, field, request) in puts {
        assert_names(&transfer.put_chunk(request).await.expect_err(case), field, case);
    }
    for (case, field, request) in commits {
        assert_names(&transfer.commit_publish(request).await.expect_err(case), field, case);
    }

    assert_eq!(bus.adapter("housing").calls().all(), 0);
}

#[tokio::test]
async fn fetch_find_and_get_name_each_wrong_field() {
    let bus = TestBus::start().await;
    let client = bus.client("planning");
    let name = format!("materialTypes/business_license/versions/{}", "0".repeat(64));
    let fetches: Vec<Case<pb::FetchMaterialRequest>> = vec![
        ("nothing named", "version", |r| r.material_type.clear()),
        ("version that is none", "version", |r| {
            *r = pb::FetchMaterialRequest {
                version: long(),
                purpose: Some(purpose()),
                request_id: r.request_id.clone(),
                ..Default::default()
            };
        }),
        ("version and type", "material_type", |r| r.version = "v".to_owned()),
        ("unknown type", "material_type", |r| r.material_type = "M99".to_owned()),
        ("no subject", "subject", |r| r.subject = None),
        ("unknown scheme", "subject.scheme", |r| r.subject.as_mut().unwrap().scheme = long()),
        ("long number", "number", |r| r.number = long()),
        ("negative offset", "offset", |r| r.offset = -1),
        ("offset without version", "offset", |r| r.offset = 5),
        ("no purpose", "purpose", |r| r.purpose = None),
        ("empty request id", "request_id", |r| r.request_id.clear()),
    ];
    let finds: Vec<Case<pb::FindMaterialsRequest>> = vec![
        ("unknown type", "material_type", |r| r.material_type.clear()),
        ("no subject", "subject", |r| r.subject = None),
        ("empty value", "subject.value", |r| r.subject.as_mut().unwrap().value.clear()),
        ("long number", "number", |r| r.number = long()),
        ("no purpose", "purpose", |r| r.purpose = None),
        ("request id that is none", "request_id", |r| r.request_id = "7".to_owned()),
        ("negative page", "page_size", |r| r.page_size = -1),
        ("forged token", "page_token", |r| r.page_token = "AAAA".to_owned()),
        ("long token", "page_token", |r| r.page_token = "A".repeat(9_000)),
    ];
    let gets: Vec<Case<pb::GetMaterialRequest>> = vec![
        ("empty version", "version", |r| r.version.clear()),
        ("unknown type", "version", |r| r.version = r.version.replace("business", "pub")),
        ("request id that is none", "request_id", |r| r.request_id = long()),
        ("upper-case id", "version", |r| r.version = r.version.replace("00", "AA")),
        ("no purpose", "purpose", |r| r.purpose = None),
    ];

    for (case, field, change) in fetches {
        let mut request = Document::new("M01", "L-1", "").fetch();
        change(&mut request);
        assert_names(&client.fetch(request).await.expect_err(case), field, case);
    }
    for (case, field, change) in finds {
        let mut request = pb::FindMaterialsRequest {
            material_type: "M01".to_owned(),
            subject: Some(subject()),
            purpose: Some(purpose()),
            ..Default::default()
        };
        change(&mut request);
        let refused = client.material.clone().find_materials(request).await.expect_err(case);
        assert_names(&refused, field, case);
    }
    for (case, field, change) in gets {
        let version = name.clone();
        let mut request =
            pb::GetMaterialRequest { version, purpose: Some(purpose()), ..Default::default() };
        change(&mut request);
        let refused = client.material.clone().get_material(request).await.expect_err(case);
        assert_names(&refused, field, case);
    }

    assert_eq!(bus.adapter_calls(), 0);
}

#[tokio::test]
async fn catalogue_audit_and_admin_name_each_wrong_field() {
    let bus = TestBus::start().await;
    let client = bus.client("audit");
    let searches: Vec<Case<pb::SearchRecordsRequest>> = vec![
        ("department that is none", "department", |r| {
            r.filter.get_or_insert_default().department = "Housing!".to_owned()
        }),
        ("long system", "system", |r| r.filter.get_or_insert_default().system = long()),
        ("holder that is none", "holder", |r| r.filter.get_or_insert_default().holder = long()),
        ("unknown type", "material_type", |r| {
            r.filter.get_or_insert_default().material_type = "M99".to_owned()
        }),
        ("item with a control character", "item", |r| {
            r.filter.get_or_insert_default().item = "\u{2}".to_owned()
        }),
        ("unknown kind", "kind", |r| r.filter.get_or_insert_default().kind = "outcomes".to_owned()),
        ("unknown operation", "operation", |r| {
            r.filter.get_or_insert_default().operation = "delete".to_owned()
        }),
        ("unknown outcome", "outcome", |r| {
            r.filter.get_or_insert_default().outcome = "good".to_owned()
        }),
        ("long reason", "reason", |r| r.filter.get_or_insert_default().reason = long()),
        ("long version", "version", |r| r.filter.get_or_insert_default().version = long()),
        ("start that is no time", "start_time", |r| {
            r.filter.get_or_insert_default().start_time =
                Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 });
        }),
        ("negative page", "page_size", |r| r.page_size = -5),
        ("forged token", "page_token", |r| r.page_token = "bm9uZQ".to_owned()),
    ];

    for (case, field, change) in searches {
        let mut request = pb::SearchRecordsRequest::default();
        change(&mut request);
        let refused = client.audit.clone().search_records(request).await.expect_err(case);
        assert_names(&refused, field, case);
    }
    for (case, id) in [("no id", String::new()), ("no UUID", "7".to_owned()), ("long", long())] {
        let mut admin = AdminServiceClient::new(client.channel.clone());
        let reload = pb::ReloadConfigRequest { request_id: id };
        let refused = admin.reload_config(reload).await.expect_err(case);
        assert_names(&refused, "request_id", case);
    }
    let index = pb::GetRecordRequest { index: -1, ..Default::default() };
    let index = client.audit.clone().get_record(index).await.unwrap_err();
    let code = pb::GetMaterialTypeRequest { code: long() };
    let code = client.catalog.clone().get_material_type(code).await.unwrap_err();
    let page = pb::ListMaterialTypesRequest { page_size: -1, ..Default::default() };
    let page = client.catalog.clone().list_material_types(page).await.unwrap_err();

    assert_names(&index, "index", "negative index");
    assert_names(&code, "code", "unknown code");
    assert_names(&page, "page_size", "negative page");
}
