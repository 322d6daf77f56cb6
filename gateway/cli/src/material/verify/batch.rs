//! `oncebus material verify --batch`: many subjects against one condition.

use std::path::Path;

use oncebus_proto::v1::{self as pb, material_service_client::MaterialServiceClient};
use serde::Deserialize;
use serde_json::json;

use super::{VerifyArgs, word};
use crate::{
    client::{CALL_TIME, failed, within},
    exit::{CliError, Exit},
    material::{answer, unproven},
    output::Column,
};

/// Columns of the rows.
const COLUMNS: [Column; 3] = [("reference", "reference"), ("verdict", "verdict"), ("#", "index")];
/// Longest file that is read, in bytes: more than a thousand rows ever have.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// One row of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    reference: String,
    scheme: String,
    value: String,
}

// === impl VerifyArgs ===

impl VerifyArgs {
    pub(super) async fn verify_all(&self, file: &Path) -> Result<(), CliError> {
        let entries = read(file)?;
        let many = entries.len();
        let mut client = MaterialServiceClient::new(self.profile.connect()?);
        let request = pb::BatchVerifyRequest {
            material_type: self.material_type.clone(),
            entries,
            claims: self.claims.clone(),
            purpose: Some(self.call.purpose()),
            request_id: self.call.request_id(),
        };
        let answer = client.batch_verify(within(CALL_TIME, request)).await;
        let answer = answer.map_err(|status| failed(&status))?.into_inner();
        let receipt = answer.receipt.as_ref().ok_or_else(|| unproven("it has no receipt"))?;
        if answer.verdicts.len() != many {
            return Err(unproven("it has another number of verdicts"));
        }
        let row = |one: &pb::BatchVerdict| {
            let (reference, verdict) = (&one.reference, word(one.verdict()));
            json!({"reference": reference, "verdict": verdict, "index": one.index})
        };
        let rows: Vec<_> = answer.verdicts.iter().map(row).collect();
        let count = |word: &str| rows.iter().filter(|row| row["verdict"] == word).count();
        let unknown = count("unknown");
        let whole = json!({
            "bundle": answer.bundle,
            "match": count("match"),
            "no_match": count("no_match"),
            "unknown": unknown,
            "verdicts": rows,
            "receipt": answer::address(receipt),
        });
        self.output.listed(&COLUMNS, &rows, &whole);
        if unknown == 0 {
            return Ok(());
        }
        let message = format!("{unknown} of {many} are unknown, try those again later");
        Err(CliError::new(Exit::Partial, message))
    }
}

/// Reads the subjects.
///
/// # Errors
///
/// Names the file, and the line that cannot be read; never what stands in it.
fn read(file: &Path) -> Result<Vec<pb::BatchEntry>, CliError> {
    let shown = file.display();
    let unreadable =
        |error: std::io::Error| CliError::usage(format!("cannot read {shown}: {error}"));
    let size = std::fs::metadata(file).map_err(unreadable)?.len();
    if size > MAX_FILE_BYTES {
        return Err(CliError::usage(format!("{shown} has {size} bytes, over 1 MiB")));
    }
    let text = std::fs::read(file).map_err(unreadable)?;
    let mut rows = csv::Reader::from_reader(&text[..]);
    let row = |row: Result<Row, csv::Error>| {
        let Row { reference, scheme, value } = row.map_err(|error| {
            let line = error.position().map_or(1, csv::Position::line);
            let cure = "give reference,scheme,value, and that as the first line";
            CliError::usage(format!("{shown}, line {line}: {cure}"))
        })?;
        let subject = Some(pb::Subject { scheme, value });
        Ok(pb::BatchEntry { reference, subject })
    };
    rows.deserialize().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_a_faulty_one_is_named_without_what_it_says() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("list.csv");
        let list = |text: &str| {
            std::fs::write(&file, text).unwrap();
            read(&file)
        };

        let good = list("reference,scheme,value\n\"a,1\",citizen,370800199001011237\n").unwrap();
        let short = list("reference,scheme,value\na,citizen,1\nb,SECRET\n").unwrap_err();
        let headless = list("a,citizen,SECRET\nb,citizen,2\n").unwrap_err();

        assert_eq!((good.len(), good[0].reference.as_str()), (1, "a,1"));
        assert!(short.message.contains("line 3: give reference,scheme,value"), "{short}");
        for error in [short, headless] {
            assert!(!error.message.contains("SECRET"), "{error}");
        }
    }
}
