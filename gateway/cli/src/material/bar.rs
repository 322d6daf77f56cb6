//! A progress bar, on a terminal only.

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

/// Shows how many of `bytes` are done until it is dropped; nothing where stderr is no terminal.
pub(super) fn bar(bytes: u64) -> ProgressBar {
    let template = "{bar:40} {bytes}/{total_bytes} {bytes_per_sec}";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(bytes).with_style(style).with_finish(ProgressFinish::AndClear)
}
