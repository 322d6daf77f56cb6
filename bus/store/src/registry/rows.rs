//! Reads and writes values as the tables hold them.

use jiff::Timestamp;
use oncebus_core::{
    ChunkDigests, DeptId, Digest, Manifest, MaterialId, RecordId, RegistryError, Revoked, UploadId,
    Version, VersionId,
};
use sqlx::{Row as _, sqlite::SqliteRow};
use uuid::Uuid;

use super::failed;
use crate::{SubjectKeys, keys::Hidden};

/// Columns of a version with its material; read by [`version`].
pub(super) const VERSION: &str = "v.id AS id, v.manifest AS manifest, v.chunks AS chunks, \
     v.holder AS holder, v.sealed AS sealed, v.confirmed_ms AS confirmed_ms, \
     v.registered_ms AS registered_ms, v.status AS status, v.revoked_ms AS revoked_ms, \
     v.revocation AS revocation, \
     m.subject_token AS subject_token, m.subject_key AS subject_key, \
     m.subject_sealed AS subject_sealed, m.number AS number, m.current AS current";

/// Reads the columns of [`VERSION`].
pub(super) fn version(row: &SqliteRow, keys: &SubjectKeys) -> Result<Version, RegistryError> {
    let id = digest(row, "id")?;
    let manifest: Vec<u8> = get(row, "manifest")?;
    let manifest: Manifest = json(&manifest, "manifest")?;
    let chunks: Vec<u8> = get(row, "chunks")?;
    let current: Option<Vec<u8>> = get(row, "current")?;
    Ok(Version {
        id: VersionId::from_digest(id),
        manifest,
        chunks: ChunkDigests::from_bytes(&chunks)
            .ok_or(RegistryError::Corrupt { what: "chunk digests" })?,
        subject: keys.reveal(&hidden(row)?)?,
        number: get::<String>(row, "number")?.parse()?,
        holder: holder(row)?,
        sealed: get(row, "sealed")?,
        current: current.as_deref() == Some(id.as_bytes().as_slice()),
        confirmed_at: timestamp(get(row, "confirmed_ms")?)?,
        registered_at: timestamp(get(row, "registered_ms")?)?,
        status: get::<String>(row, "status")?.parse()?,
        revoked: revoked(row)?,
    })
}

fn revoked(row: &SqliteRow) -> Result<Option<Revoked>, RegistryError> {
    let Some(at) = get::<Option<i64>>(row, "revoked_ms")? else { return Ok(None) };
    let reason = get::<String>(row, "revocation")?.parse()?;
    Ok(Some(Revoked { at: timestamp(at)?, reason }))
}

pub(super) fn hidden(row: &SqliteRow) -> Result<Hidden, RegistryError> {
    Ok(Hidden {
        key: get(row, "subject_key")?,
        token: get(row, "subject_token")?,
        sealed: get(row, "subject_sealed")?,
    })
}

pub(super) fn holder(row: &SqliteRow) -> Result<DeptId, RegistryError> {
    Ok(get::<String>(row, "holder")?.parse()?)
}

/// Reads one column.
pub(super) fn get<'r, T>(row: &'r SqliteRow, column: &'static str) -> Result<T, RegistryError>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(column).map_err(failed("read a row"))
}

pub(super) fn json<T: serde::de::DeserializeOwned>(
    bytes: &[u8],
    what: &'static str,
) -> Result<T, RegistryError> {
    serde_json::from_slice(bytes)
        .map_err(|source| RegistryError::Storage { action: what, source: Box::new(source) })
}

pub(super) fn digest(row: &SqliteRow, column: &'static str) -> Result<Digest, RegistryError> {
    to_digest(&get::<Vec<u8>>(row, column)?)
}

pub(super) fn to_digest(bytes: &[u8]) -> Result<Digest, RegistryError> {
    match <[u8; 32]>::try_from(bytes) {
        Ok(bytes) => Ok(Digest::from_bytes(bytes)),
        Err(_other_length) => Err(RegistryError::Corrupt { what: "digest" }),
    }
}

pub(super) fn uuid(row: &SqliteRow, column: &'static str) -> Result<Uuid, RegistryError> {
    let bytes: Vec<u8> = get(row, column)?;
    match Uuid::from_slice(&bytes) {
        Ok(id) => Ok(id),
        Err(_other_length) => Err(RegistryError::Corrupt { what: column }),
    }
}

pub(super) fn millis(time: Timestamp) -> i64 {
    time.as_millisecond()
}

pub(super) fn timestamp(millis: i64) -> Result<Timestamp, RegistryError> {
    match Timestamp::from_millisecond(millis) {
        Ok(time) => Ok(time),
        Err(_outside) => Err(RegistryError::Corrupt { what: "time" }),
    }
}

/// Writes a count or index; the trail and the uploads stay far below 2^63.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn blob(id: &VersionId) -> Vec<u8> {
    id.digest().as_bytes().to_vec()
}

pub(super) fn material_blob(id: MaterialId) -> Vec<u8> {
    id.0.as_bytes().to_vec()
}

pub(super) fn upload_blob(id: UploadId) -> Vec<u8> {
    id.0.as_bytes().to_vec()
}

pub(super) fn record_blob(id: RecordId) -> Vec<u8> {
    id.0.as_bytes().to_vec()
}
