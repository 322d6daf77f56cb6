//! What the keys hide is found again, whatever key hid it.

use oncebus_core::SystemRng;

use super::*;

fn subject() -> Subject {
    Subject::new("project", "2501-370800-04-01-000016").unwrap()
}

#[test]
fn after_a_rotation_the_newest_key_hides_and_all_find() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("subjects.json");
    let before = SubjectKeys::load_or_create(&file, &SystemRng).unwrap();
    let hidden = before.hide(&subject()).unwrap();
    let department = "housing".parse().unwrap();
    let case = before.case(&department, "C-1");

    let added = SubjectKeys::rotate(&file, &SystemRng).unwrap();
    let after = SubjectKeys::load_or_create(&file, &SystemRng).unwrap();

    assert_eq!((before.newest(), added, after.newest()), (1, 2, 2));
    assert_eq!(after.reveal(&hidden).unwrap(), subject());
    assert_ne!(after.subject(&subject()).to_vec(), hidden.token);
    assert_eq!(after.subject_tokens(&subject())[1].to_vec(), hidden.token);
    assert_eq!(after.case_tokens(&department, "C-1")[1], case);
}

#[test]
fn the_private_part_of_a_purpose_reads_back_and_is_not_in_clear() {
    let dir = tempfile::tempdir().unwrap();
    let keys = SubjectKeys::load_or_create(&dir.path().join("subjects.json"), &SystemRng).unwrap();
    let private = SealedContent { case: Some("CASE-4711".to_owned()), ..Default::default() };

    let hidden = keys.hide_purpose(&private).unwrap();
    let mut changed = hidden.clone();
    changed[40] ^= 1;

    assert_eq!(keys.reveal_purpose(&hidden).unwrap(), private);
    assert!(keys.reveal_purpose(&changed).is_err(), "a changed one reads");
    assert!(!String::from_utf8_lossy(&hidden).contains("4711"));
}

#[test]
fn pseudonyms_of_two_departments_are_never_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let keys = SubjectKeys::load_or_create(&dir.path().join("subjects.json"), &SystemRng).unwrap();
    let [one, other] = ["housing", "market"].map(|code| code.parse().unwrap());

    assert_eq!(keys.officer(&one, "7"), keys.officer(&one, "7"));
    assert_ne!(keys.officer(&one, "7"), keys.officer(&other, "7"));
    assert_ne!(keys.case(&one, "7"), keys.case(&other, "7"));
    assert_eq!(keys.officer(&one, "7").len(), 32);
}
