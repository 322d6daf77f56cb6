//! Whatever is changed in the index is found and named.

use oncebus_trail::Trail;

use super::{
    super::{Compared, RecordFilter, RowFault, SearchIndex, Visibility},
    support::{NOTHING, append, fed, sealed, trail, write},
};

async fn index(dir: &std::path::Path) -> (Trail, SearchIndex) {
    let trail = trail(dir);
    write(&trail, 0, r#""kind":"intent","department":"housing""#).await;
    write(&trail, 1, r#""kind":"outcome","department":"housing","intent":0"#).await;
    let leaf = r#"{"id":"r2","kind":"outcome","time":2,"department":"market","latency_ms":5}"#;
    append(&trail, leaf.to_owned(), sealed(&[vec![1; 32]])).await;
    let index = fed(dir, &trail).await;
    (trail, index)
}

#[tokio::test]
async fn an_index_that_was_not_touched_has_no_fault() {
    let dir = tempfile::tempdir().unwrap();
    let (trail, index) = index(dir.path()).await;

    let first = index.compare(&trail, 0, 2).await.unwrap();
    let rest = index.compare(&trail, first.next, 9).await.unwrap();
    let none = index.compare(&trail, rest.next, 9).await.unwrap();

    assert_eq!(first, Compared { next: 2, fault: None });
    assert_eq!(rest, Compared { next: 3, fault: None });
    assert_eq!(none, Compared { next: 3, fault: None });
}

#[tokio::test]
async fn each_edit_of_the_index_is_named_by_record_and_column() {
    for (edit, index_of, column) in [
        ("UPDATE records SET department = 99 WHERE position = 2", 2, "department"),
        ("UPDATE names SET text = 'fire' WHERE text = 'market'", 2, "department"),
        ("UPDATE records SET time = 3 WHERE position = 1", 1, "time"),
        ("UPDATE records SET latency_ms = NULL WHERE position = 2", 2, "latency_ms"),
        ("UPDATE records SET subject = NULL WHERE position = 2", 2, "subject"),
        ("UPDATE records SET id = x'00' WHERE position = 0", 0, "id"),
        ("DELETE FROM records WHERE position = 1", 1, "position"),
        ("UPDATE days SET first = 1", 0, "day"),
        ("INSERT INTO open_intents VALUES (0)", 1, "open"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let (trail, index) = index(dir.path()).await;
        sqlx::query(edit).execute(index.database.writer()).await.unwrap();

        let found = index.compare(&trail, 0, 9).await.unwrap();

        assert_eq!(found.fault, Some(RowFault { index: index_of, column }), "{edit}");
    }
}

#[tokio::test]
async fn an_erased_token_is_in_no_file_of_the_index() {
    let dir = tempfile::tempdir().unwrap();
    let (_trail, index) = index(dir.path()).await;
    let holding = || {
        let files = ["index.sqlite", "index.sqlite-wal"].map(|name| dir.path().join(name));
        let files = files.into_iter().filter_map(|file| std::fs::read(file).ok());
        files.filter(|bytes| bytes.windows(16).any(|part| part == [1; 16])).count()
    };
    assert_ne!(holding(), 0);

    index.forget_tokens(&[2]).await.unwrap();

    assert_eq!(holding(), 0);
}

#[tokio::test]
async fn what_is_erased_or_dropped_on_the_trail_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let (trail, index) = index(dir.path()).await;
    trail.erase([2].into()).await.unwrap();
    let before = index.compare(&trail, 0, 9).await.unwrap();

    index.forget_tokens(&[2]).await.unwrap();
    let erased = index.compare(&trail, 0, 9).await.unwrap();
    index.forget(0..3).await.unwrap();

    assert_eq!(before.fault, Some(RowFault { index: 2, column: "subject" }));
    assert_eq!(erased.fault, None);
    let left = index.search(&RecordFilter::default(), &Visibility::All, None, 9).await.unwrap();
    assert_eq!(left, [2], "the newest record says how far the index reaches");
    assert_eq!(index.open_intents(None, 9).await.unwrap(), NOTHING);
}
