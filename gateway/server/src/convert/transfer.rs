//! Messages of TransferService.

use oncebus_core::{
    BeginQuery, Bus, CHUNK_BYTES, CommitQuery, Digest, Document, FetchQuery, FieldError, PutQuery,
    Relation, RelationKind, Target, VersionName,
};
use oncebus_proto::v1 as pb;
use prost::Message as _;

use super::{
    common::{digest, optional, purpose, request_id, subject, unsigned},
    contribution,
};

/// Most data of one PutChunk, in bytes.
const MAX_PUT_BYTES: usize = 1024 * 1024;

pub(crate) fn fetch_query(
    bus: &Bus,
    message: pb::FetchMaterialRequest,
) -> Result<FetchQuery, FieldError> {
    let purpose = purpose(bus, message.purpose.clone())?;
    let request_id = Some(request_id(&message.request_id)?);
    let offset = unsigned("offset", message.offset)?;
    if message.version.is_empty() {
        return current(bus, message, offset, purpose, request_id);
    }
    let beside = [
        ("material_type", message.material_type.is_empty()),
        ("subject", message.subject.is_none()),
        ("number", message.number.is_empty()),
    ];
    if let Some((field, _)) = beside.into_iter().find(|(_, empty)| !empty) {
        return Err(FieldError::new(field, "is given beside version", "give one of the two"));
    }
    let name: VersionName = message.version.parse()?;
    let material_type =
        bus.material_type(name.material_type.as_str()).map_err(|error| error.of("version"))?;
    let target = Target::Version(name.id);
    Ok(FetchQuery { material_type, target, offset, purpose, request_id })
}

fn current(
    bus: &Bus,
    message: pb::FetchMaterialRequest,
    offset: u64,
    purpose: oncebus_core::Purpose,
    request_id: Option<oncebus_core::RequestId>,
) -> Result<FetchQuery, FieldError> {
    if message.material_type.is_empty() {
        let cure = "name a version, or give material_type and subject";
        return Err(FieldError::new("version", "is empty", cure));
    }
    if offset != 0 {
        let cure = "name the version that you continue, or start at 0";
        return Err(FieldError::new("offset", format!("is {offset} without a version"), cure));
    }
    let material_type = bus.material_type(&message.material_type)?;
    let subject = subject(bus, message.subject)?;
    let number = optional("number", &message.number)?;
    let target = Target::Current { subject, number };
    Ok(FetchQuery { material_type, target, offset, purpose, request_id })
}

pub(crate) fn begin_query(
    bus: &Bus,
    message: pb::BeginPublishRequest,
) -> Result<BeginQuery, FieldError> {
    let payload = Digest::of(&message.encode_to_vec());
    let size_bytes = unsigned("size_bytes", message.size_bytes)?;
    if size_bytes == 0 {
        return Err(FieldError::new("size_bytes", "is 0", "give the size of the content"));
    }
    let excepted = contribution::excepted(message.exception(), &message.exception_ground)?;
    let expected = optional::<VersionName>("expected_version", &message.expected_version)?;
    Ok(BeginQuery {
        material_type: bus.material_type(&message.material_type)?,
        subject: subject(bus, message.subject)?,
        document: Document {
            number: message.number.parse()?,
            size_bytes,
            digest: digest(message.digest)?,
            media_type: message.media_type.parse()?,
            issuer: optional("issuer", &message.issuer)?,
            issued: optional("issued", &message.issued)?,
            valid_until: optional("valid_until", &message.valid_until)?,
            relations: relations(&message.relations)?,
        },
        expected: expected.map(|name| name.id),
        excepted,
        request_id: request_id(&message.request_id)?,
        payload,
        purpose: purpose(bus, message.purpose)?,
    })
}

fn relations(messages: &[pb::Relation]) -> Result<Vec<Relation>, FieldError> {
    let relations = messages.iter().map(|message| {
        let kind = match message.kind() {
            pb::RelationKind::Replaces => RelationKind::Replaces,
            pb::RelationKind::AnnexOf => RelationKind::AnnexOf,
            pb::RelationKind::TranslationOf => RelationKind::TranslationOf,
            pb::RelationKind::SnapshotOf => RelationKind::SnapshotOf,
            pb::RelationKind::Unspecified => "".parse()?,
        };
        let version = message.version.parse();
        let version = version.map_err(|error: FieldError| error.of("relations.version"))?;
        Ok(Relation { kind, version })
    });
    Relation::checked(relations.collect::<Result<_, FieldError>>()?)
}

pub(crate) fn put_query(message: pb::PutChunkRequest) -> Result<PutQuery, FieldError> {
    let upload = message.upload.parse()?;
    let offset = unsigned("offset", message.offset)?;
    if !offset.is_multiple_of(CHUNK_BYTES as u64) {
        let cure = "continue where the last answer said, at a multiple of 262144";
        return Err(FieldError::new("offset", format!("is {offset}"), cure));
    }
    let length = message.data.len();
    if length == 0 || length > MAX_PUT_BYTES {
        let fault = format!("has {length} bytes");
        return Err(FieldError::new("data", fault, "send 1 to 1048576"));
    }
    Ok(PutQuery { upload, offset, data: message.data })
}

pub(crate) fn commit_query(message: pb::CommitPublishRequest) -> Result<CommitQuery, FieldError> {
    let payload = Digest::of(&message.encode_to_vec());
    Ok(CommitQuery {
        upload: message.upload.parse()?,
        size_bytes: unsigned("size_bytes", message.size_bytes)?,
        digest: digest(message.digest)?,
        request_id: request_id(&message.request_id)?,
        payload,
    })
}
