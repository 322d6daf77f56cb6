//! What is said to whoever started the command: data on stdout, all else on stderr.

use std::{
    fmt,
    io::{self, Write as _},
};

/// Writes one line to stdout, at once.
///
/// A reader that went away is not an error: whoever has seen enough closes the pipe.
pub(crate) fn line(text: impl fmt::Display) {
    let mut out = io::stdout().lock();
    let _gone = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Writes one line to stderr.
pub(crate) fn note(text: impl fmt::Display) {
    let _gone = writeln!(io::stderr().lock(), "{text}");
}
