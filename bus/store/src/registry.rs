//! The registry on SQLite, one file per table.

mod changes;
mod contributions;
#[cfg(feature = "fixture")]
mod fixture;
mod inspect;
mod materials;
mod open;
mod past;
mod requests;
mod retoken;
mod revoke;
mod rows;
mod status;
mod topics;
mod unseals;
mod uploads;
mod versions;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use oncebus_core::{
    BootId, Change, ChangeSpan, ChunkDigests, Committed, Contribution, CorrectionId,
    CorrectionState, Digest, Discard, HeldVersion, Manifest, MaterialId, MaterialKey, NewUpload,
    Number, PastVersion, RecordId, Registry, RegistryError, RequestScope, RequestState, Revoked,
    Status, Subject, TypeCode, Upload, UploadId, Version, VersionId,
};
use oncebus_trail::Receipt;

use crate::{SubjectKeys, database::Database};

#[cfg(feature = "fixture")]
pub use self::fixture::FixtureMaterial;
pub use self::{
    inspect::{Inspected, VersionFault},
    unseals::{Approval, Unseal, UnsealId},
};

/// The registry in one SQLite file: WAL mode, every commit synced before it is answered.
#[derive(Clone, Debug)]
pub struct SqliteRegistry {
    database: Database,
    keys: Arc<SubjectKeys>,
}

/// Says what was tried when a statement failed.
pub(crate) fn failed(action: &'static str) -> impl Fn(sqlx::Error) -> RegistryError {
    move |source| RegistryError::Storage { action, source: Box::new(source) }
}

#[async_trait]
impl Registry for SqliteRegistry {
    async fn material(
        &self,
        key: &MaterialKey,
        fresh: MaterialId,
    ) -> Result<MaterialId, RegistryError> {
        self.material_id(key, fresh).await
    }

    async fn current(
        &self,
        material_type: &TypeCode,
        subject: &Subject,
        number: Option<&Number>,
    ) -> Result<Vec<Version>, RegistryError> {
        self.current_versions(material_type, subject, number).await
    }

    async fn current_all(
        &self,
        topics: &[(TypeCode, Subject)],
    ) -> Result<Vec<Vec<Version>>, RegistryError> {
        self.current_of_all(topics).await
    }

    async fn version(&self, id: &VersionId) -> Result<Option<Version>, RegistryError> {
        self.one_version(id).await
    }

    async fn register_held(&self, held: &HeldVersion<'_>) -> Result<Version, RegistryError> {
        self.register_version(held).await
    }

    async fn confirm(
        &self,
        id: &VersionId,
        at: Timestamp,
        status: Status,
    ) -> Result<(), RegistryError> {
        self.confirm_version(id, at, status).await
    }

    async fn note_status(
        &self,
        id: &VersionId,
        at: Timestamp,
        status: Status,
    ) -> Result<(), RegistryError> {
        self.keep_status(id, at, status).await
    }

    async fn revoke(
        &self,
        id: &VersionId,
        revoked: &Revoked,
    ) -> Result<Option<Version>, RegistryError> {
        self.revoke_version(id, revoked).await
    }

    async fn revoked_content(
        &self,
        key: &MaterialKey,
        content: &Digest,
    ) -> Result<Option<Version>, RegistryError> {
        self.revoked_of(key, content).await
    }

    async fn contribution(&self, id: &VersionId) -> Result<Option<Contribution>, RegistryError> {
        self.one_contribution(id).await
    }

    async fn contributions(
        &self,
        material_type: &TypeCode,
        subject: &Subject,
    ) -> Result<Vec<(Version, Contribution)>, RegistryError> {
        self.contributions_about(material_type, subject).await
    }

    async fn open_contributions(
        &self,
        after: Option<CorrectionId>,
        limit: u32,
    ) -> Result<Vec<(Version, Contribution)>, RegistryError> {
        self.not_compared(after, limit).await
    }

    async fn close_contribution(
        &self,
        id: &VersionId,
        state: CorrectionState,
        at: Timestamp,
    ) -> Result<bool, RegistryError> {
        self.close_one(id, state, at).await
    }

    async fn past(
        &self,
        material_type: &TypeCode,
        subject: &Subject,
        before: Timestamp,
    ) -> Result<Vec<PastVersion>, RegistryError> {
        self.past_versions(material_type, subject, before).await
    }

    async fn changes(&self, after: u64, limit: u32) -> Result<Vec<Change>, RegistryError> {
        self.changes_behind(after, limit).await
    }

    async fn change_span(&self) -> Result<ChangeSpan, RegistryError> {
        self.span_of_changes().await
    }

    async fn expire_changes(&self, before: Timestamp, limit: u32) -> Result<u64, RegistryError> {
        self.drop_old_changes(before, limit).await
    }

    async fn pending_upload(&self, like: &NewUpload) -> Result<Option<Upload>, RegistryError> {
        self.same_pending(like).await
    }

    async fn begin_upload(&self, upload: &NewUpload, limit: u32) -> Result<Upload, RegistryError> {
        self.insert_upload(upload, limit).await
    }

    async fn upload(&self, id: UploadId) -> Result<Option<Upload>, RegistryError> {
        self.one_upload(id).await
    }

    async fn add_chunks(
        &self,
        id: UploadId,
        at: usize,
        chunks: &ChunkDigests,
        now: Timestamp,
    ) -> Result<bool, RegistryError> {
        self.append_chunks(id, at, chunks, now).await
    }

    async fn truncate_chunks(&self, id: UploadId, count: usize) -> Result<(), RegistryError> {
        self.cut_chunks(id, count).await
    }

    async fn commit_upload(
        &self,
        id: UploadId,
        manifest: &Manifest,
        chunks: &ChunkDigests,
        outcome: RecordId,
        now: Timestamp,
    ) -> Result<Committed, RegistryError> {
        self.commit(id, manifest, chunks, outcome, now).await
    }

    async fn outcome_recorded(&self, id: UploadId, receipt: &Receipt) -> Result<(), RegistryError> {
        self.keep_receipt(id, receipt).await
    }

    async fn unrecorded(&self, limit: u32) -> Result<Vec<Upload>, RegistryError> {
        self.without_receipt(limit).await
    }

    async fn names_intent(&self, intent: u64) -> Result<bool, RegistryError> {
        self.has_intent(intent).await
    }

    async fn abandon(&self, before: Timestamp, limit: u32) -> Result<Vec<Discard>, RegistryError> {
        self.abandon_idle(before, limit).await
    }

    async fn discard_now(&self, id: UploadId) -> Result<Option<Discard>, RegistryError> {
        self.discard_one(id).await
    }

    async fn discarded(&self, id: UploadId) -> Result<(), RegistryError> {
        self.mark_discarded(id).await
    }

    async fn begin_request(
        &self,
        scope: &RequestScope,
        payload: &Digest,
        boot: BootId,
        now: Timestamp,
    ) -> Result<RequestState, RegistryError> {
        self.claim_request(scope, payload, boot, now).await
    }

    async fn finish_request(&self, scope: &RequestScope) -> Result<(), RegistryError> {
        self.mark_done(scope).await
    }

    async fn release_request(&self, scope: &RequestScope) -> Result<(), RegistryError> {
        self.drop_request(scope).await
    }

    async fn expire_requests(&self, before: Timestamp, limit: u32) -> Result<u64, RegistryError> {
        self.drop_old_requests(before, limit).await
    }
}

#[cfg(test)]
mod tests;
