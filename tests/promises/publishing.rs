//! Publish once: never a visible half, never two versions, never a second stored copy.

use futures_util::future::join_all;
use jiff::SignedDuration;
use oncebus_tests::{Document, Fault, TestBus, digest, reason, receipt, request_id};
use tonic::Code;

const MIB: usize = 1024 * 1024;

fn contract(content: impl Into<bytes::Bytes>) -> Document {
    Document::new("construction_contract", "C-1", content)
}

#[tokio::test]
async fn what_is_published_once_is_fetched_by_others_to_the_byte() {
    let bus = TestBus::start().await;
    let content: Vec<u8> = (0..3 * MIB + 17).map(|at| (at * 31 % 251) as u8).collect();
    let document = contract(content.clone());

    let published = bus.client("housing").publish(&document).await.unwrap();
    let fetched = bus.client("planning").fetch(document.fetch()).await.unwrap();

    assert!(!published.already_held);
    assert_eq!(fetched.content, content);
    assert_eq!(fetched.info.version, published.info.unwrap().version);
    assert_eq!(fetched.info.holder, "housing");
    assert!(fetched.info.current);
}

#[tokio::test]
async fn what_is_held_is_not_sent_again() {
    let bus = TestBus::start().await;
    let client = bus.client("housing");
    let document = contract("a contract");
    let first = client.publish(&document).await.unwrap();
    let stages = bus.adapter("housing").calls().stage;

    let again = client.publish(&document).await.unwrap();

    assert!(again.already_held);
    assert_eq!(again.info.unwrap().version, first.info.unwrap().version);
    assert_eq!(bus.adapter("housing").calls().stage, stages);
}

#[tokio::test]
async fn an_upload_resumes_where_it_stopped() {
    let bus = TestBus::start().await;
    let document = contract(vec![7; 5 * MIB]);
    let mut transfer = bus.client("housing").transfer;
    let begun = transfer.begin_publish(document.begin()).await.unwrap().into_inner();
    let part = Document { content: document.content.slice(..3 * MIB), ..document.clone() };
    bus.client("housing").put(&part, &begun.upload, 0).await.unwrap();

    let resumed = transfer.begin_publish(document.begin()).await.unwrap().into_inner();
    bus.client("housing").put(&document, &resumed.upload, 3 * MIB).await.unwrap();
    let committed = transfer.commit_publish(document.commit(&resumed.upload)).await;

    assert_eq!(resumed.upload, begun.upload);
    assert_eq!(resumed.offset as usize, 3 * MIB);
    assert!(!committed.unwrap().into_inner().already_held);
}

#[tokio::test]
async fn an_upload_survives_a_restart_of_the_gateway() {
    let mut bus = TestBus::start().await;
    let document = contract(vec![9; 2 * MIB]);
    let mut transfer = bus.client("housing").transfer;
    let begun = transfer.begin_publish(document.begin()).await.unwrap().into_inner();
    let part = Document { content: document.content.slice(..MIB), ..document.clone() };
    bus.client("housing").put(&part, &begun.upload, 0).await.unwrap();

    bus.restart().await;
    let published = bus.client("housing").publish(&document).await.unwrap();
    let closing = bus.client("audit").outcomes("publish").await.pop().unwrap();

    assert!(!published.already_held);
    assert_eq!(closing.outcome, "served", "the intent of the upload was closed by the restart");
    assert_eq!(bus.client("audit").outcomes("publish").await.len(), 1);
}

#[tokio::test]
async fn a_wrong_offset_is_told_the_right_one() {
    let bus = TestBus::start().await;
    let document = contract(vec![1; 2 * MIB]);
    let mut transfer = bus.client("housing").transfer;
    let begun = transfer.begin_publish(document.begin()).await.unwrap().into_inner();

    let refused = bus.client("housing").put(&document, &begun.upload, MIB).await.unwrap_err();

    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::OutOfRange, "UPLOAD_OFFSET"));
    assert!(refused.message().contains("offset 0"), "{}", refused.message());
}

#[tokio::test]
async fn a_commit_with_another_digest_or_size_makes_nothing_visible() {
    let bus = TestBus::start().await;
    let document = contract("the real contract");
    let client = bus.client("housing");
    let mut transfer = client.transfer.clone();
    let begun = transfer.begin_publish(document.begin()).await.unwrap().into_inner();
    client.put(&document, &begun.upload, 0).await.unwrap();
    let mut other_digest = document.commit(&begun.upload);
    other_digest.digest = Some(digest(b"another contract"));
    let mut other_size = document.commit(&begun.upload);
    other_size.size_bytes += 1;

    let by_digest = transfer.commit_publish(other_digest).await.unwrap_err();
    let by_size = transfer.commit_publish(other_size).await.unwrap_err();
    let seen = client.fetch(document.fetch()).await.unwrap_err();
    let right = transfer.commit_publish(document.commit(&begun.upload)).await;

    assert_eq!(reason(&by_digest), "DIGEST_MISMATCH");
    assert_eq!(reason(&by_size), "SIZE_MISMATCH");
    assert_eq!(reason(&seen), "MATERIAL_NOT_FOUND");
    assert!(receipt(&by_digest).is_some(), "the refusal is not on record");
    assert!(right.is_ok(), "a mistyped commit spoiled the upload");
}

#[tokio::test]
async fn content_that_is_not_what_was_announced_never_becomes_a_version() {
    let bus = TestBus::start().await;
    let client = bus.client("housing");
    let announced = contract("announced content");
    let sent = Document { content: "different bytes!!".into(), ..announced.clone() };
    let mut transfer = client.transfer.clone();
    let begun = transfer.begin_publish(announced.begin()).await.unwrap().into_inner();
    client.put(&sent, &begun.upload, 0).await.unwrap();

    let refused = transfer.commit_publish(announced.commit(&begun.upload)).await.unwrap_err();

    assert_eq!(reason(&refused), "DIGEST_MISMATCH");
    assert_eq!(reason(&client.fetch(announced.fetch()).await.unwrap_err()), "MATERIAL_NOT_FOUND");
    assert_eq!((bus.adapter("housing").staged(), bus.adapter("housing").sealed()), (0, 0));
}

#[tokio::test]
async fn a_commit_before_all_bytes_came_is_refused_and_may_go_on() {
    let bus = TestBus::start().await;
    let client = bus.client("housing");
    let document = contract(vec![3; MIB + 5]);
    let mut transfer = client.transfer.clone();
    let begun = transfer.begin_publish(document.begin()).await.unwrap().into_inner();
    let part = Document { content: document.content.slice(..MIB), ..document.clone() };
    client.put(&part, &begun.upload, 0).await.unwrap();

    let early = transfer.commit_publish(document.commit(&begun.upload)).await.unwrap_err();
    client.put(&document, &begun.upload, MIB).await.unwrap();
    let late = transfer.commit_publish(document.commit(&begun.upload)).await;

    assert_eq!(reason(&early), "SIZE_MISMATCH");
    assert!(late.is_ok());
}

#[tokio::test]
async fn an_upload_that_its_adapter_lost_in_part_goes_on_where_it_broke_off() {
    let bus = TestBus::start().await;
    let client = bus.client("housing");
    let document = contract(vec![6; 3 * MIB]);
    let mut transfer = client.transfer.clone();
    let begun = transfer.begin_publish(document.begin()).await.unwrap().into_inner();
    client.put(&document, &begun.upload, 0).await.unwrap();
    bus.adapter("housing").lose_staged(MIB + 1_000);

    let lost = transfer.commit_publish(document.commit(&begun.upload)).await.unwrap_err();
    let again = client.publish(&document).await.unwrap();
    let fetched = bus.client("planning").fetch(document.fetch()).await.unwrap();

    assert_eq!(reason(&lost), "SIZE_MISMATCH");
    assert!(lost.message().starts_with("1048576 bytes are staged"), "{}", lost.message());
    assert!(!again.already_held);
    assert_eq!(fetched.content, document.content);
}

#[tokio::test]
async fn a_repeated_commit_gets_the_same_answer_and_no_second_record() {
    let bus = TestBus::start().await;
    let client = bus.client("housing");
    let document = contract("once");
    let mut transfer = client.transfer.clone();
    let begun = transfer.begin_publish(document.begin()).await.unwrap().into_inner();
    client.put(&document, &begun.upload, 0).await.unwrap();
    let commit = document.commit(&begun.upload);

    let first = transfer.commit_publish(commit.clone()).await.unwrap().into_inner();
    let same_id = transfer.commit_publish(commit).await.unwrap().into_inner();
    let other_id = transfer.commit_publish(document.commit(&begun.upload)).await.unwrap();

    assert_eq!(same_id, first);
    assert_eq!(other_id.into_inner(), first);
    assert_eq!(bus.client("audit").outcomes("publish").await.len(), 1);
    assert_eq!(bus.adapter("housing").calls().seal, 1);
}

#[tokio::test]
async fn a_request_id_with_another_payload_is_refused() {
    let bus = TestBus::start().await;
    let mut transfer = bus.client("housing").transfer;
    let begin = contract("one").begin();
    let mut other = contract("two").begin();
    other.request_id = begin.request_id.clone();

    let first = transfer.begin_publish(begin.clone()).await.unwrap().into_inner();
    let again = transfer.begin_publish(begin).await.unwrap().into_inner();
    let reused = transfer.begin_publish(other).await.unwrap_err();

    assert_eq!(again.upload, first.upload);
    assert_eq!(reason(&reused), "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test]
async fn of_32_publishers_of_one_content_one_makes_the_version() {
    let bus = TestBus::start().await;
    let document = contract(vec![5; 300 * 1024]);

    // Two departments, so that two adapters are asked to store.
    let survey = Document { material_type: "geotech_survey_report".to_owned(), ..document };
    let publishers = (0..32).map(|at| {
        let client = bus.client(if at % 2 == 0 { "housing" } else { "planning" });
        let survey = survey.clone();
        async move { client.publish(&survey).await.unwrap() }
    });
    let answers = join_all(publishers).await;

    let new = answers.iter().filter(|answer| !answer.already_held).count();
    let version = &answers[0].info.as_ref().unwrap().version;
    assert!(answers.iter().all(|answer| answer.info.as_ref().unwrap().version == *version));
    let records = bus.client("audit").outcomes("publish").await;
    let made = records.iter().filter(|r| r.outcome == "served" && !r.already_held).count();
    assert_eq!(made, 1, "two records say that they made the version");
    assert!(new >= 1, "nobody made the version");
    let copies = ["housing", "planning"].map(|holder| bus.adapter(holder).sealed());
    assert_eq!(copies.iter().sum::<usize>(), 1, "stored twice: {copies:?}");
}

#[tokio::test]
async fn of_32_publishers_of_different_contents_one_wins_and_the_others_are_told() {
    let bus = TestBus::start().await;

    let publishers = (0..32).map(|at| {
        let client = bus.client("housing");
        let document = contract(format!("content {at}"));
        async move { client.publish(&document).await }
    });
    let answers = join_all(publishers).await;

    let winners: Vec<_> = answers.iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    let version = &winners[0].info.as_ref().unwrap().version;
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(reason(refused), "VERSION_CONFLICT");
        assert!(refused.message().contains(version.as_str()), "{}", refused.message());
    }
    assert_eq!(bus.adapter("housing").sealed(), 1, "contents that lost are kept");
}

#[tokio::test]
async fn a_new_version_replaces_the_one_that_its_publisher_names() {
    let bus = TestBus::start().await;
    let client = bus.client("housing");
    let first = client.publish(&contract("first")).await.unwrap().info.unwrap();
    let second = Document { expected: first.version.clone(), ..contract("second") };

    let unnamed = client.publish(&contract("third")).await.unwrap_err();
    let replaced = client.publish(&second).await.unwrap().info.unwrap();
    let current = client.fetch(contract("").fetch()).await.unwrap();
    let mut by_name = contract("").fetch();
    by_name.material_type.clear();
    by_name.subject = None;
    by_name.number.clear();
    by_name.version = first.version.clone();
    let old = client.fetch(by_name).await.unwrap();

    assert_eq!(reason(&unnamed), "VERSION_CONFLICT");
    assert_eq!(current.content, b"second");
    assert_eq!(current.info.version, replaced.version);
    assert_eq!((old.content.as_slice(), old.info.current), (&b"first"[..], false));
}

#[tokio::test]
async fn a_department_whose_adapter_cannot_store_is_told_so() {
    let bus = TestBus::start().await;
    bus.adapter("housing").break_by(Fault::CannotStore);

    let refused = bus.client("housing").publish(&contract("x")).await.unwrap_err();

    assert_eq!(reason(&refused), "HOLDER_CANNOT_STORE");
    assert!(receipt(&refused).is_some());
}

#[tokio::test]
async fn what_a_department_holds_is_never_uploaded() {
    let bus = TestBus::start().await;
    let license = Document::new("M01", "L-1", "a licence");

    let refused = bus.client("housing").publish(&license).await.unwrap_err();

    assert_eq!(reason(&refused), "NOT_UPLOADED");
    assert_eq!(bus.adapter_calls(), 0);
}

#[tokio::test]
async fn an_upload_without_progress_is_forgotten_and_on_record() {
    let bus = TestBus::start().await;
    let client = bus.client("housing");
    let document = contract(vec![2; MIB]);
    let begun = client.transfer.clone().begin_publish(document.begin()).await.unwrap();
    let upload = begun.into_inner().upload;
    client.put(&document, &upload, 0).await.unwrap();

    bus.clock.advance(SignedDuration::from_mins(59));
    let early = bus.gateway().sweep().await.unwrap();
    bus.clock.advance(SignedDuration::from_mins(2));
    let late = bus.gateway().sweep().await.unwrap();
    let after = client.transfer.clone().commit_publish(document.commit(&upload)).await.unwrap_err();

    assert_eq!((early.uploads, late.uploads), (0, 1));
    assert_eq!(bus.adapter("housing").staged(), 0);
    assert_eq!(reason(&after), "UPLOAD_NOT_FOUND");
    let records = bus.client("audit").records().await;
    let intent = records.iter().find(|record| record.kind == "intent").unwrap();
    let closing = records.iter().find(|record| record.reason == "UPLOAD_ABANDONED").unwrap();
    assert_eq!((closing.outcome.as_str(), closing.intent), ("failed", Some(intent.index)));
}

#[tokio::test]
async fn another_system_cannot_touch_an_upload() {
    let bus = TestBus::start().await;
    let document = contract("mine");
    let begun = bus.client("housing").transfer.begin_publish(document.begin()).await.unwrap();
    let upload = begun.into_inner().upload;

    let put = bus.client("planning").put(&document, &upload, 0).await.unwrap_err();
    let commit = document.commit(&upload);
    let commit = bus.client("planning").transfer.commit_publish(commit).await.unwrap_err();

    assert_eq!(reason(&put), "UPLOAD_NOT_FOUND");
    assert_eq!(reason(&commit), "UPLOAD_NOT_FOUND");
}

#[tokio::test]
async fn an_upload_cut_anywhere_goes_on_to_exactly_one_version() {
    let bus = TestBus::start().await;
    let document = contract(vec![8; 3 * MIB]);
    let begin = document.begin();

    // Each attempt hangs up after another number of polls, somewhere in the exchange.
    for polls in 0..60 {
        let client = bus.client("housing");
        let attempt = async {
            let mut transfer = client.transfer.clone();
            let mut begin = begin.clone();
            begin.request_id = request_id();
            let begun = transfer.begin_publish(begin).await?.into_inner();
            if begun.held_version.is_none() {
                client.put(&document, &begun.upload, begun.offset as usize).await?;
                transfer.commit_publish(document.commit(&begun.upload)).await?;
            }
            Ok::<_, tonic::Status>(())
        };
        hang_up_after(polls, attempt).await;
        match client.fetch(document.fetch()).await {
            Ok(fetched) => assert_eq!(fetched.content, document.content),
            Err(status) => assert_eq!(reason(&status), "MATERIAL_NOT_FOUND"),
        }
    }
    let published = bus.client("housing").publish(&document).await.unwrap();
    let fetched = bus.client("planning").fetch(document.fetch()).await.unwrap();

    assert_eq!(fetched.content, document.content);
    assert_eq!(published.info.unwrap().version, fetched.info.version);
    assert_eq!(bus.adapter("housing").sealed(), 1);
    let records = bus.client("audit").outcomes("publish").await;
    let made = records.iter().filter(|r| r.outcome == "served" && !r.already_held).count();
    assert_eq!(made, 1);
}

/// Polls a future `polls` times at most, then drops it.
async fn hang_up_after<F: Future>(polls: usize, future: F) {
    let mut future = std::pin::pin!(future);
    for _ in 0..polls {
        if futures_util::poll!(future.as_mut()).is_ready() {
            return;
        }
        tokio::task::yield_now().await;
    }
}
