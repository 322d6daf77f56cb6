//! Measures what the bus does against bare baselines, in one run: `make bench`.
//!
//! Absolute times say more of the machine than of the bus; the ratios carry over. Figures that miss
//! their target are printed as such.

mod checklists;
mod disk;
mod exchanges;
mod fsck;
mod report;
mod search;
mod writer;

use std::path::{Path, PathBuf};

use report::Report;

/// Measures everything, or the part that the command line names.
fn main() {
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    let folder = tempfile::tempdir_in(work()).unwrap();
    let mut report = Report::default();
    if wanted("disk") {
        disk::measure(folder.path(), &mut report);
    }
    if wanted("exchanges") {
        exchanges::measure(folder.path(), &mut report);
    }
    if wanted("checklists") {
        checklists::measure(folder.path(), &mut report);
    }
    if wanted("writer") {
        writer::measure(folder.path(), &mut report);
    }
    if wanted("log") {
        let log = writer::log(&folder.path().join("log"), search::RECORDS);
        fsck::measure(&log, &mut report);
        search::measure(&log, &mut report);
    }
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

/// Returns the bytes of a file, or of all files below a folder.
fn bytes(path: &Path) -> u64 {
    if !path.is_dir() {
        return std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    }
    let entries = std::fs::read_dir(path).unwrap();
    entries.map(|entry| bytes(&entry.unwrap().path())).sum()
}
