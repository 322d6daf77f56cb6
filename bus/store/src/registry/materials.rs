//! Table `materials`.

use oncebus_core::{MaterialId, MaterialKey, RegistryError};
use sqlx::{Sqlite, Transaction};

use super::{
    SqliteRegistry, failed,
    rows::{material_blob, uuid},
};

// === impl SqliteRegistry ===

impl SqliteRegistry {
    pub(super) async fn material_id(
        &self,
        key: &MaterialKey,
        fresh: MaterialId,
    ) -> Result<MaterialId, RegistryError> {
        let action = "find a material";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        if let Some(id) = self.known_material(&mut transaction, key).await? {
            return Ok(id);
        }
        let hidden = self.keys.hide(&key.subject)?;
        let insert = "INSERT INTO materials \
             (id, material_type, subject_token, subject_key, subject_sealed, number) \
             VALUES (?, ?, ?, ?, ?, ?)";
        sqlx::query(insert)
            .bind(material_blob(fresh))
            .bind(key.material_type.as_str())
            .bind(hidden.token)
            .bind(hidden.key)
            .bind(hidden.sealed)
            .bind(key.number.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed(action))?;
        transaction.commit().await.map_err(failed(action))?;
        Ok(fresh)
    }

    async fn known_material(
        &self,
        transaction: &mut Transaction<'static, Sqlite>,
        key: &MaterialKey,
    ) -> Result<Option<MaterialId>, RegistryError> {
        let select = "SELECT id FROM materials \
             WHERE subject_token = ? AND material_type = ? AND number = ?";
        for token in self.keys.subject_tokens(&key.subject) {
            let row = sqlx::query(select)
                .bind(token.to_vec())
                .bind(key.material_type.as_str())
                .bind(key.number.as_str())
                .fetch_optional(&mut **transaction)
                .await
                .map_err(failed("find a material"))?;
            if let Some(row) = row {
                return Ok(Some(MaterialId(uuid(&row, "id")?)));
            }
        }
        Ok(None)
    }
}
