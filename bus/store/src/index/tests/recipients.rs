//! Who was given the bytes of a version is found with one query.

use oncebus_core::{Subject, VersionName};

use super::{
    super::Recipient,
    support::{about, append, fed, keys, trail},
};

fn version(digit: &str) -> VersionName {
    format!("materialTypes/contract/versions/{}", digit.repeat(64)).parse().unwrap()
}

fn recipient(department: &str, system: &str, last_ms: i64, fetches: u64) -> Recipient {
    let (department, system) = (department.to_owned(), system.to_owned());
    Recipient { department, system, last_ms, fetches }
}

#[tokio::test]
async fn only_served_fetches_of_the_version_count_and_each_once() {
    let dir = tempfile::tempdir().unwrap();
    let trail = trail(dir.path());
    let (ours, other) = (version("7").to_string(), version("8").to_string());
    for (time, version, department, system, fields) in [
        (1, &ours, "planning", "a", r#""kind":"outcome","operation":"fetch","outcome":"served""#),
        (2, &ours, "planning", "b", r#""kind":"outcome","operation":"fetch","outcome":"served""#),
        (3, &ours, "planning", "a", r#""kind":"outcome","operation":"fetch","outcome":"served""#),
        (4, &ours, "market", "c", r#""kind":"outcome","operation":"fetch","outcome":"served""#),
        // The rest of a fetch that is counted, and what gave nobody its bytes.
        (
            5,
            &ours,
            "market",
            "c",
            r#""kind":"outcome","operation":"fetch","outcome":"served","follows":3"#,
        ),
        (6, &other, "water", "d", r#""kind":"outcome","operation":"fetch","outcome":"served""#),
        (7, &ours, "water", "d", r#""kind":"outcome","operation":"fetch","outcome":"denied""#),
        (8, &ours, "water", "d", r#""kind":"outcome","operation":"get","outcome":"served""#),
        (9, &ours, "water", "d", r#""kind":"intent","operation":"fetch""#),
        (10, &ours, "water", "d", r#""kind":"aborted","operation":"fetch""#),
    ] {
        let leaf = format!(
            r#"{{"v":1,"id":"r{time}","time":{time},{fields},"department":"{department}","system":"{system}","material_type":"contract","version":"{version}"}}"#
        );
        append(&trail, leaf, Vec::new()).await;
    }
    let index = fed(dir.path(), &trail).await;

    let found = index.recipients(&version("7")).await.unwrap();
    let nobody = index.recipients(&version("9")).await.unwrap();

    let expected = [
        recipient("market", "c", 4, 1),
        recipient("planning", "a", 3, 2),
        recipient("planning", "b", 2, 1),
    ];
    assert_eq!((found.recipients, found.more), (expected.to_vec(), false));
    assert_eq!(nobody.recipients, []);
}

#[tokio::test]
async fn of_a_personal_type_they_are_found_by_its_subject() {
    let dir = tempfile::tempdir().unwrap();
    let trail = trail(dir.path());
    let keys = keys(&dir.path().join("index.sqlite"));
    let subject = |value| Subject::new("license", value).unwrap();
    for (id, (value, material_type)) in
        [("A", "contract"), ("B", "contract"), ("A", "permit"), ("A", "contract")]
            .into_iter()
            .enumerate()
    {
        let leaf = format!(
            r#"{{"v":1,"id":"r{id}","time":{id},"kind":"outcome","operation":"fetch","outcome":"served","department":"planning","system":"a","material_type":"{material_type}"}}"#
        );
        append(&trail, leaf, about(&keys, &subject(value))).await;
    }
    let index = fed(dir.path(), &trail).await;

    let found = index.recipients_about(&version("7").material_type, &subject("A")).await.unwrap();

    assert_eq!(found.recipients, [recipient("planning", "a", 3, 2)]);
}

#[tokio::test]
async fn at_most_a_thousand_are_listed_and_that_there_are_more_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let trail = trail(dir.path());
    let version = version("7");
    for at in 0..1_001 {
        let leaf = format!(
            r#"{{"v":1,"id":"r{at}","time":{at},"kind":"outcome","operation":"fetch","outcome":"served","department":"planning","system":"s{at}","material_type":"contract","version":"{version}"}}"#
        );
        append(&trail, leaf, Vec::new()).await;
    }
    let index = fed(dir.path(), &trail).await;

    let found = index.recipients(&version).await.unwrap();

    assert_eq!((found.recipients.len(), found.more), (1_000, true));
    assert_eq!(found.recipients[0], recipient("planning", "s1000", 1_000, 1));
}
