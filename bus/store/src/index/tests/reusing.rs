//! What was asked for, reused and collected is counted from the trail alone.

use oncebus_core::Subject;

use super::{
    super::{ReuseBy, ReuseCount, ReuseQuery, Visibility},
    support::{about, append, fed, keys, trail},
};

/// A day before the month changes in Shanghai: 2026-02-28T15:59:59Z.
const FEBRUARY: i64 = 1_772_294_399_000;
const MARCH: i64 = FEBRUARY + 1_000;

fn count(group: &[&str], asked: u64, reused: u64, collected: u64, projects: u64) -> ReuseCount {
    let group = group.iter().map(ToString::to_string).collect();
    ReuseCount { group, asked, reused, collected, projects }
}

#[tokio::test]
async fn fetches_and_held_publications_are_reuse_and_the_rest_was_collected() {
    let dir = tempfile::tempdir().unwrap();
    let trail = trail(dir.path());
    let keys = keys(&dir.path().join("index.sqlite"));
    let subject = |value| Subject::new("project", value).unwrap();
    for (id, (time, subject_of, fields)) in [
        (FEBRUARY, "A", r#""operation":"publish","outcome":"served","already_held":false,"department":"housing","material_type":"t1""#),
        (FEBRUARY, "A", r#""operation":"fetch","outcome":"served","department":"planning","material_type":"t1""#),
        (MARCH, "A", r#""operation":"fetch","outcome":"served","department":"planning","material_type":"t1""#),
        (MARCH, "B", r#""operation":"fetch","outcome":"served","department":"planning","material_type":"t2""#),
        (MARCH, "B", r#""operation":"publish","outcome":"served","already_held":true,"department":"housing","material_type":"t2""#),
        (MARCH, "B", r#""operation":"publish","outcome":"recovered","department":"housing","material_type":"t2""#),
        // None of these is a material that was asked for and given.
        (MARCH, "C", r#""operation":"fetch","outcome":"denied","department":"market","material_type":"t2""#),
        (MARCH, "C", r#""operation":"publish","outcome":"failed","department":"market","material_type":"t2""#),
        (MARCH, "C", r#""operation":"resume","outcome":"served","department":"market","material_type":"t2""#),
        (MARCH, "C", r#""operation":"find","outcome":"served","department":"market","material_type":"t2""#),
        (MARCH, "C", r#""operation":"fetch","outcome":"served","follows":3,"department":"market","material_type":"t2""#),
    ]
    .into_iter()
    .enumerate()
    {
        let leaf = format!(r#"{{"id":"r{id}","kind":"outcome","time":{time},{fields}}}"#);
        append(&trail, leaf, about(&keys, &subject(subject_of))).await;
    }
    let index = fed(dir.path(), &trail).await;
    let report = async |by: &[ReuseBy], visible: Visibility, from| {
        let query = ReuseQuery { from, until: None, by: by.to_vec() };
        index.reuse(&query, &visible).await.unwrap()
    };
    let all = || Visibility::All;

    assert_eq!(report(&[], all(), None).await, [count(&[], 6, 4, 2, 2)]);
    assert_eq!(
        report(&[ReuseBy::Month], all(), None).await,
        [count(&["2026-02"], 2, 1, 1, 1), count(&["2026-03"], 4, 3, 1, 2)]
    );
    assert_eq!(
        report(&[ReuseBy::MaterialType, ReuseBy::Department], all(), Some(MARCH)).await,
        [
            count(&["t1", "planning"], 1, 1, 0, 1),
            count(&["t2", "housing"], 2, 1, 1, 1),
            count(&["t2", "planning"], 1, 1, 0, 1)
        ]
    );
    let side = Visibility::Department("planning".parse().unwrap());
    assert_eq!(report(&[ReuseBy::Region], side, None).await, [count(&[""], 3, 3, 0, 2)]);
    let stranger = Visibility::Department("fire".parse().unwrap());
    assert_eq!(report(&[], stranger, None).await, []);
}
