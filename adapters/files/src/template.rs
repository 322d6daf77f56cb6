//! Where the sidecars of a type and subject lie.

use std::{fmt::Write as _, str::FromStr};

use oncebus_adapter::{Number, Scheme, Subject, TypeCode};
use sha2::{Digest as _, Sha256};

use crate::layout;

/// What a template looks like; also the default.
pub(crate) const DEFAULT: &str = "origin/{type}/{scheme}-{subject}/{number}.toml";

/// Longest template, in bytes.
const MAX_BYTES: usize = 256;
/// Longest value in a file's name, in bytes, once escaped. Longer ones are hashed.
const MAX_VALUE_BYTES: usize = 200;
/// Longest fixed text within one name: with a value it stays below the usual limit of 255 bytes.
const MAX_LITERAL_BYTES: usize = 32;

/// Says where the sidecars lie, from type, subject and number.
///
/// Different subjects never share a folder, and different numbers never share a file: the rules of
/// [`Template::from_str`] see to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    folders: Vec<Vec<Part>>,
    prefix: String,
    suffix: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Type,
    Scheme,
    Subject,
}

/// What is wrong with a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    #[error("is longer than {MAX_BYTES} bytes")]
    TooLong,
    #[error(
        "has a part that is empty, longer than {MAX_LITERAL_BYTES} bytes, starts with a dot or \
             has other characters than A-Z, a-z, 0-9, dot, _ and -"
    )]
    Literal,
    #[error("has a placeholder other than {{type}}, {{scheme}}, {{subject}} and {{number}}")]
    Placeholder,
    #[error("must begin with a folder of its own, none of staging, sealed, drafts and lock")]
    FirstFolder,
    #[error("must have {{type}}, {{scheme}} and {{subject}} once each in its folders")]
    Folders,
    #[error(
        "has a folder in which two values could be taken for others: only {{scheme}} may stand \
             beside another one, with a - or _ between"
    )]
    Ambiguous,
    #[error("must end with a file named by {{number}} that ends in .toml")]
    File,
}

// === impl Template ===

impl Template {
    /// Returns the folder of a type and subject.
    pub(crate) fn folder(&self, material_type: &TypeCode, subject: &Subject) -> String {
        self.folder_with(material_type, subject.scheme(), &escape(subject.value()))
    }

    /// Returns that folder as a log may show it.
    pub(crate) fn shown_folder(&self, material_type: &TypeCode, subject: &Subject) -> String {
        self.folder_with(material_type, subject.scheme(), "(hidden)")
    }

    /// Returns the name of a number's sidecar within its folder.
    pub(crate) fn file(&self, number: &Number) -> String {
        format!("{}{}{}", self.prefix, escape(number.as_str()), self.suffix)
    }

    /// Tells whether a name could be a sidecar's.
    pub(crate) fn is_sidecar(&self, name: &str) -> bool {
        let rest = name.strip_prefix(&self.prefix).and_then(|rest| rest.strip_suffix(&self.suffix));
        rest.is_some_and(|number| !number.is_empty())
    }

    fn folder_with(&self, material_type: &TypeCode, scheme: Scheme, subject: &str) -> String {
        let name = |parts: &Vec<Part>| {
            let part = |part: &Part| match part {
                Part::Literal(text) => text.clone(),
                Part::Type => material_type.as_str().to_owned(),
                Part::Scheme => scheme.as_str().to_owned(),
                Part::Subject => subject.to_owned(),
            };
            parts.iter().map(part).collect::<String>()
        };
        self.folders.iter().map(name).collect::<Vec<_>>().join("/")
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        if MAX_BYTES < text.len() {
            return Err(TemplateError::TooLong);
        }
        let (folders, file) = text.rsplit_once('/').ok_or(TemplateError::FirstFolder)?;
        let (prefix, suffix) = file.split_once("{number}").ok_or(TemplateError::File)?;
        let plain = literal(prefix).is_ok() && literal(suffix).is_ok();
        if !plain || prefix.starts_with('.') || !suffix.ends_with(".toml") {
            return Err(TemplateError::File);
        }
        let folders = folders.split('/').map(parts).collect::<Result<Vec<_>, _>>()?;
        check(&folders)?;
        Ok(Self { folders, prefix: prefix.to_owned(), suffix: suffix.to_owned() })
    }
}

/// Splits a folder's name into fixed texts and placeholders.
fn parts(mut name: &str) -> Result<Vec<Part>, TemplateError> {
    if name.is_empty() || name.starts_with('.') {
        return Err(TemplateError::Literal);
    }
    let mut parts = Vec::new();
    while let Some((text, rest)) = name.split_once('{') {
        let (placeholder, rest) = rest.split_once('}').ok_or(TemplateError::Placeholder)?;
        parts.extend(literal(text)?);
        parts.push(match placeholder {
            "type" => Part::Type,
            "scheme" => Part::Scheme,
            "subject" => Part::Subject,
            _ => return Err(TemplateError::Placeholder),
        });
        name = rest;
    }
    parts.extend(literal(name)?);
    Ok(parts)
}

/// Checks a fixed text; an empty one is none.
fn literal(text: &str) -> Result<Option<Part>, TemplateError> {
    if text.len() <= MAX_LITERAL_BYTES && text.bytes().all(is_plain) {
        return Ok((!text.is_empty()).then(|| Part::Literal(text.to_owned())));
    }
    Err(TemplateError::Literal)
}

fn check(folders: &[Vec<Part>]) -> Result<(), TemplateError> {
    let own = [layout::STAGING, layout::SEALED, layout::DRAFTS, layout::LOCK];
    match folders.first().map(Vec::as_slice) {
        Some([Part::Literal(first)]) if !own.contains(&first.as_str()) => {}
        _ => return Err(TemplateError::FirstFolder),
    }
    for wanted in [Part::Type, Part::Scheme, Part::Subject] {
        if folders.iter().flatten().filter(|part| **part == wanted).count() != 1 {
            return Err(TemplateError::Folders);
        }
    }
    if folders.iter().any(|parts| is_ambiguous(parts)) {
        return Err(TemplateError::Ambiguous);
    }
    Ok(())
}

/// Tells whether two sets of values could make the same name.
///
/// A scheme is one of four words without `-` and `_`, so it can be told from what it is joined to.
fn is_ambiguous(parts: &[Part]) -> bool {
    let is_value = |part: &Part| matches!(part, Part::Type | Part::Subject);
    let touching = parts.windows(2).any(|pair| match pair {
        [Part::Literal(text), _] => !text.ends_with(['-', '_']) && parts.contains(&Part::Scheme),
        [_, Part::Literal(text)] => !text.starts_with(['-', '_']) && parts.contains(&Part::Scheme),
        _ => true,
    });
    let values = parts.iter().filter(|part| is_value(part)).count();
    1 < values || (values == 1 && parts.contains(&Part::Scheme) && touching)
}

/// Makes a file's name of a value. Different values make different names.
///
/// Whatever could be more than a name (`/`, a leading dot, control characters, other scripts) is
/// written as its bytes, `%2F`; what gets too long is hashed. `~` is in no escaped value.
fn escape(value: &str) -> String {
    let mut name = String::with_capacity(value.len());
    for (at, byte) in value.bytes().enumerate() {
        if is_plain(byte) && !(at == 0 && byte == b'.') {
            name.push(char::from(byte));
        } else {
            write!(name, "%{byte:02X}").expect("writing into a string cannot fail");
        }
    }
    if name.len() <= MAX_VALUE_BYTES {
        return name;
    }
    format!("~{}", hex::encode(Sha256::digest(value)))
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-".contains(&byte)
}

#[cfg(test)]
mod tests;
