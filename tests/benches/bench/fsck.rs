//! The check of all files.

use std::time::Instant;

use super::{
    report::{Report, Target},
    writer::Log,
};

pub(crate) fn measure(log: &Log, report: &mut Report) {
    let begun = Instant::now();
    let found = oncebus_trail::fsck(&log.dir, &log.key, &[], &mut |_, _| Ok(())).unwrap();
    assert_eq!(found.records, log.records);

    let rate = found.records as f64 / begun.elapsed().as_secs_f64();
    report.aimed("records/s checked by fsck", rate, "1/s", Target::AtLeast(150_000.0));
}
