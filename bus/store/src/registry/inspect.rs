//! Compares the registry with itself: a version is what its id says, whatever was edited since.

use oncebus_core::{ChunkDigests, Digest, Manifest, RegistryError, VersionId};
use sqlx::sqlite::SqliteRow;

use super::{
    SqliteRegistry, failed,
    rows::{self, get, json},
};

/// What an inspection of some versions found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// Versions looked at.
    pub versions: u64,
    /// Where to go on; `None` when all were looked at.
    pub next: Option<VersionId>,
    /// The first row that is not as it was written.
    pub fault: Option<VersionFault>,
}

/// A row of the registry that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the registry has version {id} otherwise than its id says, in its {column}: restore it from a backup")]
pub struct VersionFault {
    /// The version.
    pub id: VersionId,
    /// The first column that differs.
    pub column: &'static str,
}

const SELECT: &str = "SELECT v.id AS id, v.manifest AS manifest, v.content AS content, \
     v.chunks AS chunks, v.material AS material, m.material_type AS material_type, \
     m.subject_key AS subject_key, m.subject_token AS subject_token, \
     m.subject_sealed AS subject_sealed, \
     m.current IS NULL OR EXISTS (SELECT 1 FROM versions c WHERE c.id = m.current \
     AND c.material = m.id) AS current_is_its_own \
     FROM versions v LEFT JOIN materials m ON m.id = v.material \
     WHERE ?1 IS NULL OR v.id > ?1 ORDER BY v.id LIMIT ?2";

// === impl SqliteRegistry ===

impl SqliteRegistry {
    /// Looks at up to `limit` versions behind `after`, in the order of their ids.
    ///
    /// # Errors
    ///
    /// If the file fails.
    pub async fn inspect(
        &self,
        after: Option<VersionId>,
        limit: u32,
    ) -> Result<Inspected, RegistryError> {
        let found = sqlx::query(SELECT)
            .bind(after.as_ref().map(rows::blob))
            .bind(limit)
            .fetch_all(&self.database.reader)
            .await
            .map_err(failed("inspect versions"))?;
        let versions = found.len() as u64;
        let mut last = None;
        for row in found {
            let id = VersionId::from_digest(rows::digest(&row, "id")?);
            if let Some(column) = self.difference(&row, &id) {
                let fault = Some(VersionFault { id, column });
                return Ok(Inspected { versions, next: None, fault });
            }
            last = Some(id);
        }
        let next = last.filter(|_| versions == u64::from(limit));
        Ok(Inspected { versions, next, fault: None })
    }

    /// Returns the first column that contradicts the version's id; one that cannot be read does too.
    fn difference(&self, row: &SqliteRow, id: &VersionId) -> Option<&'static str> {
        let bytes: Vec<u8> = get(row, "manifest").unwrap_or_default();
        let manifest: Option<Manifest> = json(&bytes, "manifest").ok();
        let Some(manifest) = manifest.filter(|_| Digest::of(&bytes) == *id.digest()) else {
            return Some("manifest");
        };
        let content: Option<Vec<u8>> = get(row, "content").ok();
        if content.as_deref() != Some(manifest.content.as_bytes().as_slice()) {
            return Some("content");
        }
        let chunks = get::<Vec<u8>>(row, "chunks").ok();
        let chunks = chunks.and_then(|bytes| ChunkDigests::from_bytes(&bytes));
        if chunks.map(|chunks| chunks.root()) != Some(manifest.chunk_root) {
            return Some("chunks");
        }
        let material: Option<Vec<u8>> = get(row, "material").ok();
        if material != Some(rows::material_blob(manifest.material)) {
            return Some("material");
        }
        let material_type: Option<String> = get(row, "material_type").ok();
        if material_type.as_deref() != Some(manifest.material_type.as_str()) {
            return Some("material_type");
        }
        let subject = rows::hidden(row).and_then(|hidden| self.keys.reveal(&hidden));
        if subject.is_err() {
            return Some("subject");
        }
        let current: bool = get(row, "current_is_its_own").unwrap_or(false);
        if current { None } else { Some("current") }
    }
}
