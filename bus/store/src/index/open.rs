//! Opens the index, and makes it anew where it is not one of this trail.

use std::{fs, io, path::Path};

use oncebus_trail::Trail;
use sqlx::sqlite::SqliteSynchronous;

use super::{IndexError, SearchIndex, feed};
use crate::database::Database;

/// Form of the index; another one is made anew.
const FORM: i64 = 1;

/// Filters with few values scan newest first; only what selects sharply has an index of its own.
const SCHEMA: &str = "\
    CREATE TABLE IF NOT EXISTS records (
        position      INTEGER PRIMARY KEY,
        time          BIGINT NOT NULL,
        id            TEXT NOT NULL,
        kind          TEXT NOT NULL,
        operation     TEXT,
        outcome       TEXT,
        reason        TEXT,
        department    TEXT,
        system        TEXT,
        holder        TEXT,
        material_type TEXT,
        item          TEXT,
        version       TEXT,
        digest        TEXT,
        intent        BIGINT
    );
    CREATE INDEX IF NOT EXISTS records_time ON records (time);
    CREATE INDEX IF NOT EXISTS records_id ON records (id);
    CREATE INDEX IF NOT EXISTS records_version ON records (version) WHERE version IS NOT NULL;
    CREATE INDEX IF NOT EXISTS records_digest ON records (digest) WHERE digest IS NOT NULL;
    CREATE INDEX IF NOT EXISTS records_intent ON records (intent) WHERE intent IS NOT NULL;
    PRAGMA user_version = 1;";

// === impl SearchIndex ===

impl SearchIndex {
    /// Opens the index of `trail` in `file`, once its pages are checked.
    ///
    /// # Errors
    ///
    /// If the file can neither be used nor be made anew.
    pub async fn open(file: &Path, trail: &Trail) -> Result<Self, IndexError> {
        if let Ok(index) = Self::try_open(file).await {
            match index.is_sound_and_of(trail).await {
                Ok(true) => return Ok(index),
                Ok(false) => {}
                Err(IndexError::Storage(error)) => {
                    tracing::warn!(%error, "the search index is damaged");
                }
                Err(error) => return Err(error),
            }
            index.database.close().await;
        }
        tracing::info!("the search index is made anew from the trail");
        for suffix in ["", "-wal", "-shm"] {
            let mut name = file.as_os_str().to_owned();
            name.push(suffix);
            match fs::remove_file(&name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(IndexError::Remove(error));
                }
                _ => {}
            }
        }
        Ok(Self::try_open(file).await?)
    }

    async fn try_open(file: &Path) -> Result<Self, sqlx::Error> {
        let database = Database::open(file, SqliteSynchronous::Normal).await?;
        let form: i64 =
            sqlx::query_scalar("PRAGMA user_version").fetch_one(database.writer()).await?;
        if form != 0 && form != FORM {
            return Err(sqlx::Error::Protocol(format!("its form is {form}")));
        }
        sqlx::raw_sql(SCHEMA).execute(database.writer()).await?;
        Ok(Self { database })
    }

    async fn is_sound_and_of(&self, trail: &Trail) -> Result<bool, IndexError> {
        if !self.is_of(trail).await? {
            return Ok(false);
        }
        let found: String =
            sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&self.database.reader).await?;
        if found != "ok" {
            tracing::warn!(found, "the search index is damaged");
        }
        Ok(found == "ok")
    }

    /// Returns whether the newest indexed record is the one that the trail has there.
    async fn is_of(&self, trail: &Trail) -> Result<bool, IndexError> {
        let newest: Option<(i64, String)> =
            sqlx::query_as("SELECT position, id FROM records ORDER BY position DESC LIMIT 1")
                .fetch_optional(&self.database.reader)
                .await?;
        let Some((position, id)) = newest else { return Ok(true) };
        let leaves = feed::read(trail, position.unsigned_abs(), 1).await?;
        let Some(leaf) = leaves.first() else { return Ok(false) };
        Ok(feed::Row::read(leaf)?.id == id)
    }
}
