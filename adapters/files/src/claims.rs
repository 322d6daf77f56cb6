//! Compares claims with the structured records that the department holds.

use std::fs::File;

use oncebus_adapter::{AdapterError, Content, Document, Query, Verdict, Verify};
use serde_json::{Map, Value};

use crate::{blocking::blocking, origin::Origin, verified::read_exact};

/// Largest record that is read, in bytes.
const MAX_RECORD_BYTES: u64 = 1024 * 1024;
/// Media type of structured content.
const STRUCTURED: &str = "application/json";
/// What a record's field `status` says while it is in force.
const IN_FORCE: &str = "01";

/// What can be compared with: what the sidecar says of a document, and the fields of its content where
/// that has any.
struct Record {
    document: Document,
    fields: Option<Map<String, Value>>,
}

// === impl Origin ===

impl Origin {
    /// Compares claims with what is held of a type and subject.
    pub(crate) async fn verify(&self, verify: &Verify) -> Result<Verdict, AdapterError> {
        let Verify { material_type, subject, number, .. } = verify.clone();
        let documents = self.lookup(&Query { material_type, subject, number }).await?;
        let (origin, verify) = (self.clone(), verify.clone());
        blocking(move || {
            let record = |document| origin.record(document);
            let records = documents.into_iter().map(record).collect::<Result<Vec<_>, _>>()?;
            compare(&verify, &records)
        })
        .await
    }

    fn record(&self, document: Document) -> Result<Record, AdapterError> {
        let structured =
            document.media_type.as_str() == STRUCTURED && document.size_bytes <= MAX_RECORD_BYTES;
        let fields = if structured { Some(self.fields(&document)?) } else { None };
        Ok(Record { document, fields })
    }

    fn fields(&self, document: &Document) -> Result<Map<String, Value>, AdapterError> {
        let content = Content {
            material_type: document.material_type.clone(),
            subject: document.subject.clone(),
            number: document.number.clone(),
            digest: document.digest,
            size_bytes: document.size_bytes,
            sealed: false,
        };
        let file: File = self.open_now(&content)?;
        let length = usize::try_from(document.size_bytes).map_err(AdapterError::fault)?;
        let text = read_exact(&file, 0, length)?;
        // The parser's own words may quote a value.
        serde_json::from_slice(&text).map_err(|error| {
            AdapterError::fault(format!("a record is no JSON object: line {}", error.line()))
        })
    }
}

/// Compares each claim with each record, whatever the first ones bring.
fn compare(verify: &Verify, records: &[Record]) -> Result<Verdict, AdapterError> {
    let claimed = || verify.claims.iter().map(|claim| claim.field.clone());
    let (mut matches, mut compared) = (false, true);
    let mut untrue_of_all: Option<Vec<String>> = None;
    for record in records {
        let untrue: Vec<_> =
            verify.claims.iter().filter(|claim| !record.says(&claim.field, &claim.value)).collect();
        let unreadable = untrue.iter().any(|claim| record.cannot_say(&claim.field));
        compared &= !unreadable;
        matches |= untrue.is_empty() && record.is_in_force();
        let untrue: Vec<_> = untrue.into_iter().map(|claim| claim.field.clone()).collect();
        match &mut untrue_of_all {
            Some(all) => all.retain(|field| untrue.contains(field)),
            None => untrue_of_all = Some(untrue),
        }
    }
    match (matches, compared) {
        (true, _) => Ok(Verdict::Match),
        (false, true) => Ok(Verdict::NoMatch(untrue_of_all.unwrap_or_else(|| claimed().collect()))),
        (false, false) => Err(AdapterError::CannotVerify),
    }
}

// === impl Record ===

impl Record {
    fn says(&self, field: &str, value: &str) -> bool {
        self.text(field).is_some_and(|text| text == value)
    }

    /// Tells whether only the content could say it, and has no fields.
    fn cannot_say(&self, field: &str) -> bool {
        self.fields.is_none() && !is_of_sidecar(field)
    }

    fn is_in_force(&self) -> bool {
        self.text("status").is_none_or(|status| status == IN_FORCE)
    }

    /// Returns the field's text: of the content, else of the sidecar.
    fn text(&self, field: &str) -> Option<String> {
        let own = self.fields.as_ref().and_then(|fields| fields.get(field));
        match own {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::Bool(flag)) => Some(flag.to_string()),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) => None,
            None => self.of_sidecar(field),
        }
    }

    fn of_sidecar(&self, field: &str) -> Option<String> {
        let document = &self.document;
        match field {
            "number" => Some(document.number.as_str().to_owned()),
            "digest" => Some(document.digest.to_string()),
            "issuer" => document.issuer.as_ref().map(|issuer| issuer.as_str().to_owned()),
            "issued" => document.issued.map(|day| day.to_string()),
            "valid_until" => document.valid_until.map(|day| day.to_string()),
            _ => None,
        }
    }
}

fn is_of_sidecar(field: &str) -> bool {
    matches!(field, "number" | "digest" | "issuer" | "issued" | "valid_until")
}
