//! The search index over a million records.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use oncebus_core::{RecordId, SystemRng};
use oncebus_store::{RecordFilter, SearchIndex, SubjectKeys, Visibility};

use super::{
    report::{Report, Target},
    writer::{self, Log},
};

/// Records of the log that is searched.
pub(crate) const RECORDS: u64 = 1_000_000;
/// A page as callers get it when they do not say.
const PAGE: usize = 100;
/// Searches of each kind; the median counts.
const SEARCHES: usize = 9;

pub(crate) fn measure(log: &Log, report: &mut Report) {
    let file = log.dir.with_file_name("index.sqlite");
    let log_bytes = size(&log.dir);
    writer::runtime().block_on(async {
        let trail = writer::open(&log.dir);
        let keys = SubjectKeys::load_or_create(&file.with_extension("keys"), &SystemRng).unwrap();
        let index = SearchIndex::open(&file, &trail, Arc::new(keys)).await.unwrap();
        let begun = Instant::now();
        index.feed(&trail).await.unwrap();
        report.plain("microseconds to index a record", each_us(begun.elapsed(), log.records), "us");

        let version = format!("materialTypes/business_license/versions/{}", "0".repeat(64));
        let id = format!("01990000-0000-7000-8000-{:012x}", RECORDS / 3);
        let selective = RecordFilter {
            id: Some(RecordId(id.parse().unwrap())),
            ..RecordFilter::default()
        };
        let unselective = RecordFilter {
            department: "d3".parse().ok(),
            outcome: Some("served".into()),
            version: version.parse().ok(),
            ..RecordFilter::default()
        };
        let rare = RecordFilter { item: Some("I99".into()), ..RecordFilter::default() };
        for (name, filter, most) in [
            ("first page of a selective search, 10^6", selective, 100.0),
            ("first page of an unselective search, 10^6", unselective, 1_000.0),
            ("search that finds nothing, 10^6", rare, 1_000.0),
        ] {
            let median = median_ms(&index, &filter).await;
            report.aimed(name, median, "ms", Target::AtMost(most));
        }
    });
    let index_bytes: u64 = ["", "-wal"].iter().map(|suffix| length(&file, suffix)).sum();
    let bytes = (log_bytes + index_bytes) as f64 / log.records as f64;
    report.aimed("stored bytes a hit, all told", bytes, "B", Target::AtMost(2_500.0));
    report.plain("of these the search index", index_bytes as f64 / log.records as f64, "B");
}

async fn median_ms(index: &SearchIndex, filter: &RecordFilter) -> f64 {
    let mut times = Vec::new();
    for _ in 0..SEARCHES {
        let begun = Instant::now();
        index.search(filter, &Visibility::All, None, PAGE).await.unwrap();
        times.push(begun.elapsed());
    }
    super::report::percentile_ms(&mut times, 50)
}

fn each_us(all: Duration, records: u64) -> f64 {
    all.as_secs_f64() * 1e6 / records as f64
}

/// Returns the bytes of all files below a folder.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| match entry.path() {
            path if path.is_dir() => size(&path),
            path => path.metadata().unwrap().len(),
        })
        .sum()
}

fn length(file: &Path, suffix: &str) -> u64 {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    fs::metadata(name).map_or(0, |metadata| metadata.len())
}
