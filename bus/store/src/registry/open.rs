//! Opens and closes the registry's file, and brings it to this program's form.

use std::{borrow::Cow, path::Path, sync::Arc};

use oncebus_core::RegistryError;
use sqlx::{
    AssertSqlSafe, SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::SqliteSynchronous,
};

use super::{SqliteRegistry, failed, rows};
use crate::{SubjectKeys, database::Database};

/// Every change of the schema, oldest first. A change once released is never edited.
const MIGRATIONS: [(i64, &str, &str); 3] = [
    (1, "registry", include_str!("../../migrations/0001_registry.sql")),
    (2, "purposes", include_str!("../../migrations/0002_purposes.sql")),
    (3, "contributions", include_str!("../../migrations/0003_contributions.sql")),
];

// === impl SqliteRegistry ===

impl SqliteRegistry {
    /// Opens the registry in `file`, making it if it is not there.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened or is of a newer program, which is named;
    /// [`RegistryError::SubjectKey`] if `keys` lack one that hid subjects in it. New keys in its
    /// place would find none of them, and begin a second line of versions for each material.
    pub async fn open(file: &Path, keys: Arc<SubjectKeys>) -> Result<Self, RegistryError> {
        let database = Database::open(file, SqliteSynchronous::Full).await;
        let database = database.map_err(failed("open its file"))?;
        let migrations = MIGRATIONS.iter().map(|&(version, name, sql)| {
            let (kind, sql) = (MigrationType::Simple, AssertSqlSafe(sql).into_sql_str());
            Migration::new(version, Cow::Borrowed(name), kind, sql, false)
        });
        let migrated = Migrator::with_migrations(migrations.collect()).run(database.writer()).await;
        migrated.map_err(|source| RegistryError::Storage {
            action: "bring its file to this program's form, a newer program may have written it",
            source: Box::new(source),
        })?;
        let registry = Self { database, keys };
        registry.check_keys().await?;
        Ok(registry)
    }

    /// Reads one subject back for each key that hid some.
    async fn check_keys(&self) -> Result<(), RegistryError> {
        let select = "SELECT subject_key, subject_token, subject_sealed FROM materials \
             WHERE subject_key > ? ORDER BY subject_key LIMIT 1";
        let mut checked = i64::MIN;
        loop {
            let row = sqlx::query(select)
                .bind(checked)
                .fetch_optional(&self.database.reader)
                .await
                .map_err(failed("check the subject keys"))?;
            let Some(row) = row else { return Ok(()) };
            let hidden = rows::hidden(&row)?;
            if self.keys.reveal(&hidden).is_err() {
                return Err(RegistryError::SubjectKey { key: hidden.key });
            }
            checked = hidden.key;
        }
    }

    /// Closes the file in order.
    pub async fn close(&self) {
        self.database.close().await;
    }
}
