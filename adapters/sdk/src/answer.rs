//! What an adapter answered, checked before it leaves.

use std::collections::HashSet;

use bytes::Bytes;
use oncebus_proto::v1 as pb;

use crate::{AdapterError, Digest, Document, Issuer, Query, Subject, Verdict, Verify};

/// Most entries of a list.
pub(crate) const MAX_LIST: usize = 1_000;

/// Checks that `documents` are what `query` asked for, and nothing else.
pub(crate) fn holdings(
    query: &Query,
    documents: Vec<Document>,
) -> Result<pb::LookupResponse, AdapterError> {
    if MAX_LIST < documents.len() {
        return Err(AdapterError::fault("lookup answered over 1000 documents"));
    }
    let mut numbers = HashSet::new();
    for document in &documents {
        if !query.asks_for(document) {
            return Err(AdapterError::fault(
                "lookup answered a document of another type, subject or number than asked for",
            ));
        }
        if !numbers.insert(&document.number) {
            return Err(AdapterError::fault("lookup answered two documents of one number"));
        }
    }
    let holdings = documents.into_iter().map(holding).collect::<Result<_, _>>()?;
    Ok(pb::LookupResponse { holdings })
}

/// Checks that `verdict` names no field but those that `verify` claims.
pub(crate) fn verdict(
    verify: &Verify,
    verdict: Verdict,
) -> Result<pb::VerifyResponse, AdapterError> {
    let (verdict, mismatched) = match verdict {
        Verdict::Match => (pb::Verdict::Match, Vec::new()),
        Verdict::NoMatch(mismatched) => (pb::Verdict::NoMatch, mismatched),
        Verdict::Unknown => (pb::Verdict::Unknown, Vec::new()),
    };
    let claimed = |field: &String| verify.claims.iter().any(|claim| claim.field == *field);
    if !mismatched.iter().all(claimed) {
        return Err(AdapterError::fault("verify answered a field that was not claimed"));
    }
    Ok(pb::VerifyResponse { verdict: verdict.into(), mismatched })
}

fn holding(document: Document) -> Result<pb::Holding, AdapterError> {
    if document.size_bytes == 0 {
        return Err(AdapterError::fault("lookup answered a document without content"));
    }
    Ok(pb::Holding {
        material_type: document.material_type.as_str().to_owned(),
        subject: Some(subject(&document.subject)),
        number: document.number.as_str().to_owned(),
        size_bytes: bytes_on_the_wire(document.size_bytes)?,
        digest: Some(digest(&document.digest)),
        media_type: document.media_type.as_str().to_owned(),
        issuer: document.issuer.as_ref().map(Issuer::as_str).unwrap_or_default().to_owned(),
        issued: optional(document.issued),
        valid_until: optional(document.valid_until),
        status: document.status.to_string(),
    })
}

/// Puts a count of bytes into the wire's signed number.
pub(crate) fn bytes_on_the_wire(count: u64) -> Result<i64, AdapterError> {
    i64::try_from(count).map_err(AdapterError::fault)
}

fn subject(subject: &Subject) -> pb::Subject {
    pb::Subject { scheme: subject.scheme().as_str().to_owned(), value: subject.value().to_owned() }
}

fn digest(digest: &Digest) -> pb::Digest {
    pb::Digest {
        algorithm: pb::DigestAlgorithm::Sha256.into(),
        value: Bytes::copy_from_slice(digest.as_bytes()),
    }
}

fn optional<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
