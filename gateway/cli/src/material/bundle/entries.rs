//! The materials of a bundle, as people list them.

use std::path::Path;

use oncebus_proto::v1 as pb;
use serde::Deserialize;

use crate::{client::subject, exit::CliError};

/// Longest list that is read, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// Begins the name of a version.
const VERSION: &str = "materialTypes/";
/// How an entry is written.
const FORM: &str = "give TYPE=SCHEME:VALUE, with #NUMBER where the subject has several, or the name of \
                    a version";

/// One entry of a list in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    #[serde(default)]
    version: String,
    #[serde(default, rename = "type")]
    material_type: String,
    subject: Option<String>,
    #[serde(default)]
    number: String,
    #[serde(default)]
    reference: String,
}

/// Reads `TYPE=SCHEME:VALUE[#NUMBER]`, or the name of a version.
///
/// # Errors
///
/// Says how an entry is written.
pub(super) fn entry(text: &str) -> Result<pb::BundleEntry, String> {
    if text.starts_with(VERSION) {
        return Ok(pb::BundleEntry { version: text.to_owned(), ..Default::default() });
    }
    let (material_type, about) = text.split_once('=').ok_or(FORM)?;
    let (about, number) = about.split_once('#').unwrap_or((about, ""));
    if material_type.is_empty() {
        return Err(FORM.to_owned());
    }
    Ok(pb::BundleEntry {
        material_type: material_type.to_owned(),
        subject: Some(subject(about)?),
        number: number.to_owned(),
        ..Default::default()
    })
}

/// Reads a list of entries: JSON, each with `version`, or `type` and `subject` as `SCHEME:VALUE`, and
/// where wanted `number` and `reference`.
///
/// # Errors
///
/// Names the file, and what in it cannot be read.
pub(super) fn read(file: &Path) -> Result<Vec<pb::BundleEntry>, CliError> {
    let shown = file.display();
    let unusable = |fault: &dyn std::fmt::Display| {
        CliError::usage(format!("cannot use the list {shown}: {fault}"))
    };
    let size = std::fs::metadata(file).map_err(|error| unusable(&error))?.len();
    if size > MAX_FILE_BYTES {
        return Err(unusable(&format!("it has {size} bytes, over 1 MiB")));
    }
    let text = std::fs::read(file).map_err(|error| unusable(&error))?;
    let listed: Vec<Listed> = serde_json::from_slice(&text).map_err(|error| unusable(&error))?;
    let entry = |(at, listed): (usize, Listed)| {
        listed.entry().map_err(|fault| unusable(&format!("entry {at}: {fault}")))
    };
    listed.into_iter().enumerate().map(entry).collect()
}

// === impl Listed ===

impl Listed {
    fn entry(self) -> Result<pb::BundleEntry, String> {
        let Self { version, material_type, subject: about, number, reference } = self;
        let subject = about.as_deref().map(subject).transpose()?;
        Ok(pb::BundleEntry { version, material_type, subject, number, reference })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_type_subject_and_number_or_a_version() {
        let read = entry("M01=credit:91370800MA3ABCD15K#L=1#2").unwrap();
        let version = entry("materialTypes/business_license/versions/v").unwrap();

        assert_eq!((read.material_type.as_str(), read.number.as_str()), ("M01", "L=1#2"));
        assert_eq!(read.subject.unwrap().value, "91370800MA3ABCD15K");
        assert_eq!(version.version, "materialTypes/business_license/versions/v");
        for text in ["", "M01", "M01=", "=credit:9", "M01=passport:9", "M01=credit:"] {
            assert!(entry(text).is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn a_list_is_read_and_what_is_wrong_in_it_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("list.json");
        let list = |text: &str| {
            std::fs::write(&file, text).unwrap();
            read(&file)
        };

        let entries = list(
            r#"[{"type":"M01","subject":"credit:9","reference":"a"},
            {"version":"materialTypes/x/versions/y"}]"#,
        );
        let wrong = [
            ("[{\"type\":\"M01\",\"subject\":\"nobody\"}]", "entry 0: give SCHEME:VALUE"),
            ("[{\"typ\":\"M01\"}]", "unknown field `typ`"),
            ("{}", "invalid type"),
        ]
        .map(|(text, named)| (list(text).unwrap_err().message, named));

        let entries = entries.unwrap();
        assert_eq!((entries.len(), entries[0].reference.as_str()), (2, "a"));
        for (message, named) in wrong {
            assert!(message.contains("list.json") && message.contains(named), "{message}");
        }
    }
}
