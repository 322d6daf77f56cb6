//! Requests into checked types. Every fault names its field and the cure.

use bytes::Bytes;
use oncebus_proto::v1 as pb;

use crate::{
    CHUNK_BYTES, Claim, Content, Digest, FieldError, Number, Query, Seal, Subject, UploadId, Verify,
};

/// Most bytes of one Stage.
const MAX_STAGE_BYTES: usize = 1024 * 1024;
/// Most claims of one Verify.
const MAX_CLAIMS: usize = 16;

/// A Stage, checked.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) upload: UploadId,
    pub(crate) offset: u64,
    /// Empty where it is only asked what is staged.
    pub(crate) data: Bytes,
}

pub(crate) fn lookup(request: pb::LookupRequest) -> Result<Query, FieldError> {
    Ok(Query {
        material_type: request.material_type.parse()?,
        subject: subject(request.subject)?,
        number: number(&request.number)?,
    })
}

pub(crate) fn verify(request: pb::VerifyRequest) -> Result<Verify, FieldError> {
    if MAX_CLAIMS < request.claims.len() {
        let fault = format!("has {} entries", request.claims.len());
        return Err(FieldError::new("claims", fault, format!("give at most {MAX_CLAIMS}")));
    }
    let claims = request.claims.into_iter().map(|claim| Claim::new(claim.field, claim.value));
    Ok(Verify {
        material_type: request.material_type.parse()?,
        subject: subject(request.subject)?,
        number: number(&request.number)?,
        claims: claims.collect::<Result<_, _>>()?,
    })
}

pub(crate) fn fetch(request: pb::FetchRequest) -> Result<(Content, u64), FieldError> {
    let content = Content {
        material_type: request.material_type.parse()?,
        subject: subject(request.subject)?,
        number: request.number.parse()?,
        digest: digest(request.digest)?,
        size_bytes: size(request.size_bytes)?,
        sealed: request.sealed,
    };
    let offset = unsigned("offset", request.offset)?;
    if !offset.is_multiple_of(CHUNK_BYTES as u64) {
        let cure = format!("give a multiple of {CHUNK_BYTES}");
        return Err(FieldError::new("offset", "is not on a chunk's edge", cure));
    }
    if content.size_bytes < offset {
        return Err(FieldError::new("offset", "is past the end", "give at most size_bytes"));
    }
    Ok((content, offset))
}

pub(crate) fn stage(request: pb::StageRequest) -> Result<Stage, FieldError> {
    let upload = request.upload.parse()?;
    let offset = unsigned("offset", request.offset)?;
    if MAX_STAGE_BYTES < request.data.len() {
        let fault = format!("has {} bytes", request.data.len());
        return Err(FieldError::new("data", fault, format!("give at most {MAX_STAGE_BYTES}")));
    }
    if i64::MAX as u64 - offset < request.data.len() as u64 {
        return Err(FieldError::new("offset", "is past every size", "give where data goes"));
    }
    Ok(Stage { upload, offset, data: request.data })
}

pub(crate) fn seal(request: pb::SealRequest) -> Result<Seal, FieldError> {
    Ok(Seal {
        upload: request.upload.parse()?,
        size_bytes: size(request.size_bytes)?,
        digest: digest(request.digest)?,
        chunk_root: hash("chunk_root", &request.chunk_root)?,
    })
}

pub(crate) fn discard(
    request: pb::DiscardRequest,
) -> Result<(UploadId, Option<Digest>), FieldError> {
    let sealed = request.digest.map(|sealed| digest(Some(sealed))).transpose()?;
    Ok((request.upload.parse()?, sealed))
}

fn number(number: &str) -> Result<Option<Number>, FieldError> {
    if number.is_empty() { Ok(None) } else { number.parse().map(Some) }
}

fn subject(subject: Option<pb::Subject>) -> Result<Subject, FieldError> {
    let cure = "give scheme and value";
    let subject = subject.ok_or_else(|| FieldError::new("subject", "is not given", cure))?;
    Subject::new(&subject.scheme, &subject.value)
}

fn digest(digest: Option<pb::Digest>) -> Result<Digest, FieldError> {
    let cure = "give algorithm and value";
    let digest = digest.ok_or_else(|| FieldError::new("digest", "is not given", cure))?;
    let fault = match pb::DigestAlgorithm::try_from(digest.algorithm) {
        Ok(pb::DigestAlgorithm::Sha256) => return hash("digest.value", &digest.value),
        Ok(pb::DigestAlgorithm::Unspecified) => "is not given",
        Err(_unknown) => "is unknown",
    };
    Err(FieldError::new("digest.algorithm", fault, "give DIGEST_ALGORITHM_SHA256"))
}

fn hash(field: &'static str, value: &[u8]) -> Result<Digest, FieldError> {
    match value.try_into() {
        Ok(bytes) => Ok(Digest::from_bytes(bytes)),
        Err(_other_length) => {
            let fault = format!("has {} bytes", value.len());
            Err(FieldError::new(field, fault, "give the 32 bytes of a SHA-256 hash"))
        }
    }
}

fn size(value: i64) -> Result<u64, FieldError> {
    match unsigned("size_bytes", value)? {
        0 => Err(FieldError::new("size_bytes", "is 0", "give the content's size, at least 1")),
        size => Ok(size),
    }
}

fn unsigned(field: &'static str, value: i64) -> Result<u64, FieldError> {
    u64::try_from(value)
        .map_err(|_negative| FieldError::new(field, "is negative", "give 0 or more"))
}
