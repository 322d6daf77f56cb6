//! Opens SQLite files: one writer, a few readers.

use std::{fs::OpenOptions, io, os::unix::fs::OpenOptionsExt as _, path::Path, time::Duration};

use sqlx::{
    Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// Connections that read at the same time.
const READERS: u32 = 4;
/// Bytes of a file that readers map: they read a large one where the system keeps it anyway.
const MAPPED: &str = "2147418112";
/// Longest wait for a connection or a lock.
const WAIT: Duration = Duration::from_secs(5);

/// One SQLite file.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    /// Takes one writer at a time, so that writers queue here and not in SQLite's busy loop.
    writer: SqlitePool,
    /// Reads what was committed.
    pub(crate) reader: SqlitePool,
}

// === impl Database ===

impl Database {
    /// Opens `file`, mode 0600, in WAL mode.
    pub(crate) async fn open(
        file: &Path,
        synchronous: SqliteSynchronous,
    ) -> Result<Self, sqlx::Error> {
        private(file).map_err(sqlx::Error::Io)?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .foreign_keys(true)
            // What is deleted is overwritten: an erased token must not stay in a free page.
            .pragma("secure_delete", "ON")
            .busy_timeout(WAIT);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(WAIT)
            .connect_with(options.clone())
            .await?;
        let reader = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(WAIT)
            .connect_lazy_with(options.read_only(true).pragma("mmap_size", MAPPED));
        Ok(Self { writer, reader })
    }

    /// Begins a transaction that may write.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// Empties the write-ahead file, so that what was overwritten stands nowhere any more.
    pub(crate) async fn forget_log(&self) -> Result<(), sqlx::Error> {
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await.map(drop)
    }

    /// Returns the pool that writes, for migrations.
    pub(crate) fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    pub(crate) async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// Creates the file for its owner only; SQLite gives its companions the same mode.
fn private(file: &Path) -> io::Result<()> {
    let options = OpenOptions::new().create(true).append(true).mode(0o600).open(file);
    options.map(drop)
}
