//! Flags of `ca show`, and what it shows.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, pem::Pem};

use super::{CaError, files};
use crate::{
    exit::{CliError, Exit},
    output::{Column, OutputArgs},
};

const COLUMNS: [Column; 7] = [
    ("file", "file"),
    ("subject", "subject"),
    ("SPIFFE id", "spiffe_id"),
    ("hosts", "hosts"),
    ("from", "not_before"),
    ("until", "not_after"),
    ("SHA-256", "sha256"),
];
/// Files read from one folder; more is no folder of certificates.
const MAX_FILES: usize = 1_000;

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// A PEM file, or a folder of *.pem files
    #[arg(long, value_name = "DIR|FILE")]
    dir: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

// === impl ShowArgs ===

impl ShowArgs {
    pub(super) fn run(self) -> Result<(), CliError> {
        let shown = certificates(&self.dir)?;
        let rows: Vec<_> = shown.iter().map(|certificate| json!(certificate)).collect();
        self.output.rows(&COLUMNS, &rows);
        Ok(())
    }
}

/// What is shown of one certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Shown {
    /// File that it is in.
    pub(super) file: String,
    /// Subject, RFC 4514.
    pub(super) subject: String,
    /// The URI in it: a SPIFFE id; an authority's is its trust domain's.
    pub(super) spiffe_id: String,
    /// DNS names and IP addresses in it.
    pub(super) hosts: Vec<String>,
    /// Whether it may issue others.
    pub(super) authority: bool,
    /// First moment of validity.
    pub(super) not_before: Timestamp,
    /// Last moment of validity.
    pub(super) not_after: Timestamp,
    /// SHA-256 of its DER bytes, hexadecimal; records on the trail name callers by it.
    pub(super) sha256: String,
}

/// Returns what the certificates in a file, or in a folder's *.pem files, say.
///
/// # Errors
///
/// Names the file that cannot be read, or a path without any certificate.
pub(super) fn certificates(path: &Path) -> Result<Vec<Shown>, CliError> {
    let mut shown = Vec::new();
    for file in files_of(path)? {
        let content = files::read(&file)?;
        for block in Pem::iter_from_buffer(&content) {
            let unread = |fault: String| {
                CliError::usage(format!("{}: no certificate can be read: {fault}", file.display()))
            };
            let block = block.map_err(|error| unread(error.to_string()))?;
            if block.label == "CERTIFICATE" {
                let certificate = block.parse_x509().map_err(|error| unread(error.to_string()))?;
                shown.push(Shown::of(&file, &block, &certificate).map_err(unread)?);
            }
        }
    }
    if shown.is_empty() {
        let message = format!("there is no certificate in {}", path.display());
        return Err(CliError::new(Exit::NotFound, message));
    }
    Ok(shown)
}

// === impl Shown ===

impl Shown {
    fn of(file: &Path, block: &Pem, certificate: &X509Certificate<'_>) -> Result<Self, String> {
        let mut spiffe_id = String::new();
        let mut hosts = Vec::new();
        let names = certificate.subject_alternative_name().map_err(|error| error.to_string())?;
        for name in names.iter().flat_map(|extension| &extension.value.general_names) {
            match name {
                GeneralName::URI(uri) => spiffe_id = (*uri).to_owned(),
                GeneralName::DNSName(name) => hosts.push((*name).to_owned()),
                GeneralName::IPAddress(octets) => hosts.extend(address(octets)),
                _ => {}
            }
        }
        let time = |seconds| Timestamp::from_second(seconds).map_err(|error| error.to_string());
        let validity = certificate.validity();
        Ok(Self {
            file: file.display().to_string(),
            subject: certificate.subject().to_string(),
            spiffe_id,
            hosts,
            authority: certificate.is_ca(),
            not_before: time(validity.not_before.timestamp())?,
            not_after: time(validity.not_after.timestamp())?,
            sha256: hex::encode(Sha256::digest(&block.contents)),
        })
    }
}

fn address(octets: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(octets).map(|octets| std::net::IpAddr::from(octets).to_string());
    let v6 = <[u8; 16]>::try_from(octets).map(|octets| std::net::IpAddr::from(octets).to_string());
    v4.or(v6).ok()
}

/// Returns the file itself, or a folder's *.pem files by name.
fn files_of(path: &Path) -> Result<Vec<PathBuf>, CliError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unread =
        |source| CliError::from(CaError::Disk { action: "read", path: path.to_owned(), source });
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unread)? {
        let file = entry.map_err(unread)?.path();
        if file.extension().is_some_and(|extension| extension == "pem") {
            files.push(file);
        }
        if MAX_FILES < files.len() {
            return Err(CliError::usage(format!(
                "more than {MAX_FILES} files in {}",
                path.display()
            )));
        }
    }
    files.sort();
    Ok(files)
}
