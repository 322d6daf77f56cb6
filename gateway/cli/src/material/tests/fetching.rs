//! `material fetch`.

use bytes::Bytes;
use oncebus_proto::v1 as pb;
use serde_json::Value;
use tempfile::TempDir;
use tonic::Status;

use super::{
    content,
    fake::{Fake, info, receipt},
    names, path, run,
};
use crate::exit::{CliError, Exit};

const VERSION: &str = "materialTypes/business_license/versions/v1";
const WHAT: [&str; 4] = ["--type", "M01", "--subject", "credit:91370800"];

type Message = Result<pb::FetchMaterialResponse, Status>;

fn first(info: pb::MaterialInfo, data: &[u8]) -> Message {
    let data = Bytes::copy_from_slice(data);
    Ok(pb::FetchMaterialResponse { info: Some(info), data, receipt: None })
}

fn last(data: &[u8]) -> Message {
    let data = Bytes::copy_from_slice(data);
    Ok(pb::FetchMaterialResponse { info: None, data, receipt: Some(receipt()) })
}

async fn fetch(gateway: &Fake, dir: &TempDir, what: &[&str]) -> Result<Value, CliError> {
    let out = path(dir, "out.pdf");
    run(gateway, &[&["fetch", "--out", out.to_str().unwrap()][..], what].concat()).await
}

#[tokio::test]
async fn a_fetch_leaves_the_verified_file_and_nothing_else() {
    let gateway = Fake::start().await;
    let dir = tempfile::tempdir().unwrap();
    let content = content(100_000);
    gateway.will_send(vec![first(info(&content), &content[..60_000]), last(&content[60_000..])]);

    let told = fetch(&gateway, &dir, &WHAT).await.unwrap();

    assert_eq!(names(&dir), ["out.pdf"]);
    assert!(std::fs::read(path(&dir, "out.pdf")).unwrap() == content);
    assert_eq!(told["version"], VERSION);
    assert_eq!((&told["cache"], &told["holder"]), (&"miss".into(), &"market".into()));
    assert_eq!(told["receipt"]["index"], 7);
}

#[tokio::test]
async fn a_stream_that_breaks_goes_on_by_version_and_offset() {
    for broken in [Status::unavailable("gone"), Status::unknown("reset"), Status::internal("h2")] {
        let gateway = Fake::start().await;
        let dir = tempfile::tempdir().unwrap();
        let content = content(100_000);
        let (begin, middle, end) =
            (&content[..40_000], &content[40_000..70_000], &content[70_000..]);
        gateway.will_send(vec![first(info(&content), begin), Err(broken.clone())]);
        gateway.will_send(vec![first(info(&content), middle), Err(broken)]);
        gateway.will_send(vec![first(info(&content), &[]), last(end)]);

        fetch(&gateway, &dir, &WHAT).await.unwrap();

        assert!(std::fs::read(path(&dir, "out.pdf")).unwrap() == content);
        let asked = gateway.script.fetched.lock().unwrap();
        let places: Vec<_> =
            asked.iter().map(|fetch| (fetch.version.as_str(), fetch.offset)).collect();
        assert_eq!(places, [("", 0), (VERSION, 40_000), (VERSION, 70_000)]);
        assert!(asked.iter().all(|fetch| fetch.request_id == asked[0].request_id));
    }
}

#[tokio::test]
async fn a_stream_that_breaks_for_ever_is_given_up_and_leaves_nothing() {
    let gateway = Fake::start().await;
    let dir = tempfile::tempdir().unwrap();
    let gone = || Err(Status::unavailable("gone"));
    gateway.will_send(vec![first(info(b"abc"), b"a"), gone()]);
    for _ in 0..9 {
        gateway.will_send(vec![gone()]);
    }

    let error = fetch(&gateway, &dir, &WHAT).await.unwrap_err();

    assert_eq!(error.code, Exit::Connect);
    assert_eq!(gateway.script.fetched.lock().unwrap().len(), 4, "the first and three more");
    assert_eq!(names(&dir), [""; 0]);
}

#[tokio::test]
async fn an_answer_that_breaks_its_promise_is_not_kept() {
    let other = pb::MaterialInfo { version: "materialTypes/a/versions/v2".into(), ..info(b"abc") };
    let nameless = pb::MaterialInfo { sent_digest: None, ..info(b"abc") };
    let early =
        Ok(pb::FetchMaterialResponse { info: None, data: Bytes::new(), receipt: Some(receipt()) });
    let silent = Ok(pb::FetchMaterialResponse::default());
    let cases: [(&str, Vec<Message>); 8] = [
        ("no receipt", vec![first(info(b"abc"), b"abc")]),
        ("no receipt", vec![first(info(b"abc"), b"ab"), early, silent]),
        ("no description", vec![]),
        ("without a description", vec![last(b"abc")]),
        ("another digest", vec![first(info(b"abc"), b"ab"), last(b"d")]),
        ("another digest", vec![first(info(b"abc"), b"a"), last(b"b")]),
        ("longer than it says", vec![first(info(b"abc"), b"ab"), last(b"cd")]),
        ("names no digest", vec![first(nameless, b"ab"), last(b"c")]),
    ];
    for (fault, messages) in cases {
        let gateway = Fake::start().await;
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(path(&dir, "out.pdf"), b"before").unwrap();
        gateway.will_send(messages);

        let error = fetch(&gateway, &dir, &WHAT).await.unwrap_err();

        assert_eq!(error.code, Exit::Verification, "{fault}: {error}");
        assert!(error.message.contains(fault), "{fault}: {error}");
        assert_eq!(names(&dir), ["out.pdf"], "{fault}");
        assert_eq!(std::fs::read(path(&dir, "out.pdf")).unwrap(), b"before", "{fault}");
    }
    let gateway = Fake::start().await;
    gateway.will_send(vec![first(other, b"abc")]);
    let dir = tempfile::tempdir().unwrap();

    let error = fetch(&gateway, &dir, &["--version", VERSION]).await.unwrap_err();

    assert!(error.message.contains("another version"), "{error}");
}

#[tokio::test]
async fn an_offset_continues_the_file_and_verifies_the_whole() {
    let gateway = Fake::start().await;
    let dir = tempfile::tempdir().unwrap();
    let content = content(100_000);
    std::fs::write(path(&dir, "out.pdf"), &content[..40_000]).unwrap();
    gateway.will_send(vec![first(info(&content), &[]), last(&content[40_000..])]);

    fetch(&gateway, &dir, &["--version", VERSION, "--offset", "40000"]).await.unwrap();

    assert!(std::fs::read(path(&dir, "out.pdf")).unwrap() == content);
    assert_eq!(gateway.script.fetched.lock().unwrap()[0].offset, 40_000);
}

#[tokio::test]
async fn a_file_that_was_spoilt_before_its_offset_is_found_out() {
    let gateway = Fake::start().await;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(path(&dir, "out.pdf"), b"aX").unwrap();
    gateway.will_send(vec![first(info(b"abc"), &[]), last(b"c")]);

    let error = fetch(&gateway, &dir, &["--version", VERSION, "--offset", "2"]).await.unwrap_err();

    assert_eq!(error.code, Exit::Verification);
    assert_eq!(std::fs::read(path(&dir, "out.pdf")).unwrap(), b"aX");
}

#[tokio::test]
async fn an_offset_that_is_not_the_files_size_is_refused_with_the_cure() {
    let gateway = Fake::start().await;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(path(&dir, "out.pdf"), b"ab").unwrap();

    let error = fetch(&gateway, &dir, &["--version", VERSION, "--offset", "3"]).await.unwrap_err();

    assert_eq!(error.code, Exit::Usage);
    assert!(error.message.contains("give --offset 2"), "{error}");
    assert!(gateway.script.fetched.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_not_there_is_told_at_once() {
    let gateway = Fake::start().await;
    let dir = tempfile::tempdir().unwrap();

    let error = fetch(&gateway, &dir, &WHAT).await.unwrap_err();

    assert_eq!(error.code, Exit::NotFound);
    assert_eq!(error.message, "so it is (MATERIAL_NOT_FOUND)");
    assert_eq!(names(&dir), [""; 0]);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_named() {
    let gateway = Fake::start().await;
    let dir = tempfile::tempdir().unwrap();
    let out = path(&dir, "no/such/folder/out.pdf");

    let line = [&["fetch", "--out", out.to_str().unwrap()][..], &WHAT].concat();
    let error = run(&gateway, &line).await.unwrap_err();

    assert_eq!(error.code, Exit::Usage);
    assert!(error.message.contains("no/such/folder"), "{error}");
}
