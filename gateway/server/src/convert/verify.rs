//! Messages of VerifyMaterial.

use oncebus_core::{
    Bus, Claim, Claims, FieldError, FieldName, MaterialType, Supply, Verdict, Verified, VerifyQuery,
};
use oncebus_proto::v1 as pb;

use super::common::{optional, purpose, receipt, subject};

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
        subject: subject(message.subject)?,
        number: optional("number", &message.number)?,
        claims,
        purpose: purpose(message.purpose)?,
        request_id: optional("request_id", &message.request_id)?,
    })
}

/// Reads claims about a material of the type.
pub(super) fn claims(
    material_type: &MaterialType,
    messages: &[pb::Claim],
) -> Result<Claims, FieldError> {
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

pub(super) fn verdict(verdict: Verdict) -> pb::Verdict {
    match verdict {
        Verdict::Match => pb::Verdict::Match,
        Verdict::NoMatch => pb::Verdict::NoMatch,
        Verdict::Unknown => pb::Verdict::Unknown,
    }
}
