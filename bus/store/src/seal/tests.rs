//! What is sealed opens for an auditor, unchanged, and for nobody else.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use oncebus_core::{BootId, DeptId, Seal as _, SealedContent, SealedPart, Subject, SystemRng};

use super::*;
use crate::SubjectKeys;

fn now() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn department() -> DeptId {
    "housing".parse().unwrap()
}

fn content() -> SealedContent {
    SealedContent {
        case: Some("CASE-4711".to_owned()),
        officer: Some("officer-0815".to_owned()),
        consent: Some("R-7".to_owned()),
        subject: Subject::new("citizen", "370800199001011237").ok(),
        reference: None,
        version: Some("materialTypes/x/versions/y".to_owned()),
        digest: Some(oncebus_core::Digest::of(b"content")),
        note: None,
        claims: None,
    }
}

fn sealer(dir: &Path, auditors: &[&SealIdentity]) -> Sealer {
    let recipients: Vec<_> = auditors.iter().map(|auditor| auditor.recipient()).collect();
    let recipients = SealRecipients::parse(&recipients).unwrap();
    let tokens = SubjectKeys::load_or_create(&dir.join("subjects.json"), &SystemRng).unwrap();
    let boot = BootId(uuid::Uuid::from_bytes([7; 16]));
    Sealer::new(boot, dir.join("keys"), recipients, Arc::new(tokens), Arc::new(SystemRng))
}

fn open_with(
    dir: &Path,
    part: &SealedPart,
    who: &SealIdentity,
) -> Result<SealedContent, UnsealError> {
    let key = SealedForm::read(&part.stored)?.key;
    let file = fs::read(dir.join("keys").join(key.file_name())).unwrap();
    open(&part.stored, &file, &who.to_text(), &part.hash)
}

#[tokio::test]
async fn each_auditor_opens_what_was_sealed_and_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let [one, other, stranger] = [(); 3].map(|()| SealIdentity::draw());
    let sealer = sealer(dir.path(), &[&one, &other]);

    let part = sealer.seal(&content(), &department(), now()).await.unwrap();

    assert_eq!(open_with(dir.path(), &part, &one).unwrap(), content());
    assert_eq!(open_with(dir.path(), &part, &other).unwrap(), content());
    let refused = open_with(dir.path(), &part, &stranger).unwrap_err();
    assert!(matches!(refused, UnsealError::Key(_)), "{refused:?}");
    let file = dir.path().join("keys/07070707-0707-0707-0707-070707070707-2026-03-02.age");
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn no_byte_of_a_sealed_part_can_change_unnoticed() {
    let dir = tempfile::tempdir().unwrap();
    let auditor = SealIdentity::draw();
    let sealer = sealer(dir.path(), &[&auditor]);
    let part = sealer.seal(&content(), &department(), now()).await.unwrap();
    let key = SealedForm::read(&part.stored).unwrap().key;
    let file = fs::read(dir.path().join("keys").join(key.file_name())).unwrap();
    let leaf = format!(r#"{{"sealed":"{}"}}"#, part.hash);
    assert_eq!(check(leaf.as_bytes(), &part.stored), Ok(PartState::Whole));

    for at in 0..part.stored.len() {
        let mut changed = part.stored.clone();
        changed[at] ^= 1;
        let opened = open(&changed, &file, &auditor.to_text(), &part.hash);
        assert!(opened.is_err(), "byte {at} was changed unnoticed");
        let fits = check(leaf.as_bytes(), &changed);
        assert!(fits.is_err(), "byte {at} was changed unnoticed by who has no key");
    }
    for length in 0..part.stored.len() {
        let opened = open(&part.stored[..length], &file, &auditor.to_text(), &part.hash);
        assert!(opened.is_err(), "it was cut to {length} bytes unnoticed");
    }
}

#[tokio::test]
async fn two_parts_of_the_same_content_share_nothing_but_key_and_tokens() {
    let dir = tempfile::tempdir().unwrap();
    let sealer = sealer(dir.path(), &[&SealIdentity::draw()]);

    let one = sealer.seal(&content(), &department(), now()).await.unwrap();
    let other = sealer.seal(&content(), &department(), now()).await.unwrap();

    let [a, b] = [&one, &other].map(|part| SealedForm::read(&part.stored).unwrap());
    assert_eq!((a.key, a.subject_token, a.case_token), (b.key, b.subject_token, b.case_token));
    assert_ne!((a.salt, a.nonce, a.ciphertext), (b.salt, b.nonce, b.ciphertext));
    assert_ne!(a.nonce, b.nonce, "a nonce was used twice");
    assert_ne!((&one.hash, &one.digest_salted), (&other.hash, &other.digest_salted));
    assert_eq!(one.officer, other.officer);
}

#[tokio::test]
async fn each_day_has_a_key_of_its_own_and_a_late_part_goes_under_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    let auditor = SealIdentity::draw();
    let sealer = sealer(dir.path(), &[&auditor]);
    let days = [0, 24, 1].map(|hours| now() + SignedDuration::from_hours(hours));

    let mut keys = Vec::new();
    for day in days {
        let part = sealer.seal(&content(), &department(), day).await.unwrap();
        assert!(open_with(dir.path(), &part, &auditor).is_ok());
        keys.push(SealedForm::read(&part.stored).unwrap().key.to_string());
    }

    let ends: Vec<_> = keys.iter().map(|key| &key[37..]).collect();
    assert_eq!(ends, ["2026-03-02", "2026-03-03", "2026-03-03"]);
    assert_eq!(fs::read_dir(dir.path().join("keys")).unwrap().count(), 2);
}

#[tokio::test]
async fn a_case_without_a_subject_and_a_subject_without_a_case_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let sealer = sealer(dir.path(), &[&SealIdentity::draw()]);
    let case_only = SealedContent { subject: None, ..content() };
    let subject_only = SealedContent { case: None, ..content() };

    let case_only = sealer.seal(&case_only, &department(), now()).await.unwrap();
    let subject_only = sealer.seal(&subject_only, &department(), now()).await.unwrap();

    let tokens = [&case_only, &subject_only].map(|part| {
        let form = SealedForm::read(&part.stored).unwrap();
        (form.subject_token.is_some(), form.case_token.is_some())
    });
    assert_eq!(tokens, [(false, true), (true, false)]);
}

#[tokio::test]
async fn without_a_durable_key_nothing_is_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let sealer = sealer(dir.path(), &[&SealIdentity::draw()]);
    fs::write(dir.path().join("keys"), "no folder").unwrap();

    let refused = sealer.seal(&content(), &department(), now()).await;
    fs::remove_file(dir.path().join("keys")).unwrap();
    let cured = sealer.seal(&content(), &department(), now()).await;

    assert!(refused.unwrap_err().to_string().contains("cannot keep data key"));
    assert!(cured.is_ok(), "{cured:?}");
}

#[tokio::test]
async fn the_longest_content_fits() {
    let dir = tempfile::tempdir().unwrap();
    let sealer = sealer(dir.path(), &[&SealIdentity::draw()]);
    let quotes = |length| Some("\"".repeat(length));
    let longest = SealedContent {
        case: quotes(128),
        officer: quotes(64),
        consent: quotes(128),
        subject: Subject::new("license", &"\"".repeat(128)).ok(),
        reference: quotes(128),
        version: Some("v".repeat(14 + 63 + 10 + 64)),
        claims: Some(vec!["f".repeat(64); 16]),
        note: quotes(512),
        ..content()
    };

    let part = sealer.seal(&longest, &department(), now()).await.unwrap();

    assert!(part.stored.len() <= 4_096, "{} bytes", part.stored.len());
}

#[test]
fn recipients_that_are_none_are_named_by_their_place() {
    let good = SealIdentity::draw().recipient();
    let faulty = [good.clone(), "age1nonsense".to_owned()];

    assert_eq!(SealRecipients::parse(&[]).unwrap_err(), RecipientError::None);
    assert_eq!(SealRecipients::parse(&faulty).unwrap_err(), RecipientError::Spelling(2));
    assert!(SealRecipients::parse(&[good]).is_ok());
    assert_eq!("nothing".parse::<SealIdentity>().unwrap_err(), RecipientError::Identity);
}
