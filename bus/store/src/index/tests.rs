//! The index finds what is on the trail, and is never worth keeping.

mod comparing;
mod recipients;
mod reusing;
mod searching;
mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use oncebus_trail::Trail;
use tokio_util::sync::CancellationToken;

use self::support::{open, search, trail, write};
use super::{MAX_LAG, RecordFilter, Visibility};

/// Bytes of a page of SQLite.
const PAGE: usize = 4_096;

#[tokio::test]
async fn records_are_found_newest_first_by_every_filter_together() {
    let dir = tempfile::tempdir().unwrap();
    let trail = trail(dir.path());
    write(&trail, 0, r#""kind":"intent","department":"housing","holder":"market""#).await;
    write(&trail, 1, r#""kind":"outcome","department":"housing","holder":"market","intent":0"#)
        .await;
    write(&trail, 2, r#""kind":"outcome","department":"planning","holder":"market""#).await;
    let index = open(&dir.path().join("index.sqlite"), &trail).await;

    let size = index.feed(&trail).await.unwrap();

    let kind = |kind: &str| RecordFilter { kind: Some(kind.to_owned()), ..Default::default() };
    let housing = RecordFilter { department: "housing".parse().ok(), ..kind("outcome") };
    let between = RecordFilter { from: Some(1), until: Some(2), ..Default::default() };
    assert_eq!(size, 3);
    assert_eq!(search(&index, RecordFilter::default()).await, [2, 1, 0]);
    assert_eq!(search(&index, kind("outcome")).await, [2, 1]);
    assert_eq!(search(&index, housing).await, [1]);
    assert_eq!(search(&index, between).await, [1]);
    let page = index.search(&RecordFilter::default(), &Visibility::All, Some(2), 1).await;
    assert_eq!(page.unwrap(), [1]);
    let side = Visibility::Department("planning".parse().unwrap());
    assert_eq!(index.search(&RecordFilter::default(), &side, None, 9).await.unwrap(), [2]);
}

#[tokio::test]
async fn an_intent_is_open_until_an_outcome_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let trail = trail(dir.path());
    for id in 0..3 {
        write(&trail, id, r#""kind":"intent""#).await;
    }
    write(&trail, 3, r#""kind":"outcome","intent":1"#).await;
    write(&trail, 4, r#""kind":"aborted","intent":2"#).await;
    let index = open(&dir.path().join("index.sqlite"), &trail).await;

    index.feed(&trail).await.unwrap();

    assert_eq!(index.open_intents(None, 100).await.unwrap(), [0, 2]);
    assert_eq!(index.open_intents(None, 1).await.unwrap(), [0]);
    assert_eq!(index.open_intents(Some(0), 1).await.unwrap(), [2]);
    assert!(index.open_intents(Some(2), 1).await.unwrap().is_empty());
}

/// Makes an index of about forty pages, and returns its file closed.
async fn pages(dir: &Path, trail: &Trail) -> PathBuf {
    let file = dir.join("index.sqlite");
    let system = "s".repeat(3_000);
    for id in 0..40 {
        write(trail, id, &format!(r#""kind":"start","system":"{id}{system}""#)).await;
    }
    let index = open(&file, trail).await;
    index.feed(trail).await.unwrap();
    index.database.close().await;
    file
}

#[tokio::test]
async fn a_damaged_index_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let trail = trail(dir.path());
    let file = pages(dir.path(), &trail).await;
    let sound = fs::read(&file).unwrap();
    let middle = sound.len() / 2 / PAGE * PAGE;
    assert!(30 * PAGE < sound.len(), "the index has few pages");

    for (from, until) in [(PAGE, sound.len()), (middle, middle + PAGE)] {
        let mut damaged = sound.clone();
        damaged[from..until].fill(0xff);
        fs::write(&file, damaged).unwrap();

        let index = open(&file, &trail).await;
        let emptied = index.indexed_size();
        let fed = index.feed(&trail).await.unwrap();
        index.database.close().await;

        assert_eq!((emptied, fed), (0, 40), "damaged from {from} to {until}");
    }
}

#[tokio::test]
async fn a_sound_index_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let trail = trail(dir.path());
    let file = pages(dir.path(), &trail).await;

    let index = open(&file, &trail).await;

    assert_eq!(index.indexed_size(), 40);
}

#[tokio::test]
async fn the_index_stops_with_the_trail() {
    let dir = tempfile::tempdir().unwrap();
    let trail = trail(dir.path());
    let index = open(&dir.path().join("index.sqlite"), &trail).await;
    let index = Arc::new(index);
    write(&trail, 1, r#""kind":"stop""#).await;
    trail.close().await.unwrap();

    let following = Arc::clone(&index).follow(trail, CancellationToken::new());
    let ended = tokio::time::timeout(Duration::from_secs(10), following).await;

    assert!(ended.is_ok(), "the index follows a trail that is closed");
    assert_eq!(index.indexed_size(), 1);
}

#[tokio::test]
async fn an_index_of_another_trail_or_form_or_no_index_at_all_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let file = dir.path().join("index.sqlite");
    let (ours, foreign) = (trail(dir.path()), trail(other.path()));
    write(&ours, 1, r#""kind":"start""#).await;
    write(&foreign, 2, r#""kind":"stop""#).await;
    let index = open(&file, &foreign).await;
    index.feed(&foreign).await.unwrap();
    index.database.close().await;

    let index = open(&file, &ours).await;
    let emptied = index.indexed_size();
    index.feed(&ours).await.unwrap();
    let found = search(&index, RecordFilter { kind: Some("start".into()), ..Default::default() });
    assert_eq!((emptied, found.await), (0, vec![0]));

    index.database.close().await;
    fs::write(&file, "no database").unwrap();
    let index = open(&file, &ours).await;
    assert_eq!(index.feed(&ours).await.unwrap(), 1);
}

#[tokio::test]
async fn the_index_follows_the_trail_until_it_is_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let trail = trail(dir.path());
    let index = open(&dir.path().join("index.sqlite"), &trail).await;
    let index = Arc::new(index);
    let stop = CancellationToken::new();
    let following = tokio::spawn(Arc::clone(&index).follow(trail.clone(), stop.clone()));

    write(&trail, 1, r#""kind":"start""#).await;
    let mut indexed = index.indexed();
    let caught_up = indexed.wait_for(|indexed| *indexed == 1);
    let waited = tokio::time::timeout(Duration::from_secs(10), caught_up).await;
    stop.cancel();

    assert!(waited.is_ok(), "the index does not follow");
    following.await.unwrap();
}

#[tokio::test]
async fn the_lag_is_what_the_trail_has_and_the_index_has_not() {
    let dir = tempfile::tempdir().unwrap();
    let trail = trail(dir.path());
    let index = open(&dir.path().join("index.sqlite"), &trail).await;
    for id in 0..3 {
        write(&trail, id, r#""kind":"start""#).await;
    }

    let behind = index.lag();
    index.feed(&trail).await.unwrap();

    assert_eq!((behind, index.lag()), (3, 0));
    assert!(behind < MAX_LAG);
    index.keeps_up().await;
}
