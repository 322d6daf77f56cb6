//! A configuration that changes while the gateway runs: who may, what counts when, and what is on
//! record.

use std::{
    collections::VecDeque,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use oncebus_proto::v1::{self as pb, admin_service_client::AdminServiceClient};
use oncebus_tests::{Client, Document, TestBus, reason, receipt, request_id};
use tokio::sync::mpsc;
use tonic::{Code, Status};

use crate::trail::{fill, smallest_record_that_is_refused, with_a_small_disk};

/// How planning's permission begins, and what gives it to the auditors' department instead.
const PLANNINGS: &str = "[[permission]]\ndepartment = \"planning\"";
const AUDITS: &str = "[[permission]]\ndepartment = \"audit\"";

pub(crate) async fn reload(client: &Client) -> Result<pb::ReloadConfigResponse, Status> {
    let request = pb::ReloadConfigRequest { request_id: request_id() };
    let answer = AdminServiceClient::new(client.channel.clone()).reload_config(request).await;
    answer.map(tonic::Response::into_inner)
}

/// Starts a bus with a contract that every department may fetch.
async fn bus_with_a_contract() -> (TestBus, Document) {
    let bus = TestBus::start().await;
    let contract = Document::new("construction_contract", "C-1", "a contract");
    bus.client("housing").publish(&contract).await.unwrap();
    (bus, contract)
}

/// Returns the records of changes of the configuration, oldest first.
async fn changes(bus: &TestBus) -> Vec<pb::Record> {
    let mut records = bus.client("audit").records().await;
    records.retain(|record| record.kind == "config");
    records
}

fn assert_denied(refused: &Status) {
    assert_eq!(
        (refused.code(), reason(refused).as_str()),
        (Code::PermissionDenied, "ACCESS_DENIED")
    );
}

#[tokio::test]
async fn what_is_withdrawn_or_granted_counts_at_the_next_call() {
    let (bus, contract) = bus_with_a_contract().await;
    let (planning, audit) = (bus.client("planning"), bus.client("audit"));
    planning.fetch(contract.fetch()).await.unwrap();
    assert_denied(&audit.fetch(contract.fetch()).await.unwrap_err());
    bus.edit_config(|text| text.replace(PLANNINGS, AUDITS));
    planning.fetch(contract.fetch()).await.expect("an edited file counts before it is read");

    let reloaded = reload(&bus.operator()).await.unwrap();

    assert_denied(&planning.fetch(contract.fetch()).await.unwrap_err());
    let granted = audit.fetch(contract.fetch()).await.unwrap();
    assert_eq!(granted.content, b"a contract");
    assert_eq!((reloaded.epoch, reloaded.restart_needed), (2, Vec::new()));
}

#[tokio::test]
async fn a_change_is_on_record_with_who_and_its_epoch() {
    let (bus, _) = bus_with_a_contract().await;

    let reloaded = reload(&bus.operator()).await.unwrap();

    let changes = changes(&bus).await;
    let [change] = &changes[..] else { panic!("one change: {changes:?}") };
    assert_eq!(change.index, reloaded.receipt.unwrap().index);
    assert_eq!((change.outcome.as_str(), change.epoch), ("served", Some(2)));
    assert_eq!(change.system, "spiffe://oncebus.test/dept/audit/system/operator");
    assert_eq!(change.department, "audit");
}

#[tokio::test]
async fn a_faulty_file_says_where_and_changes_nothing() {
    let (bus, contract) = bus_with_a_contract().await;
    type Edit = fn(String) -> String;
    let faults: [(&str, Edit); 11] = [
        ("permission of department \"tourism\"", |text| {
            text.replace(PLANNINGS, "[[permission]]\ndepartment = \"tourism\"")
        }),
        ("type \"M99\" is not", |text| text.replace("\"M26\", \"M27\"", "\"M99\"")),
        ("listne", |text| text.replace("listen", "listne")),
        ("listen", |text| text.replace("listen = \"127.0.0.1:0\"", "listen = 7")),
        ("trust_domain: ", |text| text.replace("trust_domain = \"", "trust_domain = \"A ")),
        ("line 1", |text| format!("SECRET\n{text}")),
        ("system.0.role", |text| text.replace("\"auditor\"", "\"king\"")),
        ("system: ", |text| text.replace("dept/audit/system/test", "dept/nowhere/system/test")),
        ("tls: ", |text| text.replace("key.pem", "none.pem")),
        ("catalog_dir: ", |text| text.replace("catalog/jining", "catalog/none")),
        ("adapter: ", |text| text.replace("https://", "http://")),
    ];
    let mut sound = String::new();
    bus.edit_config(|text| {
        sound.clone_from(&text);
        text
    });

    for (number, (named, fault)) in faults.into_iter().enumerate() {
        // Every file would withdraw the permission as well.
        let faulty = fault(sound.clone()).replace(PLANNINGS, AUDITS);
        assert_ne!(faulty, sound.replace(PLANNINGS, AUDITS), "{named}");
        bus.edit_config(|_| faulty);
        let refused = reload(&bus.operator()).await.expect_err(named);

        assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
        assert_eq!(reason(&refused), "CONFIG_INVALID");
        let message = refused.message();
        assert!(message.contains("gateway.toml: ") && message.contains(named), "{message}");
        assert!(!message.contains(['\n', '|']) && !message.contains("SECRET"), "{message}");
        let changes = changes(&bus).await;
        assert_eq!(changes.len(), number + 1);
        let record = changes.last().unwrap();
        assert_eq!(Some(record.index), receipt(&refused).map(|receipt| receipt.index));
        let said = (record.outcome.as_str(), record.reason.as_str(), record.epoch);
        assert_eq!(said, ("failed", "CONFIG_INVALID", None));
    }
    bus.client("planning").fetch(contract.fetch()).await.expect("the old is not in force");
    bus.edit_config(|_| sound);
    let reloaded = reload(&bus.operator()).await.unwrap();
    assert_eq!(reloaded.epoch, 2, "a faulty file made an epoch");
}

#[tokio::test]
async fn only_an_operator_may_and_a_refusal_is_on_record() {
    let (bus, contract) = bus_with_a_contract().await;
    bus.edit_config(|text| text.replace(PLANNINGS, AUDITS));

    for department in ["planning", "audit"] {
        let refused = reload(&bus.client(department)).await.unwrap_err();

        assert_denied(&refused);
        let record = changes(&bus).await.pop().unwrap();
        assert_eq!(Some(record.index), receipt(&refused).map(|receipt| receipt.index));
        let said = (record.outcome.as_str(), record.reason.as_str(), record.department.as_str());
        assert_eq!(said, ("denied", "ACCESS_DENIED", department));
    }
    bus.client("planning").fetch(contract.fetch()).await.expect("somebody else's reload counts");
}

#[tokio::test]
async fn a_role_that_is_withdrawn_counts_at_the_next_call() {
    let (bus, _) = bus_with_a_contract().await;
    let auditor = bus.client("audit");
    let all = auditor.records().await;
    bus.edit_config(|text| text.replace("role = \"auditor\"", "role = \"department\""));

    reload(&bus.operator()).await.unwrap();
    let own = auditor.records().await;

    assert!(all.iter().any(|record| record.department == "housing"), "{all:?}");
    assert!(!own.is_empty());
    assert!(own.iter().all(|record| record.department == "audit"), "{own:?}");
}

#[tokio::test]
async fn what_needs_a_restart_is_named_and_left_alone() {
    let (bus, contract) = bus_with_a_contract().await;
    bus.edit_config(|text| {
        let text = text.replace("listen = \"127.0.0.1:0\"", "listen = \"127.0.0.1:1\"");
        let text = text.replace("data_dir = \"data\"", "data_dir = \"elsewhere\"");
        text.replace("endpoint = \"https://", "endpoint = \"https://localhost.invalid:1\" # ")
            .replace(PLANNINGS, AUDITS)
    });

    let reloaded = reload(&bus.operator()).await.unwrap();

    assert_eq!(reloaded.restart_needed, ["listen", "data_dir", "adapter"]);
    assert_denied(&bus.client("planning").fetch(contract.fetch()).await.unwrap_err());
    bus.client("housing").fetch(contract.fetch()).await.expect("the adapters stay where they are");
}

#[tokio::test]
async fn two_reloads_at_once_come_one_after_the_other() {
    let (bus, _) = bus_with_a_contract().await;
    let (one, other) = (bus.operator(), bus.operator());

    let (one, other) = tokio::join!(reload(&one), reload(&other));

    let mut epochs = [one.unwrap().epoch, other.unwrap().epoch];
    epochs.sort_unstable();
    let recorded: Vec<_> = changes(&bus).await.iter().map(|change| change.epoch).collect();
    assert_eq!(epochs, [2, 3]);
    assert_eq!(recorded, [Some(2), Some(3)]);
}

#[tokio::test]
async fn a_caller_who_hangs_up_leaves_no_record_that_did_not_come_true() {
    let (bus, _) = bus_with_a_contract().await;
    let operator = bus.operator();
    reload(&operator).await.unwrap();

    for step in 0..60 {
        let patience = Duration::from_micros(100 * step);
        drop(tokio::time::timeout(patience, reload(&operator)).await);
    }
    let last = reload(&operator).await.unwrap();

    let mut recorded: Vec<_> =
        changes(&bus).await.iter().filter_map(|change| change.epoch).collect();
    assert_eq!(recorded.last(), Some(&last.epoch));
    recorded.dedup();
    let expected: Vec<_> = (2..=last.epoch).collect();
    assert_eq!(recorded, expected, "a record's epoch was given to another change as well");
    assert_eq!(changes(&bus).await.len(), expected.len());
}

#[test]
fn a_change_that_cannot_be_recorded_is_not_in_force() {
    with_a_small_disk(async |disk: &Path| {
        let bus = TestBus::builder().trail_dir(disk.join("trail")).start().await;
        let contract = Document::new("construction_contract", "C-1", "a contract");
        bus.client("housing").publish(&contract).await.unwrap();
        let (planning, audit) = (bus.client("planning"), bus.client("audit"));
        let operator = bus.operator();
        bus.edit_config(|text| text.replace(PLANNINGS, AUDITS));
        let filler = disk.join("filler");
        fill(&filler);
        smallest_record_that_is_refused(&bus).await;

        let refused = reload(&operator).await.unwrap_err();
        fs::remove_file(filler).unwrap();

        assert_eq!(reason(&refused), "AUDIT_UNAVAILABLE");
        planning.fetch(contract.fetch()).await.expect("an unrecorded withdrawal is in force");
        assert_denied(&audit.fetch(contract.fetch()).await.unwrap_err());
        assert_eq!(reload(&operator).await.unwrap().epoch, 2);
        assert_denied(&planning.fetch(contract.fetch()).await.unwrap_err());
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_no_call_that_began_after_a_withdrawal_returned_succeeds() {
    const CALLERS: usize = 16;
    let (bus, contract) = bus_with_a_contract().await;
    let (told, mut calls) = mpsc::channel(CALLERS);
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (client, contract, told) = (bus.client("planning"), contract.clone(), told.clone());
            tokio::spawn(async move {
                loop {
                    let began = Instant::now();
                    let answer = client.fetch(contract.fetch()).await.map(|_| ());
                    if told.send((began, answer)).await.is_err() {
                        return;
                    }
                }
            })
        })
        .collect();
    // The withdrawal counts only once 100 calls were served within a second.
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut served = VecDeque::new();
    while served.len() < 100 || served[served.len() - 100] + Duration::from_secs(1) < Instant::now()
    {
        assert!(Instant::now() < deadline, "100 calls/s do not flow");
        let (_, answer) = calls.recv().await.unwrap();
        answer.unwrap();
        served.push_back(Instant::now());
    }
    bus.edit_config(|text| text.replace(PLANNINGS, AUDITS));

    let operator = bus.operator();
    let withdraw = async {
        reload(&operator).await.unwrap();
        Instant::now()
    };
    tokio::pin!(withdraw);
    let returned = loop {
        tokio::select! {
            returned = &mut withdraw => break returned,
            // What is served now may have begun before.
            _call = calls.recv() => {}
        }
    };
    let mut refused = 0;
    while refused < 100 {
        let (began, answer) = calls.recv().await.unwrap();
        match answer {
            Ok(()) => assert!(began < returned, "a call that began after it succeeded"),
            Err(status) => {
                assert_denied(&status);
                refused += u32::from(returned < began);
            }
        }
    }
    drop(calls);
    for caller in callers {
        caller.await.unwrap();
    }
}
