//! What a bundle came to: files, and a row for each entry.

use std::path::{Path, PathBuf};

use oncebus_proto::v1 as pb;
use serde_json::{Value, json};
use tempfile::TempPath;
use tonic::Code;

use crate::{
    exit::{CliError, Exit},
    extension::extension,
    material::{answer, download::Download, unproven},
    output::Column,
};

/// Columns of the rows.
pub(super) const COLUMNS: [Column; 8] = [
    ("#", "entry"),
    ("reference", "reference"),
    ("outcome", "outcome"),
    ("reason", "reason"),
    ("holder", "holder"),
    ("cache", "cache"),
    ("size", "size_bytes"),
    ("file", "file"),
];
/// Longest name of a file without its ending, in letters.
const NAME_LETTERS: usize = 80;
/// How many files of one name are told apart.
const SAME_NAMES: u32 = 1_000;

/// The entries that came so far, and the one that comes.
#[derive(Debug)]
pub(super) struct Report {
    dir: PathBuf,
    references: Vec<String>,
    rows: Vec<Value>,
    begun: Option<Download>,
    summary: Option<pb::BundleSummary>,
}

// === impl Report ===

impl Report {
    /// Begins the report of entries whose files will lie in `dir`.
    pub(super) fn new(dir: &Path, references: Vec<String>) -> Self {
        Self { dir: dir.to_owned(), references, rows: Vec::new(), begun: None, summary: None }
    }

    /// Takes the next message.
    ///
    /// # Errors
    ///
    /// Returns a file that cannot be written, or an answer that breaks its own promise.
    pub(super) async fn take(&mut self, message: pb::FetchBundleResponse) -> Result<(), CliError> {
        let pb::FetchBundleResponse { entry, info, data, receipt, error, summary, .. } = message;
        if usize::try_from(entry).ok() != Some(self.rows.len()) || self.summary.is_some() {
            return Err(unproven("its entries do not come in their order"));
        }
        if let Some(summary) = summary {
            self.summary = Some(summary);
            return Ok(());
        }
        if let Some(error) = error {
            self.begun = None;
            self.rows.push(self.failed(&error, receipt.as_ref()));
            return Ok(());
        }
        let mut download = match self.begun.take() {
            Some(download) => download,
            None => Download::begin(&self.dir.join("bundle"), None, 0).await?,
        };
        let last = receipt.is_some();
        download.take(pb::FetchMaterialResponse { info, data, receipt }).await?;
        if last {
            let row = self.keep(download).await?;
            self.rows.push(row);
        } else {
            self.begun = Some(download);
        }
        Ok(())
    }

    /// Returns the rows, and all of it as one value.
    pub(super) fn told(&self) -> (Vec<Value>, Value) {
        let summary = self.summary.clone().unwrap_or_default();
        let pb::BundleSummary { bundle, served, refused, failed } = summary;
        let mut rows = self.rows.clone();
        rows.iter_mut().for_each(|row| row["bundle"] = bundle.clone().into());
        let whole = json!({
            "bundle": bundle,
            "served": served,
            "refused": refused,
            "failed": failed,
            "entries": rows,
        });
        (rows, whole)
    }

    /// Says whether all came.
    ///
    /// # Errors
    ///
    /// Denied if all were, partly done if anything else did not come, a failed verification if the
    /// answer ended early.
    pub(super) fn end(&self) -> Result<(), CliError> {
        let summary = self.summary.as_ref();
        let summary = summary.ok_or_else(|| unproven("it ends without a summary"))?;
        let pb::BundleSummary { served, refused, failed, .. } = summary;
        let all = served + refused + failed;
        match (served, refused, failed) {
            (_, 0, 0) => Ok(()),
            (0, _, 0) => Err(CliError::new(Exit::Denied, format!("all {all} were denied"))),
            _ => {
                let message = format!("{served} of {all} came, {refused} denied, {failed} failed");
                Err(CliError::new(Exit::Partial, message))
            }
        }
    }

    fn row(&self, outcome: &str) -> Value {
        let entry = self.rows.len();
        json!({"entry": entry, "reference": self.references.get(entry), "outcome": outcome})
    }

    fn failed(&self, error: &pb::EntryError, receipt: Option<&pb::Receipt>) -> Value {
        let denied = error.code == i32::from(Code::PermissionDenied);
        let mut row = self.row(if denied { "refused" } else { "failed" });
        row["reason"] = error.reason.clone().into();
        row["message"] = error.message.clone().into();
        row["receipt"] = receipt.map(answer::address).into();
        row
    }

    /// Verifies a material and gives it a name that no file has.
    async fn keep(&self, download: Download) -> Result<Value, CliError> {
        let (draft, info, receipt) = download.verified(&self.dir).await?;
        let reference = self.references.get(self.rows.len()).filter(|text| !text.is_empty());
        let own = || format!("{}-{}", info.material_type, info.number);
        let name = reference.cloned().unwrap_or_else(own);
        let file = name_anew(draft, &self.dir, &plain(&name), extension(&info.media_type))?;
        let mut row = self.row("served");
        if let (Some(row), Value::Object(about)) = (row.as_object_mut(), answer::info(&info)) {
            row.extend(about);
        }
        row["receipt"] = answer::address(&receipt);
        row["file"] = file.to_string_lossy().into();
        Ok(row)
    }
}

/// Gives a file the first name that is free: `NAME.EXT`, `NAME-2.EXT` and so on.
fn name_anew(
    mut draft: TempPath,
    dir: &Path,
    name: &str,
    extension: &str,
) -> Result<PathBuf, CliError> {
    let extension = plain(extension);
    for at in 1..=SAME_NAMES {
        let nth = if at == 1 { String::new() } else { format!("-{at}") };
        let file = dir.join(format!("{name}{nth}.{extension}"));
        match draft.persist_noclobber(&file) {
            Ok(()) => return Ok(file),
            Err(taken) if taken.error.kind() == std::io::ErrorKind::AlreadyExists => {
                draft = taken.path;
            }
            Err(failed) => {
                let (file, error) = (file.display(), failed.error);
                return Err(CliError::usage(format!("cannot write {file}: {error}")));
            }
        }
    }
    let (dir, cure) = (dir.display(), "give another --out");
    Err(CliError::usage(format!("{dir} has {SAME_NAMES} files called {name}, {cure}")))
}

/// Returns a name that leads nowhere else, whatever somebody wrote.
fn plain(text: &str) -> String {
    let plain = |letter: char| {
        if letter.is_alphanumeric() || "-_.".contains(letter) { letter } else { '_' }
    };
    let name: String = text.chars().map(plain).take(NAME_LETTERS).collect();
    match name.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_else() {
        for (text, name) in [
            ("case 1/licence", "case_1_licence"),
            ("../../etc/passwd", "_._.._etc_passwd"),
            ("营业执照-1", "营业执照-1"),
            ("a\u{202e}b\n", "a_b_"),
            ("", ""),
        ] {
            assert_eq!(plain(text), name);
        }
    }

    fn report(dir: &Path) -> Report {
        Report::new(dir, vec![String::new(), "the contract".to_owned()])
    }

    fn part(entry: i32, data: &'static [u8]) -> pb::FetchBundleResponse {
        use sha2::Digest as _;
        let value = sha2::Sha256::digest(data).to_vec().into();
        let digest = pb::Digest { algorithm: pb::DigestAlgorithm::Sha256.into(), value };
        let info = pb::MaterialInfo {
            material_type: "business_license".to_owned(),
            number: "L/1".to_owned(),
            media_type: "application/pdf".to_owned(),
            size_bytes: i64::try_from(data.len()).unwrap(),
            sent_digest: Some(digest),
            ..Default::default()
        };
        let (info, data, receipt) = (Some(info), data.into(), Some(pb::Receipt::default()));
        pb::FetchBundleResponse { entry, info, data, receipt, ..Default::default() }
    }

    fn denied(entry: i32) -> pb::FetchBundleResponse {
        let code = i32::from(Code::PermissionDenied);
        let error =
            pb::EntryError { code, reason: "ACCESS_DENIED".to_owned(), ..Default::default() };
        pb::FetchBundleResponse { entry, error: Some(error), ..Default::default() }
    }

    fn done(served: i32, refused: i32, failed: i32) -> pb::FetchBundleResponse {
        let summary = pb::BundleSummary { bundle: "b".to_owned(), served, refused, failed };
        pb::FetchBundleResponse { entry: 2, summary: Some(summary), ..Default::default() }
    }

    #[tokio::test]
    async fn what_came_is_kept_under_its_names_and_what_did_not_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let mut both = report(dir.path());
        for message in [part(0, b"licence"), part(1, b"contract"), done(2, 0, 0)] {
            both.take(message).await.unwrap();
        }
        let mut half = report(dir.path());
        for message in [denied(0), part(1, b"contract"), done(1, 1, 0)] {
            half.take(message).await.unwrap();
        }

        let (rows, whole) = half.told();

        let kept = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
        assert_eq!(kept("business_license-L_1.pdf"), b"licence");
        assert_eq!(kept("the_contract.pdf"), b"contract");
        assert_eq!(kept("the_contract-2.pdf"), b"contract");
        assert_eq!(both.end(), Ok(()));
        assert_eq!(half.end().unwrap_err().code, Exit::Partial);
        assert_eq!((&whole["bundle"], &whole["entries"][0]), (&"b".into(), &rows[0]));
        let outcomes = [&rows[0]["outcome"], &rows[0]["reason"], &rows[1]["outcome"]];
        assert_eq!(outcomes, ["refused", "ACCESS_DENIED", "served"]);
    }

    #[tokio::test]
    async fn all_denied_and_an_answer_that_breaks_its_promise_have_codes_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        let mut all = report(dir.path());
        for message in [denied(0), denied(1), done(0, 2, 0)] {
            all.take(message).await.unwrap();
        }
        let mut early = report(dir.path());
        early.take(denied(0)).await.unwrap();

        let swapped = report(dir.path()).take(part(1, b"contract")).await.unwrap_err();

        assert_eq!(all.end().unwrap_err().code, Exit::Denied);
        assert_eq!(early.end().unwrap_err().code, Exit::Verification);
        assert_eq!(swapped.code, Exit::Verification);
    }

    #[test]
    fn no_file_is_ever_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let draft = || tempfile::NamedTempFile::new_in(dir.path()).unwrap().into_temp_path();
        std::fs::write(dir.path().join("a.pdf"), b"before").unwrap();

        let files =
            [draft(), draft()].map(|draft| name_anew(draft, dir.path(), "a", "pdf").unwrap());

        let names = files.map(|file| file.file_name().unwrap().to_owned());
        assert_eq!(names, ["a-2.pdf", "a-3.pdf"]);
        assert_eq!(std::fs::read(dir.path().join("a.pdf")).unwrap(), b"before");
    }
}
