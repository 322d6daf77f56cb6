//! Messages of VerifyMaterial and BatchVerify.

use oncebus_core::{
    Batch, BatchQuery, Bus, Claim, Claims, FieldError, FieldName, MatchVerdict, MaterialType,
    Supply, Verified, VerifyQuery,
};
use oncebus_proto::v1 as pb;

use super::{
    bundle::checked_reference,
    common::{optional, purpose, receipt, signed, subject},
};

/// Most subjects of one batch.
const MAX_SUBJECTS: usize = 1_000;

pub(crate) fn verify_query(
    bus: &Bus,
    message: pb::VerifyMaterialRequest,
) -> Result<VerifyQuery, FieldError> {
    let material_type = bus.material_type(&message.material_type)?;
    let claims = claims(&material_type, &message.claims)?;
    if claims.as_slice().is_empty() {
        let cure = format!("give 1 to {}", Claims::MOST);
        return Err(FieldError::new("claims", "is empty", cure));
    }
    Ok(VerifyQuery {
        material_type,
        subject: subject(bus, message.subject)?,
        number: optional("number", &message.number)?,
        claims,
        purpose: purpose(bus, message.purpose)?,
        request_id: optional("request_id", &message.request_id)?,
    })
}

/// Reads a batch: what is verified of whom, and what the caller calls each.
pub(crate) fn batch_query(
    bus: &Bus,
    message: pb::BatchVerifyRequest,
) -> Result<(BatchQuery, Vec<String>), FieldError> {
    let material_type = bus.material_type(&message.material_type)?;
    let claims = claims(&material_type, &message.claims)?;
    let many = message.entries.len();
    if many == 0 || many > MAX_SUBJECTS {
        let cure = format!("give 1 to {MAX_SUBJECTS}");
        return Err(FieldError::new("entries", format!("has {many} entries"), cure));
    }
    let entry = |(at, entry): (usize, pb::BatchEntry)| {
        let read = checked_reference(&entry.reference).and_then(|()| subject(bus, entry.subject));
        let read = read.map_err(|error| {
            let field = format!("entries[{at}].{}", error.field);
            error.of(field)
        })?;
        Ok((read, entry.reference))
    };
    let entries: Result<Vec<_>, FieldError> =
        message.entries.into_iter().enumerate().map(entry).collect();
    let (subjects, references) = entries?.into_iter().unzip();
    let purpose = purpose(bus, message.purpose)?;
    let request_id = optional("request_id", &message.request_id)?;
    Ok((BatchQuery { material_type, subjects, claims, purpose, request_id }, references))
}

pub(crate) fn batch(batch: &Batch, references: Vec<String>) -> pb::BatchVerifyResponse {
    let verdicts = references.into_iter().zip(&batch.verdicts);
    let verdicts = verdicts.map(|(reference, (found, index))| pb::BatchVerdict {
        reference,
        verdict: verdict(*found).into(),
        index: signed(*index),
    });
    pb::BatchVerifyResponse {
        bundle: batch.id.to_string(),
        verdicts: verdicts.collect(),
        receipt: batch.receipt.as_ref().map(receipt),
    }
}

/// Reads claims about a material of the type.
fn claims(material_type: &MaterialType, messages: &[pb::Claim]) -> Result<Claims, FieldError> {
    let claim = |(at, message): (usize, &pb::Claim)| {
        Claim::new(&message.field, &message.value).map_err(|error| {
            let field = format!("claims[{at}].{}", error.field);
            error.of(field)
        })
    };
    let claims: Result<_, _> = messages.iter().enumerate().map(claim).collect();
    let claims = Claims::new(claims?)?;
    if material_type.supply == Supply::VerifyOnly {
        return Ok(claims);
    }
    match claims.check_documents()? {
        Some(at) if material_type.supply == Supply::Uploaded => {
            let cure = "give number, digest, valid_until, issuer or issued";
            let field = format!("claims[{at}].field");
            Err(FieldError::new(field, "is no field of an uploaded document", cure))
        }
        _ => Ok(claims),
    }
}

pub(crate) fn verified(verified: &Verified) -> pb::VerifyMaterialResponse {
    let Verified { finding, receipt: proof } = verified;
    pb::VerifyMaterialResponse {
        verdict: verdict(finding.verdict).into(),
        mismatched: finding.mismatched.iter().map(FieldName::to_string).collect(),
        receipt: Some(receipt(proof)),
    }
}

fn verdict(verdict: MatchVerdict) -> pb::Verdict {
    match verdict {
        MatchVerdict::Match => pb::Verdict::Match,
        MatchVerdict::NoMatch => pb::Verdict::NoMatch,
        MatchVerdict::Unknown => pb::Verdict::Unknown,
    }
}
