//! Messages of AdapterService, seen from the gateway.

use oncebus_core::{
    Claim, ClaimsQuery, Content, Document, FieldError, FieldName, Finding, Holding, LookupQuery,
    MatchVerdict, Number, Subject, TypeCode,
};
use oncebus_proto::v1 as pb;

use super::common::{digest, optional, pb_digest, signed, unsigned};

/// Most holdings of one answer.
const MAX_HOLDINGS: usize = 1_000;

pub(crate) fn lookup_request(query: &LookupQuery) -> pb::LookupRequest {
    pb::LookupRequest {
        material_type: query.material_type.to_string(),
        subject: Some(pb_subject(&query.subject)),
        number: query.number.as_ref().map(Number::to_string).unwrap_or_default(),
    }
}

pub(crate) fn claims_request(query: &ClaimsQuery) -> pb::VerifyRequest {
    let claim =
        |claim: &Claim| pb::Claim { field: claim.field.to_string(), value: claim.value.clone() };
    pb::VerifyRequest {
        material_type: query.material_type.to_string(),
        subject: Some(pb_subject(&query.subject)),
        number: query.number.as_ref().map(Number::to_string).unwrap_or_default(),
        claims: query.claims.iter().map(claim).collect(),
    }
}

/// Reads an answer to Verify, and refuses a field that nothing was claimed of.
///
/// # Errors
///
/// Says in words what is wrong; an adapter is not trusted.
pub(crate) fn finding(query: &ClaimsQuery, answer: pb::VerifyResponse) -> Result<Finding, String> {
    let verdict = match answer.verdict() {
        pb::Verdict::Match => MatchVerdict::Match,
        pb::Verdict::NoMatch => MatchVerdict::NoMatch,
        pb::Verdict::Unknown => MatchVerdict::Unknown,
        pb::Verdict::Unspecified => return Err("it gives no verdict".to_owned()),
    };
    let claimed = |field: &String| {
        let mut fields = query.claims.iter().map(|claim| &claim.field);
        fields.find(|claimed| claimed.as_str() == *field).cloned()
    };
    let mismatched: Option<Vec<FieldName>> = answer.mismatched.iter().map(claimed).collect();
    let mismatched = mismatched.ok_or("it names a field that nothing was claimed of".to_owned())?;
    if verdict != MatchVerdict::NoMatch && !mismatched.is_empty() {
        return Err("it names fields that do not match, and says that all do".to_owned());
    }
    Ok(Finding { verdict, mismatched })
}

pub(crate) fn fetch_request(content: &Content, offset: u64) -> pb::FetchRequest {
    pb::FetchRequest {
        material_type: content.material_type.to_string(),
        subject: Some(pb_subject(&content.subject)),
        number: content.number.to_string(),
        digest: Some(pb_digest(&content.digest)),
        size_bytes: signed(content.size_bytes),
        offset: signed(offset),
        sealed: content.sealed,
    }
}

/// Reads an answer to Lookup, and refuses what is not about what was asked.
///
/// # Errors
///
/// Says in words what is wrong; an adapter is not trusted.
pub(crate) fn holdings(
    query: &LookupQuery,
    answer: pb::LookupResponse,
) -> Result<Vec<Holding>, String> {
    if answer.holdings.len() > MAX_HOLDINGS {
        return Err(format!(
            "it names {} holdings, more than {MAX_HOLDINGS}",
            answer.holdings.len()
        ));
    }
    answer.holdings.into_iter().map(|one| holding(query, one)).collect()
}

fn holding(query: &LookupQuery, one: pb::Holding) -> Result<Holding, String> {
    let same_type = one.material_type.parse::<TypeCode>().is_ok_and(|t| t == query.material_type);
    let about = one.subject.unwrap_or_default();
    let same_subject =
        Subject::new(&about.scheme, &about.value).is_ok_and(|subject| subject == query.subject);
    if !same_type || !same_subject {
        return Err("it names a holding of another type or subject than asked for".to_owned());
    }
    let document = || {
        Ok(Document {
            number: one.number.parse()?,
            size_bytes: unsigned("size_bytes", one.size_bytes)?,
            digest: digest(one.digest)?,
            media_type: one.media_type.parse()?,
            issuer: optional("issuer", &one.issuer)?,
            issued: optional("issued", &one.issued)?,
            valid_until: optional("valid_until", &one.valid_until)?,
            relations: Vec::new(),
        })
    };
    let holding = || Ok(Holding { document: document()?, status: one.status.parse()? });
    holding().map_err(|error: FieldError| format!("a holding's {error}"))
}

fn pb_subject(subject: &Subject) -> pb::Subject {
    pb::Subject { scheme: subject.scheme().as_str().to_owned(), value: subject.value().to_owned() }
}
