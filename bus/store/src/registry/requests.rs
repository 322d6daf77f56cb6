//! Table `requests`.

use jiff::Timestamp;
use oncebus_core::{BootId, Digest, RegistryError, RequestScope, RequestState};
use sqlx::{Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    SqliteRegistry, failed,
    rows::{digest, get, millis, uuid},
};

/// Values of the column `state`.
const RUNNING: i64 = 0;
const DONE: i64 = 1;

// === impl SqliteRegistry ===

impl SqliteRegistry {
    pub(super) async fn claim_request(
        &self,
        scope: &RequestScope,
        payload: &Digest,
        boot: BootId,
        now: Timestamp,
    ) -> Result<RequestState, RegistryError> {
        let action = "claim a request id";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        if let Some(row) = known(&mut transaction, scope).await? {
            if digest(&row, "payload")? != *payload {
                return Ok(RequestState::Reused);
            }
            if get::<i64>(&row, "state")? == DONE {
                return Ok(RequestState::Done);
            }
            if BootId(uuid(&row, "boot")?) == boot {
                return Ok(RequestState::Running);
            }
        }
        let insert = "INSERT INTO requests \
             (system, method, id, payload, boot, state, claimed_ms) VALUES (?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (system, method, id) DO UPDATE \
             SET boot = excluded.boot, claimed_ms = excluded.claimed_ms";
        sqlx::query(insert)
            .bind(scope.system.as_str())
            .bind(scope.method)
            .bind(scope.id.0.as_bytes().to_vec())
            .bind(payload.as_bytes().to_vec())
            .bind(boot.0.as_bytes().to_vec())
            .bind(RUNNING)
            .bind(millis(now))
            .execute(&mut *transaction)
            .await
            .map_err(failed(action))?;
        transaction.commit().await.map_err(failed(action))?;
        Ok(RequestState::Claimed)
    }

    pub(super) async fn mark_done(&self, scope: &RequestScope) -> Result<(), RegistryError> {
        let action = "note that a request is done";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        sqlx::query("UPDATE requests SET state = ? WHERE system = ? AND method = ? AND id = ?")
            .bind(DONE)
            .bind(scope.system.as_str())
            .bind(scope.method)
            .bind(scope.id.0.as_bytes().to_vec())
            .execute(&mut *transaction)
            .await
            .map_err(failed(action))?;
        transaction.commit().await.map_err(failed(action))
    }

    pub(super) async fn drop_request(&self, scope: &RequestScope) -> Result<(), RegistryError> {
        let action = "free a request id";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        let delete =
            "DELETE FROM requests WHERE system = ? AND method = ? AND id = ? AND state = ?";
        sqlx::query(delete)
            .bind(scope.system.as_str())
            .bind(scope.method)
            .bind(scope.id.0.as_bytes().to_vec())
            .bind(RUNNING)
            .execute(&mut *transaction)
            .await
            .map_err(failed(action))?;
        transaction.commit().await.map_err(failed(action))
    }

    pub(super) async fn drop_old_requests(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, RegistryError> {
        let action = "drop old request ids";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        let delete = "DELETE FROM requests WHERE (system, method, id) IN \
             (SELECT system, method, id FROM requests WHERE claimed_ms < ? LIMIT ?)";
        let dropped = sqlx::query(delete)
            .bind(millis(before))
            .bind(limit)
            .execute(&mut *transaction)
            .await
            .map_err(failed(action))?;
        transaction.commit().await.map_err(failed(action))?;
        Ok(dropped.rows_affected())
    }
}

async fn known(
    transaction: &mut Transaction<'static, Sqlite>,
    scope: &RequestScope,
) -> Result<Option<SqliteRow>, RegistryError> {
    let select = "SELECT payload, state, boot FROM requests \
         WHERE system = ? AND method = ? AND id = ?";
    sqlx::query(select)
        .bind(scope.system.as_str())
        .bind(scope.method)
        .bind(scope.id.0.as_bytes().to_vec())
        .fetch_optional(&mut **transaction)
        .await
        .map_err(failed("find a request id"))
}
