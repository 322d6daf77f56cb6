//! Fills a registry with many versions at once: what a measurement needs before it begins.

use jiff::Timestamp;
use oncebus_core::{ChunkDigests, DeptId, Manifest, MaterialKey, RegistryError, VersionId};
use sqlx::{QueryBuilder, Sqlite, Transaction};

use super::{
    SqliteRegistry, failed,
    rows::{blob, material_blob, millis},
};

/// Materials of one transaction.
const MATERIALS: usize = 2_000;
/// Rows of one statement: SQLite binds 32,766 values at most.
const ROWS: usize = 1_000;

/// One material and its versions, the oldest first; the last one is current.
#[derive(Clone, Debug)]
pub struct FixtureMaterial {
    /// What it is.
    pub key: MaterialKey,
    /// Its versions, at least one, all of the same material.
    pub versions: Vec<Manifest>,
    /// Digests of the one chunk that each of them has.
    pub chunks: ChunkDigests,
    /// Department that holds it.
    pub holder: DeptId,
}

// === impl SqliteRegistry ===

impl SqliteRegistry {
    /// Adds materials that were not there, all of them confirmed at `now`.
    ///
    /// # Errors
    ///
    /// If the database fails, or a material is there already.
    pub async fn fill(
        &self,
        materials: impl Iterator<Item = FixtureMaterial>,
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        let action = "fill the registry";
        let mut materials = materials.peekable();
        while materials.peek().is_some() {
            let some: Vec<_> = materials.by_ref().take(MATERIALS).collect();
            let mut transaction = self.database.write().await.map_err(failed(action))?;
            for materials in some.chunks(ROWS) {
                self.insert_materials(&mut transaction, materials).await?;
            }
            let versions: Vec<_> =
                some.iter().flat_map(|one| one.versions.iter().map(move |m| (one, m))).collect();
            for versions in versions.chunks(ROWS) {
                insert_versions(&mut transaction, versions, now).await?;
            }
            transaction.commit().await.map_err(failed(action))?;
        }
        Ok(())
    }

    async fn insert_materials(
        &self,
        transaction: &mut Transaction<'static, Sqlite>,
        materials: &[FixtureMaterial],
    ) -> Result<(), RegistryError> {
        let mut rows = Vec::with_capacity(materials.len());
        for FixtureMaterial { key, versions, .. } in materials {
            let last = versions.last().ok_or(RegistryError::Corrupt { what: "material" })?;
            rows.push((key, last, self.keys.hide(&key.subject)?));
        }
        let insert = "INSERT INTO materials \
             (id, material_type, subject_token, subject_key, subject_sealed, number, current) ";
        let mut query = QueryBuilder::<Sqlite>::new(insert);
        query.push_values(rows, |mut row, (key, last, hidden)| {
            row.push_bind(material_blob(last.material))
                .push_bind(key.material_type.to_string())
                .push_bind(hidden.token)
                .push_bind(hidden.key)
                .push_bind(hidden.sealed)
                .push_bind(key.number.to_string())
                .push_bind(blob(&last.id()));
        });
        let inserted = query.build().execute(&mut **transaction).await;
        inserted.map(drop).map_err(failed("fill the materials"))
    }
}

async fn insert_versions(
    transaction: &mut Transaction<'static, Sqlite>,
    versions: &[(&FixtureMaterial, &Manifest)],
    now: Timestamp,
) -> Result<(), RegistryError> {
    let insert = "INSERT INTO versions (id, material, manifest, content, chunks, holder, sealed, \
         confirmed_ms, registered_ms, status, status_ms) ";
    let mut query = QueryBuilder::<Sqlite>::new(insert);
    query.push_values(versions, |mut row, (material, manifest)| {
        let id: VersionId = manifest.id();
        row.push_bind(blob(&id))
            .push_bind(material_blob(manifest.material))
            .push_bind(manifest.canonical())
            .push_bind(manifest.content.as_bytes().to_vec())
            .push_bind(material.chunks.to_bytes())
            .push_bind(material.holder.to_string())
            .push_bind(false)
            .push_bind(millis(now))
            .push_bind(millis(now))
            .push_bind("01")
            .push_bind(millis(now));
    });
    let inserted = query.build().execute(&mut **transaction).await;
    inserted.map(drop).map_err(failed("fill the versions"))
}
