//! The disk itself: what one sync of an append costs.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use super::report::{Report, percentile_ms};

const SYNCS: usize = 500;

pub(crate) fn measure(folder: &Path, report: &mut Report) {
    let mut syncs = syncs(folder);
    report.plain("bare fdatasync of 1 KiB appended, p50", percentile_ms(&mut syncs, 50), "ms");
    report.plain("bare fdatasync of 1 KiB appended, p99", percentile_ms(&mut syncs, 99), "ms");
}

/// Returns what each of some syncs took.
pub(crate) fn syncs(folder: &Path) -> Vec<Duration> {
    let mut file = File::create(folder.join("syncs")).unwrap();
    let sync = |_| {
        file.write_all(&[7; 1024]).unwrap();
        let begun = Instant::now();
        file.sync_data().unwrap();
        begun.elapsed()
    };
    (0..SYNCS).map(sync).collect()
}
