//! The search index over a million records.

use std::{
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
    writer::runtime().block_on(async {
        let trail = writer::open(&log.dir);
        let keys = SubjectKeys::load_or_create(&file.with_extension("keys"), &SystemRng).unwrap();
        let index = SearchIndex::open(&file, &trail, Arc::new(keys)).await.unwrap();
        let begun = Instant::now();
        index.feed(&trail).await.unwrap();
        report.plain("microseconds to index a record", each_us(begun.elapsed(), log.records), "us");

        let version = format!("materialTypes/business_license/versions/{}", "0".repeat(64));
        let id = format!("01990000-0000-7000-8000-{:012x}", RECORDS / 3);
        let selective =
            RecordFilter { id: Some(RecordId(id.parse().unwrap())), ..RecordFilter::default() };
        let unselective = RecordFilter {
            department: "d3".parse().ok(),
            outcome: Some("served".into()),
            version: version.parse().ok(),
            ..RecordFilter::default()
        };
        // Every row is looked at, and none fits.
        let slow = RecordFilter { min_latency_ms: Some(60_000), ..RecordFilter::default() };
        for (name, filter, most) in [
            ("first page of a selective search, 10^6", selective, 100.0),
            ("first page of an unselective search, 10^6", unselective, 1_000.0),
            ("search of all rows that finds nothing, 10^6", slow, 1_000.0),
        ] {
            let median = median_ms(&index, &filter).await;
            report.aimed(name, median, "ms", Target::AtMost(most));
        }
    });
    let index_bytes = super::bytes(&file);
    report.plain("search index, each record", index_bytes as f64 / log.records as f64, "B");
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
