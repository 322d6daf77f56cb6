//! Opens the index, and makes it anew where it is not one of this trail.

use std::{fs, io, path::Path, sync::Arc};

use oncebus_trail::Trail;
use sqlx::sqlite::SqliteSynchronous;
use tokio::sync::watch;

use super::{IndexError, SearchIndex, feed, row};
use crate::{SubjectKeys, database::Database};

/// Form of the index; another one is made anew.
const FORM: i64 = 2;

/// Filters with few values scan newest first, within the days asked for; only what selects sharply has
/// an index of its own. Tokens that are erased must not stay in free pages.
const SCHEMA: &str = "\
    PRAGMA secure_delete = ON;
    CREATE TABLE IF NOT EXISTS names (
        id   INTEGER PRIMARY KEY,
        text TEXT NOT NULL UNIQUE
    );
    CREATE TABLE IF NOT EXISTS records (
        position      INTEGER PRIMARY KEY,
        time          BIGINT NOT NULL,
        latency_ms    BIGINT,
        already_held  BIGINT,
        follows       BIGINT,
        intent        BIGINT,
        id            BLOB NOT NULL,
        version       BLOB,
        digest        BLOB,
        trace_id      BLOB,
        subject       BLOB,
        case_token    BLOB,
        kind          BIGINT NOT NULL,
        operation     BIGINT,
        outcome       BIGINT,
        reason        BIGINT,
        department    BIGINT,
        system        BIGINT,
        holder        BIGINT,
        material_type BIGINT,
        item          BIGINT,
        package       BIGINT,
        region        BIGINT,
        cache         BIGINT
    );
    CREATE INDEX IF NOT EXISTS records_time ON records (time);
    CREATE INDEX IF NOT EXISTS records_id ON records (id);
    CREATE INDEX IF NOT EXISTS records_version ON records (version) WHERE version IS NOT NULL;
    CREATE INDEX IF NOT EXISTS records_digest ON records (digest) WHERE digest IS NOT NULL;
    CREATE INDEX IF NOT EXISTS records_trace ON records (trace_id) WHERE trace_id IS NOT NULL;
    CREATE INDEX IF NOT EXISTS records_subject ON records (subject) WHERE subject IS NOT NULL;
    CREATE INDEX IF NOT EXISTS records_case ON records (case_token) WHERE case_token IS NOT NULL;
    CREATE TABLE IF NOT EXISTS days (
        day   INTEGER PRIMARY KEY,
        first BIGINT NOT NULL,
        last  BIGINT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS open_intents (position INTEGER PRIMARY KEY);
    PRAGMA user_version = 2;";

// === impl SearchIndex ===

impl SearchIndex {
    /// Opens the index of `trail` in `file`, once its pages are checked. `keys` make the tokens that
    /// subjects and cases are found by.
    ///
    /// # Errors
    ///
    /// If the file can neither be used nor be made anew.
    pub async fn open(
        file: &Path,
        trail: &Trail,
        keys: Arc<SubjectKeys>,
    ) -> Result<Self, IndexError> {
        if let Ok(index) = Self::try_open(file, trail, &keys).await {
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
        Ok(Self::try_open(file, trail, &keys).await?)
    }

    async fn try_open(
        file: &Path,
        trail: &Trail,
        keys: &Arc<SubjectKeys>,
    ) -> Result<Self, sqlx::Error> {
        let database = Database::open(file, SqliteSynchronous::Normal).await?;
        let form: i64 =
            sqlx::query_scalar("PRAGMA user_version").fetch_one(database.writer()).await?;
        if form != 0 && form != FORM {
            return Err(sqlx::Error::Protocol(format!("its form is {form}")));
        }
        sqlx::raw_sql(SCHEMA).execute(database.writer()).await?;
        let covered = "SELECT coalesce(max(position) + 1, 0) FROM records";
        let indexed: i64 = sqlx::query_scalar(covered).fetch_one(database.writer()).await?;
        Ok(Self {
            database,
            keys: Arc::clone(keys),
            indexed: Arc::new(watch::Sender::new(indexed.unsigned_abs())),
            grown: trail.grown(),
        })
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
        let newest: Option<(i64, Vec<u8>)> =
            sqlx::query_as("SELECT position, id FROM records ORDER BY position DESC LIMIT 1")
                .fetch_optional(&self.database.reader)
                .await?;
        let Some((position, id)) = newest else { return Ok(true) };
        let rows = feed::read(trail, position.unsigned_abs(), 1).await?;
        let Some(found) = rows.first() else { return Ok(false) };
        Ok(found.bytes[row::ID].as_ref() == Some(&id))
    }
}
