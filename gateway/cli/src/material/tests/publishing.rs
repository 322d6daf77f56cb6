//! `material publish`.

use serde_json::Value;

use super::{
    content,
    fake::{Fake, Mishap, info},
    names, path, run,
};
use crate::exit::{CliError, Exit};

/// Two whole pieces and a bit.
const LENGTH: u32 = 2 * 1024 * 1024 + 300_000;
const QUARTER: usize = 256 * 1024;

async fn publish(gateway: &Fake, content: &[u8]) -> Result<Value, CliError> {
    let dir = tempfile::tempdir().unwrap();
    let file = path(&dir, "licence.pdf");
    std::fs::write(&file, content).unwrap();
    let file = file.to_str().unwrap();
    let what = ["--type", "business_license", "--subject", "credit:91370800", "--number", "N-1"];
    run(gateway, &[&["publish", "--file", file][..], &what].concat()).await
}

#[tokio::test]
async fn an_upload_goes_on_where_the_gateway_says() {
    let gateway = Fake::start().await;
    gateway.will_fail([None, Some(Mishap::Forgotten(QUARTER)), None, Some(Mishap::AnswerLost)]);
    let content = content(LENGTH);

    let told = publish(&gateway, &content).await.unwrap();

    assert!(*gateway.script.staged.lock().unwrap() == content, "what arrived is not what was sent");
    assert_eq!(told["already_held"], false);
    assert_eq!(told["size_bytes"], LENGTH);
    assert!(told["digest"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(told["receipt"]["origin"], "oncebus.test/log");
    assert_eq!(told["receipt"]["index"], 7);
}

#[tokio::test]
async fn an_upload_that_was_begun_before_sends_only_what_is_missing() {
    let gateway = Fake::start().await;
    let content = content(LENGTH);
    gateway.script.staged.lock().unwrap().extend_from_slice(&content[..QUARTER]);

    publish(&gateway, &content).await.unwrap();

    assert!(*gateway.script.staged.lock().unwrap() == content, "what arrived is not what was sent");
}

#[tokio::test]
async fn a_gateway_that_is_away_for_a_moment_is_asked_again_under_the_same_request_id() {
    let gateway = Fake::start().await;
    *gateway.script.away.lock().unwrap() = 2;

    publish(&gateway, b"%PDF").await.unwrap();

    let requests = gateway.script.requests.lock().unwrap();
    assert_eq!(requests.len(), 4, "three begins and a commit");
    assert!(requests.iter().all(|id| *id == requests[0]), "{requests:?}");
}

#[tokio::test]
async fn a_gateway_that_stays_away_is_given_up() {
    let gateway = Fake::start().await;
    *gateway.script.away.lock().unwrap() = u32::MAX;

    let error = publish(&gateway, b"%PDF").await.unwrap_err();

    assert_eq!(error.code, Exit::Connect);
    assert_eq!(error.message, "so it is (ADAPTER_UNAVAILABLE)");
    assert_eq!(gateway.script.requests.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn what_is_held_already_is_not_sent() {
    let gateway = Fake::start().await;
    *gateway.script.held.lock().unwrap() = Some(info(b"%PDF"));

    let told = publish(&gateway, b"%PDF").await.unwrap();

    assert_eq!(told["already_held"], true);
    assert!(gateway.script.staged.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_version_of_another_content_is_not_believed() {
    let gateway = Fake::start().await;
    *gateway.script.held.lock().unwrap() = Some(info(b"something else"));

    let error = publish(&gateway, b"%PDF").await.unwrap_err();

    assert_eq!(error.code, Exit::Verification);
    assert!(error.message.contains("another digest"), "{error}");
}

#[tokio::test]
async fn a_publication_without_a_receipt_is_not_believed() {
    let gateway = Fake::start().await;
    *gateway.script.receipts_lost.lock().unwrap() = Some(());

    let error = publish(&gateway, b"%PDF").await.unwrap_err();

    assert_eq!(error.code, Exit::Verification);
    assert!(error.message.contains("no receipt"), "{error}");
}

#[tokio::test]
async fn a_gateway_that_leads_nowhere_is_left() {
    let stuck = Fake::start().await;
    stuck.will_fail([Some(Mishap::Stuck)]);
    let forgetful = Fake::start().await;
    forgetful.will_fail([None, Some(Mishap::Forgotten(0))].repeat(40));
    let gone = Fake::start().await;
    gone.will_fail([Some(Mishap::Gone)]);
    let content = content(LENGTH);

    let stuck = publish(&stuck, &content).await.unwrap_err();
    let forgetful = publish(&forgetful, &content).await.unwrap_err();
    let gone = publish(&gone, &content).await.unwrap_err();

    assert!(stuck.message.contains("offset 0"), "{stuck}");
    assert_eq!(stuck.code, Exit::Check);
    assert!(forgetful.message.contains("UPLOAD_OFFSET"), "{forgetful}");
    assert_eq!(gone.code, Exit::NotFound);
}

#[tokio::test]
async fn the_receipt_is_kept_where_the_user_says() {
    let gateway = Fake::start().await;
    let dir = tempfile::tempdir().unwrap();
    let (file, kept) = (path(&dir, "licence.ofd"), path(&dir, "receipt.json"));
    std::fs::write(&file, b"OFD").unwrap();
    let files = ["--file", file.to_str().unwrap(), "--receipt", kept.to_str().unwrap()];
    let what = ["--type", "M01", "--subject", "credit:91370800", "--number", "N-1"];

    run(&gateway, &[&["publish"][..], &files, &what].concat()).await.unwrap();

    let kept: Value = serde_json::from_slice(&std::fs::read(kept).unwrap()).unwrap();
    assert_eq!(kept["origin"], "oncebus.test/log");
    assert_eq!(kept["index"], 7);
}

#[tokio::test]
async fn a_file_that_cannot_be_published_is_named_before_anybody_is_asked() {
    let gateway = Fake::start().await;
    let dir = tempfile::tempdir().unwrap();
    let nameless = path(&dir, "licence");
    std::fs::write(&nameless, b"?").unwrap();
    let absent = path(&dir, "absent.pdf");

    for (file, named) in [(&nameless, "--media-type"), (&absent, "absent.pdf")] {
        let file = file.to_str().unwrap();
        let what = ["--type", "M01", "--subject", "credit:91370800", "--number", "N-1"];
        let line = [&["publish", "--file", file][..], &what].concat();
        let error = run(&gateway, &line).await.unwrap_err();

        assert_eq!(error.code, Exit::Usage);
        assert!(error.message.contains(named), "{error}");
    }
    assert!(gateway.script.requests.lock().unwrap().is_empty());
    assert_eq!(names(&dir), ["licence"]);
}
