//! The registry: which materials there are, their versions, and uploads on their way.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use oncebus_trail::Receipt;

use crate::{
    BootId, Change, ChangeSpan, ChunkDigests, Contribution, CorrectionId, CorrectionState, DeptId,
    Digest, Document, FieldError, Intake, Manifest, MaterialId, MaterialKey, Number, PastVersion,
    RecordId, RequestId, Revoked, SealedContent, Status, Subject, SystemId, TypeCode, UploadId,
    VersionId, VersionName, Why,
};

/// Keeps versions, current pointers, uploads and request ids, each change durable when it returns.
///
/// Subjects are stored as a keyed token and an encrypted value. Every implementation runs
/// [`crate::conformance::registry`].
#[async_trait]
pub trait Registry: fmt::Debug + Send + Sync {
    /// Returns the id of the material with `key`, drawing `fresh` for it if it has none yet.
    ///
    /// A material without a version is invisible. Racing calls get the same id.
    async fn material(
        &self,
        key: &MaterialKey,
        fresh: MaterialId,
    ) -> Result<MaterialId, RegistryError>;

    /// Returns the current versions of one type about one subject, by number; at most 1,000.
    async fn current(
        &self,
        material_type: &TypeCode,
        subject: &Subject,
        number: Option<&Number>,
    ) -> Result<Vec<Version>, RegistryError>;

    /// Returns the current versions of many types about many subjects, as one view of them all: one list
    /// for each of `topics`, by number, of at most 1,000.
    async fn current_all(
        &self,
        topics: &[(TypeCode, Subject)],
    ) -> Result<Vec<Vec<Version>>, RegistryError>;

    /// Returns one version, current or not.
    async fn version(&self, id: &VersionId) -> Result<Option<Version>, RegistryError>;

    /// Registers a version that a department holds, found by Lookup and hashed at its first fetch,
    /// and makes it current; a version that is registered already is made current, confirmed, and has
    /// its status noted.
    async fn register_held(&self, held: &HeldVersion<'_>) -> Result<Version, RegistryError>;

    /// Notes that the holder confirmed the version at `at`, and how it stood; never moves backwards.
    async fn confirm(
        &self,
        id: &VersionId,
        at: Timestamp,
        status: Status,
    ) -> Result<(), RegistryError>;

    /// Notes how a version stood at `at`, as [`Registry::confirm`] does, without confirming it.
    async fn note_status(
        &self,
        id: &VersionId,
        at: Timestamp,
        status: Status,
    ) -> Result<(), RegistryError>;

    /// Revokes a version for ever, and returns it; the first revocation stays. `None` if there is no
    /// such version. An open contribution is withdrawn by it.
    async fn revoke(
        &self,
        id: &VersionId,
        revoked: &Revoked,
    ) -> Result<Option<Version>, RegistryError>;

    /// Returns a revoked version of the material that has this content.
    async fn revoked_content(
        &self,
        key: &MaterialKey,
        content: &Digest,
    ) -> Result<Option<Version>, RegistryError>;

    /// Returns what makes a version a contribution; `None` if it is none.
    async fn contribution(&self, id: &VersionId) -> Result<Option<Contribution>, RegistryError>;

    /// Returns the contributions of one type about one subject that are not current, oldest first; at
    /// most 100.
    async fn contributions(
        &self,
        material_type: &TypeCode,
        subject: &Subject,
    ) -> Result<Vec<(Version, Contribution)>, RegistryError>;

    /// Returns contributions that nobody compared yet, behind a correction, oldest first; at most
    /// `limit`.
    async fn open_contributions(
        &self,
        after: Option<CorrectionId>,
        limit: u32,
    ) -> Result<Vec<(Version, Contribution)>, RegistryError>;

    /// Notes what the comparison of an open contribution came to; answers whether it was open.
    async fn close_contribution(
        &self,
        id: &VersionId,
        state: CorrectionState,
        at: Timestamp,
    ) -> Result<bool, RegistryError>;

    /// Returns what was current of one type about one subject before a moment, as the bus knew it
    /// then, by number; at most 1,000.
    async fn past(
        &self,
        material_type: &TypeCode,
        subject: &Subject,
        before: Timestamp,
    ) -> Result<Vec<PastVersion>, RegistryError>;

    /// Returns the changes behind a cursor, oldest first; at most `limit`.
    async fn changes(&self, after: u64, limit: u32) -> Result<Vec<Change>, RegistryError>;

    /// Returns which changes there are.
    async fn change_span(&self) -> Result<ChangeSpan, RegistryError>;

    /// Drops changes before a moment, oldest first, at most `limit`; answers how many. What
    /// [`Registry::past`] needs for that moment and later ones stays.
    async fn expire_changes(&self, before: Timestamp, limit: u32) -> Result<u64, RegistryError>;

    /// Returns the pending upload of the same system, material, document and expected version.
    async fn pending_upload(&self, like: &NewUpload) -> Result<Option<Upload>, RegistryError>;

    /// Adds a pending upload. If the same system has a pending upload of the same material, document
    /// and expected version, that one is returned instead of a second.
    ///
    /// # Errors
    ///
    /// [`RegistryError::TooManyUploads`] if the department has `limit` pending uploads;
    /// [`RegistryError::Discarding`] while a [`Discard`] with `sealed` of the same department and
    /// content is open: it could take away what the new upload seals.
    async fn begin_upload(&self, upload: &NewUpload, limit: u32) -> Result<Upload, RegistryError>;

    /// Returns an upload in whatever state, with the chunk digests that passed so far.
    async fn upload(&self, id: UploadId) -> Result<Option<Upload>, RegistryError>;

    /// Adds the digests of staged chunks behind the first `at`, and notes the progress. Answers
    /// `false`, and changes nothing, unless the upload is pending and has exactly `at` chunks.
    async fn add_chunks(
        &self,
        id: UploadId,
        at: usize,
        chunks: &ChunkDigests,
        now: Timestamp,
    ) -> Result<bool, RegistryError>;

    /// Drops the chunk digests behind the first `count`, when the adapter lost what they describe.
    async fn truncate_chunks(&self, id: UploadId, count: usize) -> Result<(), RegistryError>;

    /// Ends a pending upload in one transaction. A content that was revoked is refused
    /// ([`Committed::Revoked`]). A current version with the same content wins
    /// ([`Committed::AlreadyHeld`]); else, if the upload [`Intake::fits`] beside the current version, the
    /// manifest's version is added, and made current unless it [`Intake::contributes`]; else
    /// [`Committed::Conflict`]. A contribution opens a correction under the upload's id, unless the
    /// version has one; it is [`Committed::AlreadyHeld`] too where the version was registered. What
    /// becomes current is its holder's, though it was a contribution of another. What is refused turns [`UploadState::Discarding`]. Ending an upload
    /// that has ended answers as the first time. A copy of content that another holder has counts
    /// as being discarded from then on, until [`Registry::discarded`].
    ///
    /// `outcome` is the id that the caller will give to the outcome's record; the first one stays.
    ///
    /// # Errors
    ///
    /// [`RegistryError::Corrupt`] if manifest or chunks are not those of the upload.
    async fn commit_upload(
        &self,
        id: UploadId,
        manifest: &Manifest,
        chunks: &ChunkDigests,
        outcome: RecordId,
        now: Timestamp,
    ) -> Result<Committed, RegistryError>;

    /// Keeps the receipt of a committed upload's outcome, which is durable then.
    async fn outcome_recorded(&self, id: UploadId, receipt: &Receipt) -> Result<(), RegistryError>;

    /// Returns committed uploads without a receipt of their outcome; at most `limit`.
    async fn unrecorded(&self, limit: u32) -> Result<Vec<Upload>, RegistryError>;

    /// Returns whether an upload that has not ended yet names this intent.
    async fn names_intent(&self, intent: u64) -> Result<bool, RegistryError>;

    /// Turns pending uploads without progress since `before` to [`UploadState::Discarding`], and
    /// returns all in that state, and all superfluous copies; at most `limit`. What was never
    /// returned comes first, then what was returned at the earliest `before`: no holder that fails
    /// holds up the others.
    async fn abandon(&self, before: Timestamp, limit: u32) -> Result<Vec<Discard>, RegistryError>;

    /// Gives up one upload at once, if it is pending, turned [`UploadState::Discarding`], or found
    /// its content held by another holder and its copy not discarded yet; `None` for all others.
    async fn discard_now(&self, id: UploadId) -> Result<Option<Discard>, RegistryError>;

    /// Notes that the adapter forgot what [`Registry::abandon`] named.
    async fn discarded(&self, id: UploadId) -> Result<(), RegistryError>;

    /// Claims a request id for a payload.
    async fn begin_request(
        &self,
        scope: &RequestScope,
        payload: &Digest,
        boot: BootId,
        now: Timestamp,
    ) -> Result<RequestState, RegistryError>;

    /// Notes that a claimed request is done: a retry finds what it did.
    async fn finish_request(&self, scope: &RequestScope) -> Result<(), RegistryError>;

    /// Frees a claimed request that failed, so that a retry runs anew.
    async fn release_request(&self, scope: &RequestScope) -> Result<(), RegistryError>;

    /// Drops request ids claimed before `before`, at most `limit`; answers how many.
    async fn expire_requests(&self, before: Timestamp, limit: u32) -> Result<u64, RegistryError>;
}

/// One version, with what is needed to fetch it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its id.
    pub id: VersionId,
    /// Its description.
    pub manifest: Manifest,
    /// Digests of its chunks.
    pub chunks: ChunkDigests,
    /// Whom or what it is about.
    pub subject: Subject,
    /// The issuer's number.
    pub number: Number,
    /// Department whose adapter keeps the bytes.
    pub holder: DeptId,
    /// Whether it came by upload and lies sealed at the holder, or is held at the origin.
    pub sealed: bool,
    /// Whether it is the material's current version.
    pub current: bool,
    /// When the holder last confirmed it.
    pub confirmed_at: Timestamp,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// How it stands, as its issuer last said.
    pub status: Status,
    /// That it was revoked on the bus.
    pub revoked: Option<Revoked>,
}

/// A version that a department holds, to be registered.
#[derive(Clone, Copy, Debug)]
pub struct HeldVersion<'a> {
    /// Its description.
    pub manifest: &'a Manifest,
    /// Digests of its chunks.
    pub chunks: &'a ChunkDigests,
    /// Department whose adapter keeps the bytes.
    pub holder: &'a DeptId,
    /// How it stands, as its issuer said.
    pub status: Status,
    /// Since when the holder's word may be relied on.
    pub confirmed_at: Timestamp,
    /// Now.
    pub now: Timestamp,
}

/// An upload to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUpload {
    /// Its id, if none of the kind is pending.
    pub id: UploadId,
    /// The system that uploads.
    pub system: SystemId,
    /// That system's department, whose adapter stages and keeps the bytes.
    pub holder: DeptId,
    /// Id of the material.
    pub material: MaterialId,
    /// Type of the material.
    pub material_type: TypeCode,
    /// Whom or what it is about.
    pub subject: Subject,
    /// The announced document: number, size, digest, media type, days, issuer.
    pub document: Document,
    /// The version that it replaces.
    pub expected: Option<VersionId>,
    /// Index of the intent's record.
    pub intent: u64,
    /// What it may become.
    pub intake: Intake,
    /// Why it was begun, as the outcome's record repeats it: no case, no officer.
    pub why: Why,
    /// Case, officer, consent and the ground of an exception, which the outcome's record repeats to auditors only. Stored
    /// encrypted.
    pub private: SealedContent,
    /// Now.
    pub now: Timestamp,
}

/// An upload as the registry has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// What was begun. Its `id` is the upload's.
    pub begun: NewUpload,
    /// Digests of the chunks that passed.
    pub chunks: ChunkDigests,
    /// Pieces in which they passed, until it ends: so often the adapter staged.
    pub pieces: u32,
    /// Where it stands.
    pub state: UploadState,
}

/// Where an upload stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadState {
    /// Takes chunks.
    Pending,
    /// Ended well.
    Committed {
        /// The version, new or held before.
        version: VersionId,
        /// Whether it was held before.
        already_held: bool,
        /// Id of the outcome's record.
        outcome: RecordId,
        /// Its receipt; `None` until it is known to be durable.
        receipt: Option<Receipt>,
    },
    /// Lost to another version, or abandoned; the adapter has yet to forget it.
    Discarding,
    /// Lost or abandoned, and forgotten.
    Discarded,
}

/// How an upload ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It is the material's current version.
    New {
        /// The version.
        version: Version,
        /// Id of the outcome's record.
        outcome: RecordId,
    },
    /// It is a contribution, and not current.
    Contributed {
        /// The version.
        version: Version,
        /// Id of the outcome's record.
        outcome: RecordId,
    },
    /// The material's current version has the same content; nothing was added.
    AlreadyHeld {
        /// The version that has it.
        version: Version,
        /// Id of the outcome's record.
        outcome: RecordId,
    },
    /// The material's current version is not the expected one.
    Conflict {
        /// The current version, if there is one.
        current: Option<VersionId>,
    },
    /// The content is that of a version of the material that was revoked.
    Revoked {
        /// That version.
        version: Version,
    },
    /// The upload was discarded, or never was.
    Gone,
}

/// What an adapter is to forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discard {
    /// The upload.
    pub upload: Upload,
    /// Whether content sealed under the upload's digest must go too: no version and no other
    /// pending upload of that holder names it.
    pub sealed: bool,
}

/// What a request id is unique in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestScope {
    /// The system that calls.
    pub system: SystemId,
    /// The method.
    pub method: &'static str,
    /// The id.
    pub id: RequestId,
}

/// What is known of a request id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestState {
    /// Claimed now, by this call. A claim of an earlier boot counts as free.
    Claimed,
    /// Claimed by a call that still runs.
    Running,
    /// Done; a retry may run again, and finds what was done.
    Done,
    /// Used with another payload.
    Reused,
}

/// Why the registry could not do it.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The department has as many pending uploads as it may.
    #[error("{department} has {limit} uploads pending, commit one or let it expire")]
    TooManyUploads {
        /// The department.
        department: DeptId,
        /// The limit.
        limit: u32,
    },
    /// The department's adapter has yet to forget sealed content of the same digest.
    #[error("sealed content of the same digest is just being discarded, try again in a second")]
    Discarding,
    /// A key that hides subjects is missing, or is not the one that hid them.
    #[error("subject key {key} is lost or another one, restore the key file from the backup")]
    SubjectKey {
        /// The key's id.
        key: i64,
    },
    /// The database failed.
    #[error("registry could not {action}")]
    Storage {
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A stored value cannot be read.
    #[error("registry holds an unreadable {what}")]
    Corrupt {
        /// The value's name.
        what: &'static str,
    },
    /// A stored text is no longer what it must be.
    #[error("registry holds an unreadable field: {0}")]
    Field(#[from] FieldError),
}

// === impl NewUpload ===

impl NewUpload {
    /// Returns what the outcome's record says to auditors only.
    pub(crate) fn private(&self) -> SealedContent {
        SealedContent { subject: Some(self.subject.clone()), ..self.private.clone() }
    }
}

// === impl Version ===

impl Version {
    /// Returns the full name.
    pub fn name(&self) -> VersionName {
        VersionName { material_type: self.manifest.material_type.clone(), id: self.id }
    }

    /// Returns what a holder would say of it.
    pub fn document(&self) -> Document {
        let manifest = &self.manifest;
        Document {
            number: self.number.clone(),
            size_bytes: manifest.size_bytes,
            digest: manifest.content,
            media_type: manifest.media_type.clone(),
            issuer: manifest.issuer.clone(),
            issued: manifest.issued,
            valid_until: manifest.valid_until,
            relations: manifest.relations.clone(),
        }
    }
}
