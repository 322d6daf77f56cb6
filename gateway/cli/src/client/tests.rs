//! Flags and errors as users meet them.

use std::collections::HashMap;

use oncebus_proto::v1 as pb;
use prost::Message as _;
use tonic::{Code, Status, metadata::MetadataValue};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::{Profile, failed, purpose, subject};
use crate::exit::Exit;

const GOOD: &str = "item=I14,case=C1,cause=APPROVAL,basis=Law\\, article 8,officer=o7";

#[test]
fn a_purpose_is_read_key_by_key() {
    let read = purpose(GOOD).unwrap();
    let consent = purpose(&format!("{GOOD},authorization=HOLDER_CONSENT:R-1")).unwrap();

    assert_eq!((read.item.as_str(), read.case_number.as_str()), ("I14", "C1"));
    assert_eq!(read.cause(), pb::Cause::Approval);
    assert_eq!((read.legal_basis.as_str(), read.officer.as_str()), ("Law, article 8", "o7"));
    assert_eq!(read.authorization.unwrap().kind(), pb::AuthorizationKind::StatutoryDuty);
    assert_eq!(consent.authorization.unwrap().reference, "R-1");
    let backslashes = purpose(&GOOD.replace("officer=o7", r"officer=a\\b\c\"));
    assert_eq!(backslashes.unwrap().officer, r"a\b\c\");
}

#[test]
fn a_wrong_purpose_names_key_and_cure() {
    for (text, named) in [
        ("", "no KEY=VALUE"),
        ("item", "no KEY=VALUE"),
        ("item=I14", "case is missing"),
        (&GOOD.replace('\\', ""), r"a comma within a value is written \,"),
        ("item=I14,item=I15", "item is given twice"),
        ("thing=I14", "the keys are item"),
        (&GOOD.replace("APPROVAL", "FUN"), "give APPROVAL"),
        (&GOOD.replace("APPROVAL", "UNSPECIFIED"), "give APPROVAL"),
        (&format!("{GOOD},authorization=NONE"), "give STATUTORY_DUTY"),
    ] {
        let fault = purpose(text).unwrap_err();
        assert!(fault.contains(named), "{text:?}: {fault}");
    }
}

#[test]
fn a_subject_is_scheme_and_value() {
    let read = subject("project:2501-370800-04-01-000016").unwrap();

    assert_eq!(
        (read.scheme.as_str(), read.value.as_str()),
        ("project", "2501-370800-04-01-000016")
    );
    for text in ["", "project", "project:", "passport:X", ":X"] {
        assert!(subject(text).is_err(), "{text:?} was taken");
    }
}

#[test]
fn a_profile_that_is_not_there_or_none_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("connection.json");

    let absent = Profile::load(&file).unwrap_err();
    std::fs::write(&file, "{}").unwrap();
    let none = Profile::load(&file).unwrap_err();
    let text = r#"{"endpoint":"https://127.0.0.1:1","ca_file":"c","systems":{}}"#;
    std::fs::write(&file, text).unwrap();
    let unknown = Profile::load(&file).unwrap().connect("planning").unwrap_err();

    for error in [&absent, &none] {
        assert_eq!(error.code, Exit::Usage);
        assert!(error.message.contains("connection.json"), "{error}");
    }
    assert!(unknown.message.contains("no system \"planning\""), "{unknown}");
}

#[test]
fn a_connection_file_beyond_all_measure_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("connection.json");
    std::fs::write(&file, vec![b' '; 1024 * 1024 + 1]).unwrap();

    let error = Profile::load(&file).unwrap_err();

    assert!(error.message.contains("over 1 MiB"), "{error}");
}

#[test]
fn a_certificate_that_cannot_be_read_is_named_with_the_cause() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("connection.json");
    let text = r#"{"endpoint":"https://127.0.0.1:1","ca_file":"/no/ca.pem","systems":{"planning":
        {"spiffe_id":"spiffe://oncebus.test/dept/planning/system/a","cert_file":"/no/cert.pem",
        "key_file":"/no/key.pem"}}}"#;
    std::fs::write(&file, text).unwrap();

    let error = Profile::load(&file).unwrap().connect("planning").unwrap_err();

    assert_eq!(error.code, Exit::Usage);
    assert!(error.message.contains("cannot read /no/cert.pem: No such file"), "{error}");
}

#[test]
fn a_refusal_on_record_names_its_receipt() {
    let receipt = pb::Receipt { origin: "log".to_owned(), index: 7, ..Default::default() };
    let details = ErrorDetails::with_error_info("ACCESS_DENIED", "oncebus", HashMap::new());
    let mut status = Status::with_error_details(Code::PermissionDenied, "no", details);
    let encoded = MetadataValue::from_bytes(&receipt.encode_to_vec());
    status.metadata_mut().insert_bin("oncebus-receipt-bin", encoded);

    let error = failed(&status);

    assert_eq!(error.message, "no (ACCESS_DENIED)\nreceipt log#7");
}

#[test]
fn a_connection_that_broke_is_no_failed_check() {
    let error = failed(&Status::unknown("h2 protocol error"));

    assert_eq!(error.code, Exit::Connect);
    assert_eq!(error.message, "the connection broke, try again: h2 protocol error");
}

#[test]
fn a_status_becomes_message_reason_and_exit_code() {
    for (code, reason, exit) in [
        (Code::InvalidArgument, "INVALID_FIELD", Exit::Usage),
        (Code::PermissionDenied, "ACCESS_DENIED", Exit::Denied),
        (Code::NotFound, "MATERIAL_NOT_FOUND", Exit::NotFound),
        (Code::Unavailable, "AUDIT_UNAVAILABLE", Exit::Connect),
        (Code::DataLoss, "DIGEST_MISMATCH", Exit::Verification),
        (Code::FailedPrecondition, "VERIFY_ONLY", Exit::Check),
    ] {
        let details = ErrorDetails::with_error_info(reason, "oncebus", HashMap::new());
        let error = failed(&Status::with_error_details(code, "so it is", details));

        assert_eq!(error.code, exit, "{reason}");
        assert_eq!(error.message, format!("so it is ({reason})"));
    }
}
