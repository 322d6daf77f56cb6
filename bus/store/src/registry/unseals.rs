//! Table `unseals`: who asked for which records to be unsealed, and who approved it for how long.

use std::fmt;

use jiff::Timestamp;
use oncebus_core::{Digest, Ground, RegistryError, RequestId};
use sqlx::{QueryBuilder, Sqlite, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    SqliteRegistry, failed,
    rows::{digest, get, millis, signed, timestamp, uuid},
};

const SELECT: &str = "SELECT id, system, certificate, request, payload, ground, indices, recorded, \
     approved_by, until_ms, approval FROM unseals WHERE ";

/// Id of a request to unseal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnsealId(pub Uuid);

/// A request to unseal records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseal {
    /// Its id.
    pub id: UnsealId,
    /// System that asked, by SPIFFE id.
    pub system: String,
    /// SHA-256 of its certificate.
    pub certificate: Digest,
    /// Id that it gave to its request.
    pub request: RequestId,
    /// Digest of what it asked.
    pub payload: Digest,
    /// Why.
    pub ground: Ground,
    /// Positions of the records, ascending.
    pub indices: Vec<u64>,
    /// Position of the record that says so.
    pub recorded: u64,
    /// Who approved it; none yet.
    pub approval: Option<Approval>,
}

/// That a request to unseal was approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// System that approved, by SPIFFE id.
    pub system: String,
    /// When it ends.
    pub until: Timestamp,
    /// Position of the record that says so.
    pub recorded: u64,
}

// === impl SqliteRegistry ===

impl SqliteRegistry {
    /// Returns a request to unseal.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn unseal(&self, id: UnsealId) -> Result<Option<Unseal>, RegistryError> {
        let mut query = QueryBuilder::new(SELECT);
        query.push("id = ").push_bind(id.0.as_bytes().to_vec());
        self.one_unseal(query).await
    }

    /// Returns what a system asked for by this request id.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn unseal_of_request(
        &self,
        system: &str,
        request: RequestId,
    ) -> Result<Option<Unseal>, RegistryError> {
        let mut query = QueryBuilder::new(SELECT);
        query.push("system = ").push_bind(system.to_owned());
        query.push(" AND request = ").push_bind(request.0.as_bytes().to_vec());
        self.one_unseal(query).await
    }

    /// Keeps a request that is on the trail.
    ///
    /// # Errors
    ///
    /// If the database fails, or the system used the request id before.
    pub async fn insert_unseal(&self, unseal: &Unseal) -> Result<(), RegistryError> {
        let action = "keep a request to unseal";
        let indices: Vec<u8> =
            unseal.indices.iter().flat_map(|index| index.to_be_bytes()).collect();
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        let insert = "INSERT INTO unseals \
             (id, system, certificate, request, payload, ground, indices, recorded) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        sqlx::query(insert)
            .bind(unseal.id.0.as_bytes().to_vec())
            .bind(unseal.system.as_str())
            .bind(unseal.certificate.as_bytes().to_vec())
            .bind(unseal.request.0.as_bytes().to_vec())
            .bind(unseal.payload.as_bytes().to_vec())
            .bind(unseal.ground.as_str())
            .bind(indices)
            .bind(signed(unseal.recorded))
            .execute(&mut *transaction)
            .await
            .map_err(failed(action))?;
        transaction.commit().await.map_err(failed(action))
    }

    /// Keeps an approval that is on the trail; answers whether there was none.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn approve_unseal(
        &self,
        id: UnsealId,
        approval: &Approval,
    ) -> Result<bool, RegistryError> {
        let action = "keep an approval";
        let mut transaction = self.database.write().await.map_err(failed(action))?;
        let update = "UPDATE unseals SET approved_by = ?, until_ms = ?, approval = ? \
             WHERE id = ? AND approved_by IS NULL";
        let updated = sqlx::query(update)
            .bind(approval.system.as_str())
            .bind(millis(approval.until))
            .bind(signed(approval.recorded))
            .bind(id.0.as_bytes().to_vec())
            .execute(&mut *transaction)
            .await
            .map_err(failed(action))?;
        transaction.commit().await.map_err(failed(action))?;
        Ok(updated.rows_affected() == 1)
    }

    async fn one_unseal(
        &self,
        mut query: QueryBuilder<Sqlite>,
    ) -> Result<Option<Unseal>, RegistryError> {
        let found = query.build().fetch_optional(&self.database.reader).await;
        let found = found.map_err(failed("find a request to unseal"))?;
        found.as_ref().map(read).transpose()
    }
}

// === impl UnsealId ===

impl fmt::Display for UnsealId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unseals/{}", self.0)
    }
}

fn read(row: &SqliteRow) -> Result<Unseal, RegistryError> {
    let indices: Vec<u8> = get(row, "indices")?;
    let (indices, []) = indices.as_chunks() else {
        return Err(RegistryError::Corrupt { what: "indices" });
    };
    Ok(Unseal {
        id: UnsealId(uuid(row, "id")?),
        system: get(row, "system")?,
        certificate: digest(row, "certificate")?,
        request: RequestId(uuid(row, "request")?),
        payload: digest(row, "payload")?,
        ground: get::<String>(row, "ground")?.parse()?,
        indices: indices.iter().copied().map(u64::from_be_bytes).collect(),
        recorded: get::<i64>(row, "recorded")?.unsigned_abs(),
        approval: approval(row)?,
    })
}

fn approval(row: &SqliteRow) -> Result<Option<Approval>, RegistryError> {
    let Some(system) = get(row, "approved_by")? else { return Ok(None) };
    let until = timestamp(get(row, "until_ms")?)?;
    let recorded = get::<i64>(row, "approval")?.unsigned_abs();
    Ok(Some(Approval { system, until, recorded }))
}
