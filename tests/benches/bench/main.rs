//! Measures what the bus does against bare baselines, in one run: `make bench`.
//!
//! Absolute times say more of the machine than of the bus; the ratios carry over. Figures that miss
//! their target are printed as such.

mod disk;
mod exchanges;
mod fsck;
mod report;
mod search;
mod writer;

use std::path::{Path, PathBuf};

use report::Report;

fn main() {
    let folder = tempfile::tempdir_in(work()).unwrap();
    let mut report = Report::default();
    disk::measure(folder.path(), &mut report);
    exchanges::measure(folder.path(), &mut report);
    writer::measure(folder.path(), &mut report);
    let log = writer::log(&folder.path().join("log"), search::RECORDS);
    fsck::measure(&log, &mut report);
    search::measure(&log, &mut report);
    report.write(&work().join("report.json"));
}

/// Returns the folder that all is written in: on a real disk, beside the build.
fn work() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"));
    let work = target.join("bench");
    std::fs::create_dir_all(&work).unwrap();
    work
}
