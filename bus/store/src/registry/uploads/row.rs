//! Reads an upload with its material and chunks.

use oncebus_core::{
    ChunkDigests, Intake, MaterialId, NewUpload, RecordId, RegistryError, SealedContent, SystemId,
    Upload, UploadId, UploadState, VersionId,
};
use oncebus_trail::Receipt;
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

use super::super::{
    failed,
    rows::{self, get, to_digest, upload_blob, uuid},
};
use crate::SubjectKeys;

/// Values of the column `state`.
pub(super) const PENDING: i64 = 0;
pub(super) const COMMITTED: i64 = 1;
pub(super) const DISCARDING: i64 = 2;
pub(super) const DISCARDED: i64 = 3;

/// Selects what [`read`] reads; a condition follows.
pub(super) const SELECT: &str = "SELECT u.*, m.material_type AS material_type, \
     m.subject_token AS subject_token, m.subject_key AS subject_key, \
     m.subject_sealed AS subject_sealed \
     FROM uploads u JOIN materials m ON m.id = u.material";

/// A receipt as it is kept.
#[derive(Serialize, Deserialize)]
struct KeptReceipt {
    origin: String,
    index: u64,
    tree_size: u64,
    inclusion_path: Vec<[u8; 32]>,
    checkpoint: String,
    leaf: String,
}

pub(super) async fn upload(
    connection: &mut SqliteConnection,
    id: UploadId,
    keys: &SubjectKeys,
) -> Result<Option<Upload>, RegistryError> {
    let row = sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE u.id = ?")))
        .bind(upload_blob(id))
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed("find an upload"))?;
    match row {
        Some(row) => read(connection, &row, keys).await.map(Some),
        None => Ok(None),
    }
}

pub(super) async fn uploads(
    connection: &mut SqliteConnection,
    ids: Vec<Vec<u8>>,
    keys: &SubjectKeys,
) -> Result<Vec<Upload>, RegistryError> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let Ok(id) = Uuid::from_slice(&id) else {
            return Err(RegistryError::Corrupt { what: "upload id" });
        };
        found.extend(upload(connection, UploadId(id), keys).await?);
    }
    Ok(found)
}

/// Reads a row of [`SELECT`].
pub(super) async fn read(
    connection: &mut SqliteConnection,
    row: &SqliteRow,
    keys: &SubjectKeys,
) -> Result<Upload, RegistryError> {
    let id = UploadId(uuid(row, "id")?);
    let expected: Option<Vec<u8>> = get(row, "expected")?;
    let expected = expected.as_deref().map(to_digest).transpose()?.map(VersionId::from_digest);
    let begun = NewUpload {
        id,
        system: SystemId::verified(get(row, "system")?),
        holder: rows::holder(row)?,
        material: MaterialId(uuid(row, "material")?),
        material_type: get::<String>(row, "material_type")?.parse()?,
        subject: keys.reveal(&rows::hidden(row)?)?,
        document: rows::json(get::<String>(row, "document")?.as_bytes(), "read a document")?,
        expected,
        intent: unsigned(get(row, "intent")?)?,
        intake: match get::<Option<String>>(row, "intake")? {
            Some(intake) => rows::json(intake.as_bytes(), "read what an upload may become")?,
            // Whoever began it then could replace what was current.
            None => Intake::Source,
        },
        private: match get::<Option<Vec<u8>>>(row, "private")? {
            Some(hidden) => keys.reveal_purpose(&hidden)?,
            None => SealedContent::default(),
        },
        why: rows::json(get::<String>(row, "why")?.as_bytes(), "read a purpose")?,
        now: rows::timestamp(get(row, "begun_ms")?)?,
    };
    let (chunks, pieces) = chunks(connection, id).await?;
    Ok(Upload { begun, chunks, pieces, state: state(row)? })
}

fn state(row: &SqliteRow) -> Result<UploadState, RegistryError> {
    match get::<i64>(row, "state")? {
        PENDING => Ok(UploadState::Pending),
        COMMITTED => {
            let receipt: Option<String> = get(row, "receipt")?;
            Ok(UploadState::Committed {
                version: VersionId::from_digest(rows::digest(row, "version")?),
                already_held: get(row, "already_held")?,
                outcome: RecordId(uuid(row, "outcome")?),
                receipt: receipt.map(|text| receipt_of(&text)).transpose()?,
            })
        }
        DISCARDING => Ok(UploadState::Discarding),
        DISCARDED => Ok(UploadState::Discarded),
        _ => Err(RegistryError::Corrupt { what: "upload state" }),
    }
}

async fn chunks(
    connection: &mut SqliteConnection,
    id: UploadId,
) -> Result<(ChunkDigests, u32), RegistryError> {
    let rows = sqlx::query("SELECT digests FROM upload_chunks WHERE upload = ? ORDER BY position")
        .bind(upload_blob(id))
        .fetch_all(&mut *connection)
        .await
        .map_err(failed("read chunk digests"))?;
    let pieces = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let mut chunks = ChunkDigests::default();
    for row in rows {
        let bytes: Vec<u8> = row.try_get(0).map_err(failed("read chunk digests"))?;
        let more = ChunkDigests::from_bytes(&bytes);
        chunks.extend(&more.ok_or(RegistryError::Corrupt { what: "chunk digests" })?);
    }
    Ok((chunks, pieces))
}

/// Writes a document or a purpose; equal ones give equal texts.
pub(super) fn text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("it has only strings and integers")
}

pub(super) fn receipt_text(receipt: &Receipt) -> String {
    text(&KeptReceipt {
        origin: receipt.origin.to_string(),
        index: receipt.index,
        tree_size: receipt.tree_size,
        inclusion_path: receipt.inclusion_path.clone(),
        checkpoint: receipt.checkpoint.clone(),
        leaf: hex::encode(&receipt.leaf),
    })
}

fn receipt_of(text: &str) -> Result<Receipt, RegistryError> {
    let kept: KeptReceipt = rows::json(text.as_bytes(), "read a receipt")?;
    let (Ok(origin), Ok(leaf)) = (kept.origin.parse(), hex::decode(kept.leaf)) else {
        return Err(RegistryError::Corrupt { what: "receipt" });
    };
    Ok(Receipt {
        origin,
        index: kept.index,
        tree_size: kept.tree_size,
        inclusion_path: kept.inclusion_path,
        checkpoint: kept.checkpoint,
        leaf,
    })
}

fn unsigned(value: i64) -> Result<u64, RegistryError> {
    match u64::try_from(value) {
        Ok(value) => Ok(value),
        Err(_negative) => Err(RegistryError::Corrupt { what: "index" }),
    }
}
