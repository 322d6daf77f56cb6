//! How a command ends: exit code and message.

use std::{error::Error, fmt, process};

/// Exit codes of every command, part of its contract with scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Wrong flags, a file that cannot be read or written, or a bad value.
    Usage = 1,
    /// The gateway or an adapter cannot be reached, or does not answer now.
    Connect = 2,
    /// Refused: permission, purpose or identity.
    Denied = 3,
    /// There is no such thing.
    NotFound = 4,
    /// A check failed: a state or a figure is not what it must be.
    Check = 5,
    /// Received bytes or a proof do not match what was promised.
    Verification = 6,
    /// Some of it was done, not all.
    Partial = 7,
}

/// What `--help` says of exit codes.
pub(crate) const HELP: &str = "\
Exit codes:
  0  done
  1  wrong usage: a flag, a file or a value
  2  cannot connect: the gateway or an adapter does not answer
  3  denied
  4  not found
  5  a check failed
  6  verification failed: bytes or a proof are not what was promised
  7  partly done";

/// Why a command did not do what it was asked.
///
/// The message is lower case, without a full stop, and names the value and the cure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CliError {
    /// How the process ends.
    pub(crate) code: Exit,
    /// What the user is told on stderr.
    pub(crate) message: String,
}

// === impl CliError ===

impl CliError {
    /// Returns an error that ends the process with `code`.
    pub(crate) fn new(code: Exit, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Returns wrong usage: a flag, a file or a value.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Returns a failed check with all that is known of its cause.
    pub(crate) fn caused(what: &str, error: &dyn Error) -> Self {
        Self::check(format!("{what}: {}", chain(error)))
    }

    /// Returns wrong usage with all that is known of its cause.
    pub(crate) fn misused(error: &dyn Error) -> Self {
        Self::usage(chain(error))
    }

    /// Returns a failed check.
    pub(crate) fn check(message: impl Into<String>) -> Self {
        Self::new(Exit::Check, message)
    }

    /// Returns the code for the operating system.
    pub(crate) fn exit_code(&self) -> process::ExitCode {
        process::ExitCode::from(self.code as u8)
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for CliError {}

/// Returns an error and its sources, each said once: some errors repeat their source in their text.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let said = source.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        next = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot serve")]
    struct Outer(#[source] io::Error);

    #[test]
    fn the_cause_of_an_error_is_told() {
        let error = CliError::caused("the adapter", &Outer(io::Error::other("port taken")));

        assert_eq!(error.message, "the adapter: cannot serve: port taken");
        assert_eq!(error.code, Exit::Check);
    }
}
