//! One fetch: every byte is hashed on its way.

use oncebus_gateway::MaterialType;
use oncebus_proto::v1::{FetchMaterialRequest, FetchMaterialResponse};
use sha2::{Digest as _, Sha256};
use tonic::{Status, Streaming};

use super::{Answer, Office, failed, purpose, request_id, subject, timed};
use crate::exit::{CliError, Exit};

// === impl Office ===

impl Office {
    /// Fetches the current version of a type, and checks that it is the document with this digest.
    ///
    /// # Errors
    ///
    /// Returns a failed check if the call fails or carries no proof, and a failed verification if the
    /// bytes are not that document.
    pub(in super::super) async fn fetch(
        &self,
        row: &MaterialType,
        digest: [u8; 32],
    ) -> Result<Answer, CliError> {
        let what = format!("fetch of {} by {}", row.code, self.department);
        let lost = |status: Status| failed(&what, &status);
        let mut messages = self.open(row).await.map_err(lost)?;
        let mut hash = Sha256::new();
        let mut receipt = None;
        while let Some(FetchMaterialResponse { data, receipt: proof, .. }) =
            messages.message().await.map_err(lost)?
        {
            hash.update(&data);
            receipt = proof.or(receipt);
        }
        if <[u8; 32]>::from(hash.finalize()) != digest {
            let message = format!("{what}: the bytes are not those of the document");
            return Err(CliError::new(Exit::Verification, message));
        }
        match receipt {
            Some(receipt) => Ok(Answer { what, receipt }),
            None => Err(CliError::check(format!("{what}: the answer has no receipt"))),
        }
    }

    /// Returns the name of a type's current version.
    ///
    /// # Errors
    ///
    /// Returns a failed check if the call fails.
    pub(in super::super) async fn current(&self, row: &MaterialType) -> Result<String, CliError> {
        let lost = |status: Status| failed(&format!("look at the current {}", row.code), &status);
        let first = self.open(row).await.map_err(lost)?.message().await.map_err(lost)?;
        Ok(first.and_then(|first| first.info).map(|info| info.version).unwrap_or_default())
    }

    /// Asks for the current version of a type.
    pub(in super::super) async fn open(
        &self,
        row: &MaterialType,
    ) -> Result<Streaming<FetchMaterialResponse>, Status> {
        let request = FetchMaterialRequest {
            version: String::new(),
            material_type: row.code.to_string(),
            subject: subject(row),
            number: String::new(),
            offset: 0,
            purpose: purpose(),
            request_id: request_id(),
        };
        let mut transfer = self.transfer.clone();
        Ok(transfer.fetch_material(timed(request)).await?.into_inner())
    }
}
