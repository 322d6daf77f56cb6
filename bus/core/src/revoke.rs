//! Revoke: takes a version back for ever. Its bytes never leave again, and streams of it end.

use std::{fmt, str::FromStr, sync::Arc};

use oncebus_trail::Receipt;

use crate::{
    Admitted, Bus, Caller, Digest, ExchangeError, Failure, FieldError, MaterialInfo, MaterialType,
    Operation, Purpose, RequestId, RequestScope, Revocation, Revoked, Rule, Supply, Version,
    VersionId, exchange::Exchange, field::text, find::finished, planted::Bug,
};

/// Longest note, in bytes.
const NOTE_BYTES: usize = 512;
/// Longest ground of an exception, in bytes.
const GROUND_BYTES: usize = 256;

/// A checked request to revoke a version.
#[derive(Clone, Debug)]
pub struct RevokeQuery {
    /// Type of the material.
    pub material_type: Arc<MaterialType>,
    /// The version.
    pub id: VersionId,
    /// Why it is revoked.
    pub reason: Revocation,
    /// What auditors may read beside it.
    pub note: Option<Note>,
    /// The caller's id of the request.
    pub request_id: RequestId,
    /// Digest of the request's fields, to tell a retry from another request.
    pub payload: Digest,
    /// Why it is called.
    pub purpose: Purpose,
}

/// A note for auditors only: 1 to 512 bytes without control characters. Its `Debug` form hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Note(String);

/// A revocation that is durable and on record.
#[derive(Debug)]
pub struct RevokedVersion {
    /// The version, as answers describe it.
    pub info: MaterialInfo,
    /// The version.
    pub version: Version,
    /// Proof of the record.
    pub receipt: Receipt,
}

// === impl Note ===

impl Note {
    /// Takes the ground of an exception: 1 to 256 bytes without control characters.
    ///
    /// # Errors
    ///
    /// Names `exception_ground`, and what is wrong with it.
    pub fn ground(value: &str) -> Result<Self, FieldError> {
        text("exception_ground", value, GROUND_BYTES)?;
        Ok(Self(value.to_owned()))
    }
}

impl FromStr for Note {
    type Err = FieldError;

    fn from_str(value: &str) -> Result<Self, FieldError> {
        text("note", value, NOTE_BYTES)?;
        Ok(Self(value.to_owned()))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Note(hidden)")
    }
}

impl Bus {
    /// Revokes a version. May be repeated: the first revocation stays, and is answered.
    ///
    /// No call that begins after this returned is given the version as good, and calls that give its
    /// bytes on end within a second.
    ///
    /// # Errors
    ///
    /// Every refusal and failure, with the receipt of its record.
    pub async fn revoke(
        &self,
        admitted: Admitted,
        query: RevokeQuery,
    ) -> Result<RevokedVersion, Failure> {
        let bus = self.clone();
        finished(tokio::spawn(async move { bus.run_revoke(admitted, query).await })).await
    }

    async fn run_revoke(
        self,
        admitted: Admitted,
        query: RevokeQuery,
    ) -> Result<RevokedVersion, Failure> {
        let Admitted { caller, permit: _until_the_end, .. } = admitted;
        let (operation, material_type) = (Operation::Revoke, &query.material_type);
        let mut exchange =
            Exchange::begin(&self, &caller, operation, material_type, &query.purpose);
        exchange.request(query.request_id);
        exchange.revokes(query.reason, query.note.as_ref());
        let scope = RequestScope {
            system: caller.system.clone(),
            method: "RevokeMaterial",
            id: query.request_id,
        };
        let claimed = async {
            self.may_revoke(&mut exchange, &caller, material_type)?;
            self.claim(&scope, &query.payload).await
        };
        if let Err(error) = claimed.await {
            return Err(exchange.failed(error).await);
        }
        match self.take_back(&mut exchange, &caller, &query).await {
            Ok(revoked) => {
                self.registry.finish_request(&scope).await.map_err(ExchangeError::from)?;
                Ok(revoked)
            }
            Err(error) => {
                self.registry.release_request(&scope).await.map_err(ExchangeError::from)?;
                Err(exchange.failed(error).await)
            }
        }
    }

    async fn take_back(
        &self,
        exchange: &mut Exchange,
        caller: &Caller,
        query: &RevokeQuery,
    ) -> Result<RevokedVersion, ExchangeError> {
        let RevokeQuery { material_type, id, reason, .. } = query;
        let version = self.registry.version(id).await?;
        let version = version.filter(|found| found.manifest.material_type == material_type.code);
        let version = version.ok_or(ExchangeError::MaterialNotFound)?;
        exchange.version(&version);
        if version.holder != caller.department {
            return Err(denied(caller, material_type));
        }
        exchange.announce().await?;
        let revoked = Revoked { at: self.clock.now(), reason: *reason };
        let taken_back = self.registry.revoke(id, &revoked).await;
        // Also where it failed, as nobody knows how far it came, and where it was revoked before: the
        // other call may not have come to this yet.
        if !self.planted.is(Bug::RevokedPointerForgotten) {
            self.caches.moved(&version.topic());
        }
        self.revocations.advance();
        let version = taken_back?.ok_or(ExchangeError::MaterialNotFound)?;
        let info = self.describe(&version, material_type).await?;
        let receipt = exchange.served(0, None).await?;
        Ok(RevokedVersion { info, version, receipt })
    }

    /// Decides by caller and type: who may publish the type, and who holds it at the origin, may ask.
    fn may_revoke(
        &self,
        exchange: &mut Exchange,
        caller: &Caller,
        material_type: &MaterialType,
    ) -> Result<(), ExchangeError> {
        let decided = exchange.decide(caller, Operation::Revoke, material_type);
        let holds = material_type.supply == Supply::OriginHeld
            && self.catalog().is_source(material_type, &caller.department);
        match decided {
            Ok(_standing) => Ok(()),
            Err(ExchangeError::AccessDenied { .. }) if holds => {
                exchange.by_rule(Rule::Holder);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

fn denied(caller: &Caller, material_type: &MaterialType) -> ExchangeError {
    ExchangeError::AccessDenied {
        department: caller.department.clone(),
        operation: Operation::Revoke,
        material_type: material_type.code.clone(),
    }
}
