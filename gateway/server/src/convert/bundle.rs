//! Messages of FetchBundle.

use oncebus_core::{
    BundleId, BundlePart, BundleSummary, Bus, ChecklistQuery, Failure, FetchQuery, FieldError,
    Part, RequestId,
};
use oncebus_proto::v1 as pb;

use super::{
    checklist::checklist_query,
    common::{purpose, receipt, request_id},
    material::info,
    status::entry_error,
    transfer::fetch_query,
};

/// Most materials of one bundle.
const MAX_ENTRIES: usize = 100;
/// Longest reference of an entry, in bytes.
const MAX_REFERENCE_BYTES: usize = 64;

/// What a bundle is made of.
pub(crate) enum BundleAsked {
    /// These fetches, and what the caller calls each.
    Listed(Vec<FetchQuery>, Vec<String>),
    /// What is held of a checklist.
    Required(Box<ChecklistQuery>, RequestId),
}

/// Reads a bundle: a list, or a checklist.
pub(crate) fn bundle_query(
    bus: &Bus,
    message: pb::FetchBundleRequest,
) -> Result<BundleAsked, FieldError> {
    let pb::FetchBundleRequest { entries, purpose: why, request_id: id, checklist } = message;
    purpose(bus, why.clone())?;
    let request = request_id(&id)?;
    if let Some(required) = checklist {
        if !entries.is_empty() {
            let cure = "give one of the two";
            return Err(FieldError::new("entries", "is given beside checklist", cure));
        }
        let required = pb::ResolveRequirementsRequest { purpose: why, request_id: id, ..required };
        let query = checklist_query(bus, required).map_err(|error| {
            let field = format!("checklist.{}", error.field);
            error.of(field)
        })?;
        return Ok(BundleAsked::Required(Box::new(query), request));
    }
    if entries.is_empty() || entries.len() > MAX_ENTRIES {
        let fault = format!("has {} entries", entries.len());
        return Err(FieldError::new("entries", fault, format!("give 1 to {MAX_ENTRIES}")));
    }
    let entry = |(at, entry): (usize, pb::BundleEntry)| {
        let pb::BundleEntry { version, material_type, subject, number, reference } = entry;
        let fetch = pb::FetchMaterialRequest {
            version,
            material_type,
            subject,
            number,
            offset: 0,
            purpose: why.clone(),
            request_id: id.clone(),
        };
        let query = checked_reference(&reference).and_then(|()| fetch_query(bus, fetch));
        let query = query.map_err(|error| {
            let field = format!("entries[{at}].{}", error.field);
            error.of(field)
        })?;
        Ok((query, reference))
    };
    let listed: Result<Vec<_>, FieldError> = entries.into_iter().enumerate().map(entry).collect();
    let (queries, references) = listed?.into_iter().unzip();
    Ok(BundleAsked::Listed(queries, references))
}

/// Checks a caller's own text for one entry of a list.
pub(super) fn checked_reference(reference: &str) -> Result<(), FieldError> {
    if reference.len() > MAX_REFERENCE_BYTES {
        let fault = format!("has {} bytes", reference.len());
        let cure = format!("give at most {MAX_REFERENCE_BYTES}");
        return Err(FieldError::new("reference", fault, cure));
    }
    if reference.chars().any(char::is_control) {
        return Err(FieldError::new("reference", "has a control character", "remove it"));
    }
    Ok(())
}

/// Writes the first message of a bundle that a checklist asked for.
pub(crate) fn bundle_checklist(
    checklist: pb::ResolveRequirementsResponse,
) -> pb::FetchBundleResponse {
    pb::FetchBundleResponse { checklist: Some(checklist), ..Default::default() }
}

/// Writes a part of the answer; a reference is taken by its entry's first message.
pub(crate) fn bundle_message(
    id: BundleId,
    references: &mut [String],
    part: BundlePart,
) -> pb::FetchBundleResponse {
    let mut reference = |entry: usize| references.get_mut(entry).map(std::mem::take);
    match part {
        BundlePart::Given { entry, info: about, part: Part { data, receipt: proof } } => {
            pb::FetchBundleResponse {
                entry: count(entry),
                reference: reference(entry).unwrap_or_default(),
                info: about.as_deref().map(info),
                data,
                receipt: proof.as_ref().map(receipt),
                ..Default::default()
            }
        }
        BundlePart::Failed { entry, failure: Failure { error, receipt: proof } } => {
            pb::FetchBundleResponse {
                entry: count(entry),
                reference: reference(entry).unwrap_or_default(),
                receipt: proof.as_deref().map(receipt),
                error: Some(entry_error(&error)),
                ..Default::default()
            }
        }
        BundlePart::Done(BundleSummary { served, refused, failed }) => pb::FetchBundleResponse {
            entry: count(references.len()),
            summary: Some(pb::BundleSummary {
                bundle: id.to_string(),
                served: count(served),
                refused: count(refused),
                failed: count(failed),
            }),
            ..Default::default()
        },
    }
}

/// Writes a number of entries.
fn count(entries: usize) -> i32 {
    i32::try_from(entries).unwrap_or(i32::MAX)
}
