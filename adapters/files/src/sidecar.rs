//! What a sidecar says of the content beside it.

use std::{fs::File, io::Read as _, os::unix::fs::MetadataExt as _};

use oncebus_adapter::{AdapterError, Digest, Document, FieldError, Subject, TypeCode};
use serde::{Deserialize, Serialize};

/// Largest sidecar, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// A sidecar: what the department says of one document, in TOML beside its content.
///
/// Type and subject are not in it: they are where it lies.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// The issuer's number.
    pub number: String,
    /// Name of the content's file, in the same folder.
    pub file: String,
    /// Size of the content in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the content, `sha256:` and 64 hexadecimal digits.
    pub sha256: String,
    /// Media type of the content.
    pub media_type: String,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Day of issue, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued: Option<String>,
    /// Last day of validity, `YYYY-MM-DD`, or `长期`, `long_term` or another spelling of "without end".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// How it stands: `01` valid, `02` suspended, `03` revoked, `04` cancelled, `05` lapsed, `06` moved
    /// out, `07` withdrawn as a penalty, `99` other; absent means `01`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// What is wrong with a sidecar. It shows none of the values.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SidecarError {
    #[error("it is larger than {MAX_BYTES} bytes")]
    TooLarge,
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error("line {line}: {fault}")]
    Toml { line: usize, fault: String },
    #[error(transparent)]
    Field(#[from] FieldError),
    #[error("sha256 {0}")]
    Digest(#[from] oncebus_adapter::DigestError),
    #[error("size_bytes is 0, give the content's size")]
    Empty,
    #[error("file is no plain name, give the name of a file in the same folder")]
    File,
}

// === impl Sidecar ===

impl Sidecar {
    /// Returns the sidecar as it is written.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("texts and a size are always TOML")
    }

    /// Reads a sidecar. `shown` is where it lies, as a log may show it.
    pub(crate) fn read(file: &File, shown: &str) -> Result<Self, AdapterError> {
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        parse(&bytes).map_err(|error| fault(file, shown, &error))
    }

    /// Returns the checked document of a type and subject.
    pub(crate) fn document(
        &self,
        material_type: &TypeCode,
        subject: &Subject,
    ) -> Result<Document, SidecarError> {
        let issued = self.issued.as_deref().map(str::parse).transpose();
        if self.size_bytes == 0 {
            return Err(SidecarError::Empty);
        }
        if matches!(self.file.as_str(), "" | "." | "..") || self.file.contains(['/', '\0']) {
            return Err(SidecarError::File);
        }
        Ok(Document {
            material_type: material_type.clone(),
            subject: subject.clone(),
            number: self.number.parse()?,
            size_bytes: self.size_bytes,
            digest: self.sha256.parse::<Digest>()?,
            media_type: self.media_type.parse()?,
            issuer: self.issuer.as_deref().map(str::parse).transpose()?,
            issued: issued.map_err(|error: FieldError| error.of("issued"))?,
            valid_until: self.valid_until.as_deref().map(str::parse).transpose()?,
            status: self.status.as_deref().map(str::parse).transpose()?.unwrap_or_default(),
        })
    }
}

impl std::fmt::Debug for Sidecar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Number and file's name may lead to a person.
        f.debug_struct("Sidecar").field("size_bytes", &self.size_bytes).finish_non_exhaustive()
    }
}

/// Makes the fault of a sidecar, with what finds it (`find -inum`) and without what it is about.
pub(crate) fn fault(file: &File, shown: &str, error: &dyn std::fmt::Display) -> AdapterError {
    let inode = file.metadata().map_or(0, |metadata| metadata.ino());
    AdapterError::fault(format!("sidecar in {shown}, inode {inode}: {error}"))
}

fn parse(bytes: &[u8]) -> Result<Sidecar, SidecarError> {
    if MAX_BYTES < bytes.len() as u64 {
        return Err(SidecarError::TooLarge);
    }
    let Ok(text) = str::from_utf8(bytes) else { return Err(SidecarError::NotUtf8) };
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start.min(bytes.len()));
        let line = 1 + bytes[..start].iter().filter(|byte| **byte == b'\n').count();
        SidecarError::Toml { line, fault: without_values(error.message()) }
    })
}

/// Keeps what the parser says of keys; what it says of values may quote them.
fn without_values(message: &str) -> String {
    let of_keys = ["missing field", "unknown field", "duplicate key"];
    if of_keys.iter().any(|start| message.starts_with(start)) {
        return message.to_owned();
    }
    "is not what a sidecar holds there".to_owned()
}

#[cfg(test)]
mod tests {
    use oncebus_adapter::{Status, ValidUntil};

    use super::*;

    fn sidecar() -> Sidecar {
        Sidecar {
            number: "N1".to_owned(),
            file: "N1.pdf".to_owned(),
            size_bytes: 5,
            sha256: Digest::of(b"hello").to_string(),
            media_type: "application/pdf".to_owned(),
            issuer: Some("市场监管局".to_owned()),
            issued: Some("2024-02-29".to_owned()),
            valid_until: None,
            status: None,
        }
    }

    fn document(sidecar: &Sidecar) -> Result<Document, SidecarError> {
        let subject = Subject::new("credit", "91110000").unwrap();
        sidecar.document(&"licence".parse().unwrap(), &subject)
    }

    #[test]
    fn what_is_written_is_read() {
        let parsed = parse(sidecar().to_toml().as_bytes()).unwrap();

        let document = document(&parsed).unwrap();
        assert_eq!(parsed, sidecar());
        assert_eq!(document.digest, Digest::of(b"hello"));
        assert_eq!(document.issued.unwrap().to_string(), "2024-02-29");
    }

    #[test]
    fn a_status_and_every_spelling_of_without_end_are_read() {
        let text = format!("{}status = \"02\"\n", sidecar().to_toml());

        let silent = document(&sidecar()).unwrap();
        let suspended = document(&parse(text.as_bytes()).unwrap()).unwrap();

        assert_eq!((silent.status, silent.valid_until), (Status::Valid, None));
        assert_eq!(suspended.status, Status::Suspended);
        for spelling in ["长期", "9999-01-01", "2099-12-31", "long_term"] {
            let sidecar = Sidecar { valid_until: Some(spelling.to_owned()), ..sidecar() };
            let read = document(&sidecar).unwrap().valid_until;
            assert_eq!(read, Some(ValidUntil::LongTerm), "{spelling}");
        }
    }

    #[test]
    fn every_fault_is_named_without_the_value() {
        let text = sidecar().to_toml();
        let cases = [
            (text.replace("size_bytes = 5", "size_bytes = \"SECRET\""), "line 3"),
            (text.replace("size_bytes = 5", "size_bytes = -5"), "line 3"),
            (text.replace("number", "nummer"), "unknown field `nummer`"),
            (text.replace("size_bytes = 5\n", ""), "missing field `size_bytes`"),
            (format!("{text}number = \"SECRET\"\n"), "line 8"),
            ("SECRET".to_owned(), "line 1"),
            (format!("# {}\n{text}", "a".repeat(65_536)), "larger than"),
        ];

        for (text, expected) in cases {
            let error = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}, not {expected}");
            assert!(!error.contains("SECRET"), "{error}");
        }
    }

    #[test]
    fn every_wrong_value_is_refused_with_its_key() {
        let cases = [
            (Sidecar { number: String::new(), ..sidecar() }, "number is empty"),
            (Sidecar { size_bytes: 0, ..sidecar() }, "size_bytes is 0"),
            (Sidecar { sha256: "abc".to_owned(), ..sidecar() }, "sha256 is no digest"),
            (Sidecar { media_type: "PDF".to_owned(), ..sidecar() }, "media_type is no"),
            (Sidecar { issued: Some("2023-02-29".to_owned()), ..sidecar() }, "issued is no day"),
            (
                Sidecar { valid_until: Some("soon".to_owned()), ..sidecar() },
                "valid_until is no day",
            ),
            (Sidecar { status: Some("08".to_owned()), ..sidecar() }, "status is unknown"),
            (Sidecar { issuer: Some("a\nb".to_owned()), ..sidecar() }, "issuer has a control"),
            (Sidecar { file: "../x".to_owned(), ..sidecar() }, "file is no plain name"),
            (Sidecar { file: "..".to_owned(), ..sidecar() }, "file is no plain name"),
        ];

        for (sidecar, expected) in cases {
            let error = document(&sidecar).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}, not {expected}");
        }
    }
}
