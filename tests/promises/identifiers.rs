//! One subject has one identifier, however it is typed; what cannot be one is refused by name.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use oncebus_core::Identifier;
use oncebus_proto::v1::{self as pb, admin_service_client::AdminServiceClient};
use oncebus_tests::{Client, Document, TestBus, purpose, reason, request_id};
use tonic::{Code, Status};

/// A company whose code fits.
const COMPANY: &str = "91370800MA3ABCD15K";
/// A company whose code was issued like this, and does not.
const MISFIT: &str = "91350211M0000XUF46";
/// A project's code from before there were check digits.
const LEGACY: &str = "2020-330327-48-01-167360";
/// How people and programs type [`COMPANY`].
const TYPED: [&str; 4] = [
    "91370800ma3abcd15k",
    " 91370800MA3ABCD15K  ",
    "９１３７０８００ＭＡ３ＡＢＣＤ１５Ｋ",
    "　９１３７０８００ｍａ３ａｂｃｄ１５ｋ",
];

/// Takes what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn about(scheme: &str, value: &str) -> Option<pb::Subject> {
    Some(pb::Subject { scheme: scheme.to_owned(), value: value.to_owned() })
}

fn contract() -> Document {
    Document::new("construction_contract", "C-1", "content")
}

async fn publish(client: &Client, subject: Option<pb::Subject>) -> Result<(), Status> {
    let mut transfer = client.transfer.clone();
    let begin = pb::BeginPublishRequest { subject, ..contract().begin() };
    let begun = transfer.begin_publish(begin).await?.into_inner();
    client.put(&contract(), &begun.upload, 0).await?;
    transfer.commit_publish(contract().commit(&begun.upload)).await?;
    Ok(())
}

async fn find(client: &Client, subject: Option<pb::Subject>) -> Result<usize, Status> {
    find_as(client, subject, purpose()).await
}

async fn find_as(
    client: &Client,
    subject: Option<pb::Subject>,
    purpose: pb::Purpose,
) -> Result<usize, Status> {
    let request = pb::FindMaterialsRequest {
        material_type: "M23".to_owned(),
        subject,
        purpose: Some(purpose),
        ..Default::default()
    };
    let found = client.material.clone().find_materials(request).await?;
    Ok(found.into_inner().materials.len())
}

fn fetch(subject: Option<pb::Subject>) -> pb::FetchMaterialRequest {
    pb::FetchMaterialRequest { subject, request_id: request_id(), ..contract().fetch() }
}

async fn put_in_force(bus: &TestBus, modes: &str) {
    bus.edit_config(|config| format!("{config}[identifiers]\n{modes}\n"));
    let request = pb::ReloadConfigRequest { request_id: request_id() };
    let mut admin = AdminServiceClient::new(bus.operator().channel);
    let reloaded = admin.reload_config(request).await.unwrap().into_inner();
    assert!(reloaded.restart_needed.is_empty(), "{reloaded:?}");
}

fn assert_refused(status: &Status, said: &str) {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    assert_eq!((reason(status).as_str(), status.message()), ("INVALID_FIELD", said));
    let heard = format!("{status:?} {}", String::from_utf8_lossy(status.details()));
    assert!(!heard.contains(MISFIT) && !heard.contains(LEGACY), "{heard}");
}

#[tokio::test]
async fn a_wrong_check_digit_is_refused_until_the_mode_lets_it_through() {
    let bus = TestBus::start().await;
    let housing = bus.client("housing");
    let misfit = || about("credit", MISFIT);
    let said = "subject.value has a wrong check digit: the last of 18 characters does not fit the \
                others, give the code as the licence shows it";

    assert_refused(&publish(&housing, misfit()).await.unwrap_err(), said);
    assert_refused(&find(&housing, misfit()).await.unwrap_err(), said);
    assert_refused(&housing.fetch(fetch(misfit())).await.unwrap_err(), said);
    assert_eq!(bus.adapter_calls(), 0);
    put_in_force(&bus, "credit = \"warn\"").await;
    publish(&housing, misfit()).await.unwrap();
    let fetched = bus.client("planning").fetch(fetch(misfit())).await.unwrap();

    assert_eq!(fetched.content, b"content");
    assert_eq!(bus.gateway().bus().identifiers().doubted(Identifier::Credit), 2);
}

#[tokio::test]
async fn a_subject_is_the_same_however_it_is_typed() {
    let bus = TestBus::start().await;
    let (planning, audit) = (bus.client("planning"), bus.client("audit"));

    publish(&bus.client("housing"), about("credit", TYPED[3])).await.unwrap();

    for typed in TYPED.into_iter().chain([COMPANY]) {
        let fetched = planning.fetch(fetch(about("credit", typed))).await.unwrap();
        assert_eq!(fetched.content, b"content", "{typed}");
        assert_eq!(find(&planning, about("credit", typed)).await.unwrap(), 1, "{typed}");
    }
    let mut reported = Vec::new();
    for typed in [COMPANY, TYPED[0], TYPED[2]] {
        let subject = about("credit", typed);
        let report = pb::GetSubjectReportRequest { subject, ..Default::default() };
        let report = audit.audit.clone().get_subject_report(report).await.unwrap().into_inner();
        reported.push(report.records.len());
    }
    assert!(
        reported[0] >= 11 && reported.iter().all(|count| *count == reported[0]),
        "{reported:?}"
    );
    let sealed: Vec<_> = audit.records().await.iter().filter_map(|r| bus.unsealed(r)).collect();
    let mut subjects = sealed.iter().filter_map(|part| part.subject.as_ref());
    assert!(subjects.all(|subject| subject.value() == COMPANY));
}

#[tokio::test]
async fn what_is_let_through_is_counted_and_told_without_its_value() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone());
    let _logged = tracing::subscriber::set_default(subscriber.finish());
    let bus = TestBus::start().await;
    let housing = bus.client("housing");

    for _ in 0..3 {
        assert_eq!(find(&housing, about("project", LEGACY)).await.unwrap(), 0);
    }
    let refused = find(&housing, about("credit", MISFIT)).await.unwrap_err();

    let text = log.text();
    let told: Vec<_> = text.lines().filter(|line| line.contains("let through")).collect();
    // It has no check digit, and was given in a region that is not Jining's.
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("WARN") && told[0].contains("project"), "{told:?}");
    assert!(told[1].contains("WARN") && told[1].contains("region"), "{told:?}");
    let identifiers = bus.gateway().bus().identifiers();
    let counts = [Identifier::Project, Identifier::Region].map(|kind| identifiers.doubted(kind));
    assert_eq!(counts, [3, 3]);
    for value in [LEGACY, MISFIT] {
        assert!(!text.contains(value) && !format!("{refused:?}").contains(value));
    }
}

#[tokio::test]
async fn a_strict_project_has_a_check_digit_and_a_subject_that_is_off_any_word() {
    let bus = TestBus::builder()
        .tables("[identifiers]\nproject = \"strict\"\ncitizen = \"off\"\nitem = \"strict\"\n")
        .start()
        .await;
    let housing = bus.client("housing");
    let item = |code: &str| pb::Purpose { item: code.to_owned(), ..purpose() };
    let project = || about("project", "2501-370800-04-01-000016");
    let wrong_item = item("11370800MB285591853370117002011");
    let long = "X".repeat(300);

    let legacy = find(&housing, about("project", LEGACY)).await.unwrap_err();
    let wrong_item = find_as(&housing, project(), wrong_item).await.unwrap_err();
    let long = find(&housing, about("citizen", &long)).await.unwrap_err();
    let good_item = item("11370800mb285591843370117002011");

    assert_refused(
        &legacy,
        "subject.value has the form from before 2021, without a check digit, give the code as the \
         approval platform shows it today",
    );
    assert_refused(
        &wrong_item,
        "purpose.item has a wrong check digit in the credit code that it begins with, give 31 or \
         33 characters: a unified social credit code and 13 or 15 digits",
    );
    assert_refused(&long, "subject.value has 300 bytes, give at most 128");
    assert_eq!(find(&housing, about("citizen", "PASSPORT-1")).await.unwrap(), 0);
    assert_eq!(find_as(&housing, project(), good_item).await.unwrap(), 0);
    let records = bus.client("audit").records().await;
    let last = records.iter().rev().find(|record| record.kind == "outcome").unwrap();
    assert_eq!(last.item, "11370800MB285591843370117002011");
}
