//! Every filter finds what it should, by the way that costs least.

use std::{fs, path::Path, time::Instant};

use oncebus_core::{RecordId, Subject};
use oncebus_trail::Trail;
use sqlx::{QueryBuilder, Row as _, Sqlite, sqlite::SqliteRow};
use tokio::task::JoinSet;

use super::{
    super::{RecordFilter, SearchIndex, Visibility, search::Want},
    support::{NOTHING, append, fed, keys, open, sealed, search, trail, write},
};

/// Rows of the test of plans and room; ten times as many in a long run.
const ROWS: u64 = 20_000;
const DAY: u64 = 86_400_000;

fn uuid(number: u64) -> String {
    format!("0198d0c4-0000-7000-8000-{number:012x}")
}

/// A record with everything that is indexed, of one of 40 days, 10 subjects a day.
fn whole(number: u64) -> String {
    let time = number * 40 * DAY / ROWS;
    let (id, digest, trace) = (uuid(number), format!("{number:064x}"), format!("{number:032x}"));
    format!(
        r#"{{"v":1,"id":"{id}","kind":"outcome","time":{time},"operation":"fetch","outcome":"served","department":"planning","system":"spiffe://oncebus.test/dept/planning/system/s1","holder":"market","material_type":"construction_contract","version":"materialTypes/construction_contract/versions/{digest}","digest":"sha256:{digest}","cache":"hit","item":"I{}","package":"P1","trace_id":"{trace}","latency_ms":{},"region":"370800"}}"#,
        number % 65,
        number % 500,
    )
}

async fn fill(dir: &Path, rows: u64) -> (Trail, SearchIndex) {
    let trail = trail(dir);
    let mut writes = JoinSet::new();
    for number in 0..rows {
        let trail = trail.clone();
        let token = |seed: u64| (seed as u128).to_be_bytes().repeat(2);
        let sealed = sealed(&[token(number / 50), token(1_000_000 + number / 5)]);
        writes.spawn(async move { append(&trail, whole(number), sealed).await });
        if writes.len() == 1_000 {
            while writes.join_next().await.is_some() {}
        }
    }
    while writes.join_next().await.is_some() {}
    let index = fed(dir, &trail).await;
    (trail, index)
}

/// Returns how SQLite finds what fits.
async fn plan(index: &SearchIndex, filter: &RecordFilter) -> String {
    let query = index.query(Want::Plan, filter, &Visibility::All, 0..u64::MAX).await.unwrap();
    let mut query: QueryBuilder<Sqlite> = query.expect("something may fit");
    query.push(" LIMIT 100");
    let steps: Vec<SqliteRow> = query.build().fetch_all(&index.database.reader).await.unwrap();
    steps.iter().map(|step| step.get::<String, _>("detail")).collect::<Vec<_>>().join("; ")
}

#[tokio::test]
async fn sharp_filters_use_their_index_and_others_scan_newest_first_within_the_days_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let (_trail, index) = fill(dir.path(), ROWS).await;
    let text = |text: &str| Some(text.to_owned());
    let version = format!("materialTypes/construction_contract/versions/{:064x}", 7);
    let digest = format!("sha256:{:064x}", 7);
    let subject = Subject::new("project", "P-1").ok();
    let any = RecordFilter::default;
    let day = 12 * DAY as i64;

    for (filter, by) in [
        (
            RecordFilter { id: Some(RecordId(uuid(7).parse().unwrap())), ..any() },
            "records_id (id=?",
        ),
        (RecordFilter { version: version.parse().ok(), ..any() }, "records_version (version=?"),
        (RecordFilter { digest: digest.parse().ok(), ..any() }, "records_digest (digest=?"),
        (RecordFilter { trace_id: Some([1; 16]), ..any() }, "records_trace (trace_id=?"),
        (RecordFilter { subject, item: text("I9"), ..any() }, "records_subject (subject=?"),
        (
            RecordFilter { case: Some(("planning".parse().unwrap(), "C-1".to_owned())), ..any() },
            "records_case (case_token=?",
        ),
        (RecordFilter { from: Some(0), until: Some(3_600_000), ..any() }, "records_time (time>?"),
        (any(), "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        (RecordFilter { outcome: text("served"), ..any() }, "INTEGER PRIMARY KEY (rowid>?"),
        (
            RecordFilter { from: Some(day), until: Some(day + DAY as i64), ..any() },
            "INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
        ),
    ] {
        let plan = plan(&index, &filter).await;
        assert!(plan.starts_with("SEARCH records USING"), "{filter:?}: {plan}");
        assert!(plan.contains(by), "{filter:?}: {plan}");
    }
}

#[tokio::test]
async fn a_row_takes_five_hundred_bytes_at_most_and_a_page_comes_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (trail, index) = fill(dir.path(), ROWS).await;
    let sharp = RecordFilter { trace_id: Some(7_u128.to_be_bytes()), ..Default::default() };
    let rare = RecordFilter { min_latency_ms: Some(500), ..Default::default() };
    index.database.close().await;
    let bytes = fs::metadata(dir.path().join("index.sqlite")).unwrap().len();
    let index = open(&dir.path().join("index.sqlite"), &trail).await;

    let begun = Instant::now();
    let found = search(&index, sharp).await;
    let sharp_took = begun.elapsed();
    let begun = Instant::now();
    let none = search(&index, rare).await;
    let scan_took = begun.elapsed();

    assert_eq!((found, none), (vec![7], vec![]));
    let row = bytes / ROWS;
    assert!(row <= 500, "a row takes {row} bytes");
    assert!(sharp_took.as_millis() < 100, "a selective search took {sharp_took:?}");
    assert!(scan_took.as_millis() < 1_000, "a scan of all rows took {scan_took:?}");
}

#[tokio::test]
async fn a_time_finds_its_records_even_where_the_clock_was_set_back() {
    let dir = tempfile::tempdir().unwrap();
    let trail = trail(dir.path());
    for time in [DAY - 2, DAY - 1, DAY, DAY + 5, DAY - 1, DAY + 6, 3 * DAY] {
        write(&trail, time, r#""kind":"start""#).await;
    }
    let index = fed(dir.path(), &trail).await;
    let between = |from: u64, until: u64| {
        let (from, until) = (Some(from as i64), Some(until as i64));
        RecordFilter { from, until, ..Default::default() }
    };

    assert_eq!(search(&index, between(0, DAY)).await, [4, 1, 0]);
    assert_eq!(search(&index, between(DAY, 3 * DAY)).await, [5, 3, 2]);
    assert_eq!(search(&index, between(DAY, DAY + 6)).await, [3, 2]);
    assert_eq!(search(&index, between(DAY + 7, 3 * DAY)).await, NOTHING);
    assert_eq!(search(&index, between(3 * DAY, 9 * DAY)).await, [6]);
}

#[tokio::test]
async fn a_subject_and_a_case_are_found_by_any_key_that_hid_them() {
    let dir = tempfile::tempdir().unwrap();
    let trail = trail(dir.path());
    let keys = keys(&dir.path().join("index.sqlite"));
    let subject = Subject::new("credit", "91370800MA3D").unwrap();
    let planning = "planning".parse().unwrap();
    let case = keys.case_tokens(&planning, "C-1").remove(0);
    let tokens = [keys.subject(&subject), case];
    let leaf = |id: u64| {
        format!(r#"{{"id":"r{id}","kind":"outcome","time":{id},"department":"planning"}}"#)
    };
    append(&trail, leaf(0), sealed(&tokens)).await;
    append(&trail, leaf(1), sealed(&tokens[..1])).await;
    append(&trail, leaf(2), Vec::new()).await;
    rotate(dir.path());
    let index = fed(dir.path(), &trail).await;

    let of_subject = RecordFilter { subject: Some(subject), ..Default::default() };
    let other = Subject::new("project", "91370800MA3D").ok();
    let of_case = RecordFilter { case: Some((planning, "C-1".to_owned())), ..Default::default() };
    let elsewhere = Some(("housing".parse().unwrap(), "C-1".to_owned()));

    assert_eq!(search(&index, of_subject).await, [1, 0]);
    assert_eq!(
        search(&index, RecordFilter { subject: other, ..Default::default() }).await,
        NOTHING
    );
    assert_eq!(search(&index, of_case).await, [0]);
    assert_eq!(
        search(&index, RecordFilter { case: elsewhere, ..Default::default() }).await,
        NOTHING
    );
}

/// Adds a second key, which hides from now on.
fn rotate(dir: &Path) {
    let file = dir.join("subjects.json");
    let text = fs::read_to_string(&file).unwrap();
    let second = format!(r#"}},{{"id":2,"secret":"{}"}}]"#, "ab".repeat(32));
    fs::write(&file, text.replace("}]", &second)).unwrap();
}

#[tokio::test]
async fn oldest_first_counts_and_pages_within_a_range() {
    let dir = tempfile::tempdir().unwrap();
    let trail = trail(dir.path());
    for id in 0..6 {
        let kind = if id % 2 == 0 { "start" } else { "stop" };
        write(&trail, id, &format!(r#""kind":"{kind}""#)).await;
    }
    let index = fed(dir.path(), &trail).await;
    let stops = RecordFilter { kind: Some("stop".to_owned()), ..Default::default() };
    let all = Visibility::All;

    let first = index.search_oldest(&stops, &all, 0..5, 1).await.unwrap();
    let rest = index.search_oldest(&stops, &all, 2..5, 9).await.unwrap();

    assert_eq!((first, rest), (vec![1], vec![3]));
    assert_eq!(index.count(&stops, &all, 0..5).await.unwrap(), 2);
    assert_eq!(index.latest("stop", 2).await.unwrap(), [5, 3]);
    assert_eq!(index.latest("clock", 2).await.unwrap(), NOTHING);
}

#[tokio::test]
async fn those_who_run_the_gateway_see_its_acts_and_their_own_departments_calls() {
    let dir = tempfile::tempdir().unwrap();
    let trail = trail(dir.path());
    for (id, kind) in ["start", "config", "outcome", "audit_read", "refused"].iter().enumerate() {
        write(&trail, id as u64, &format!(r#""kind":"{kind}","department":"planning""#)).await;
    }
    write(&trail, 5, r#""kind":"outcome","department":"planning","holder":"audit""#).await;
    let index = fed(dir.path(), &trail).await;
    let seen = async |visible: Visibility| {
        index.search(&RecordFilter::default(), &visible, None, 9).await.unwrap()
    };

    let audit = || "audit".parse().unwrap();
    assert_eq!(seen(Visibility::Acts(audit())).await, [5, 3, 1, 0]);
    assert_eq!(seen(Visibility::Department(audit())).await, [5]);
    assert_eq!(seen(Visibility::Department("fire".parse().unwrap())).await, NOTHING);
    assert!(Visibility::Acts(audit()).sees("config", "planning", ""));
    assert!(!Visibility::Acts(audit()).sees("outcome", "planning", "housing"));
    assert!(Visibility::Department(audit()).sees("outcome", "planning", "audit"));
    assert!(!Visibility::Department(audit()).sees("start", "", ""));
}

#[tokio::test]
async fn a_record_is_found_by_its_id() {
    let dir = tempfile::tempdir().unwrap();
    let trail = trail(dir.path());
    append(&trail, whole(3), Vec::new()).await;
    let index = fed(dir.path(), &trail).await;

    let found = index.find_by_id(RecordId(uuid(3).parse().unwrap())).await.unwrap();
    let none = index.find_by_id(RecordId(uuid(4).parse().unwrap())).await.unwrap();

    assert_eq!((found, none), (Some(0), None));
}
