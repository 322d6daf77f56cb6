//! Opens and closes the registry's file, and brings it to this program's form.

use std::{borrow::Cow, path::Path, sync::Arc};

use oncebus_core::RegistryError;
use sqlx::{
    AssertSqlSafe, SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::SqliteSynchronous,
};

use super::{SqliteRegistry, failed};
use crate::{SubjectKeys, database::Database};

/// Every change of the schema, oldest first. A change once released is never edited.
const MIGRATIONS: [(i64, &str, &str); 1] =
    [(1, "registry", include_str!("../../migrations/0001_registry.sql"))];

// === impl SqliteRegistry ===

impl SqliteRegistry {
    /// Opens the registry in `file`, making it if it is not there.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened or is of a newer program, which is named.
    pub async fn open(file: &Path, keys: SubjectKeys) -> Result<Self, RegistryError> {
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
        Ok(Self { database, keys: Arc::new(keys) })
    }

    /// Closes the file in order.
    pub async fn close(&self) {
        self.database.close().await;
    }
}
