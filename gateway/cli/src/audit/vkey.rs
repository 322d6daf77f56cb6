//! Verifier keys as they are given to commands.

use std::{fs, path::Path};

use oncebus_trail::VerifierKey;

use crate::exit::CliError;

/// Takes a verifier key, or the name of a file that holds one.
///
/// # Errors
///
/// Wrong usage, with what is wrong with the key or the file.
pub(super) fn read(text: &str) -> Result<VerifierKey, CliError> {
    if !Path::new(text).is_file() {
        return text.parse().map_err(|error| CliError::misused(&error));
    }
    let held = fs::read_to_string(text)
        .map_err(|error| CliError::usage(format!("cannot read the key in {text}: {error}")))?;
    held.parse().map_err(|error| CliError::usage(format!("{text}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "oncebus.test/log+b7d5c4b5+AeqVXz/qEaB7mNdw5dtW+JTqBWTYUMVOhmHw7SsjRnNR";

    #[test]
    fn what_is_neither_key_nor_file_is_wrong_usage() {
        let refused = read("no/such/file").unwrap_err();

        assert_eq!(refused.code, crate::exit::Exit::Usage);
        assert!(refused.message.contains("name+id+key"), "{refused}");
    }

    #[test]
    fn file_with_an_altered_key_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("trail.vkey");
        fs::write(&file, format!("{KEY}\n")).unwrap();

        let refused = read(file.to_str().unwrap()).unwrap_err();

        assert!(refused.message.starts_with(file.to_str().unwrap()), "{refused}");
        assert!(refused.message.contains("it was altered"), "{refused}");
    }
}
