//! What an integrator implements.

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    AdapterError, Content, ContentStream, Digest, Document, FieldError, Query, Seal, Sealed,
    TypeCode, UploadId, Verdict, Verify, names,
};

/// A department's adapter: finds and sends what the department keeps.
///
/// Whatever it is asked was checked before, and whatever it answers is checked after. A call's
/// future is dropped when the gateway hangs up or its deadline passes: what must finish belongs into
/// a task. Its methods are called at the same time from many calls.
#[async_trait]
pub trait Adapter: Send + Sync + 'static {
    /// Says whose adapter it is and what it can do. Asked once, at start.
    fn describe(&self) -> Description;

    /// Tells whether the adapter can work now, for example whether its data source answers.
    ///
    /// Asked by gateways and for the health service, every 10 seconds.
    ///
    /// # Errors
    ///
    /// Returns [`NotReady`] with what is wrong.
    async fn check(&self) -> Result<(), NotReady> {
        Ok(())
    }

    /// Lists what the department holds of one type about one subject, at most 1,000 documents.
    ///
    /// Nothing held is an empty list. Only asked for types that [`Self::describe`] names. Two
    /// documents of one answer never have the same number.
    ///
    /// # Errors
    ///
    /// Returns [`AdapterError::Fault`] if the data source cannot be read.
    async fn lookup(&self, query: &Query) -> Result<Vec<Document>, AdapterError>;

    /// Sends a content from byte `offset` to its end.
    ///
    /// `offset` is a multiple of [`CHUNK_BYTES`](crate::CHUNK_BYTES) and at most the content's size.
    /// Never another version: a content whose digest is not the one asked for is not found.
    ///
    /// # Errors
    ///
    /// Returns [`AdapterError::NotFound`] if no such content is held, and what else prevents it.
    async fn fetch(&self, content: &Content, offset: u64) -> Result<ContentStream, AdapterError>;

    /// Compares claims with what the department holds, without sending anything of it. Only asked for
    /// types that [`Self::describe`] names.
    ///
    /// All claims must be true of one material that is in force. Every claim is compared, so that the
    /// time an answer takes tells nothing.
    ///
    /// # Errors
    ///
    /// Returns [`AdapterError::CannotVerify`] unless the adapter implements it, and where what is held
    /// has no fields to compare; [`AdapterError::Fault`] if the data source cannot be read.
    async fn verify(&self, _verify: &Verify) -> Result<Verdict, AdapterError> {
        Err(AdapterError::CannotVerify)
    }

    /// Tells how many bytes of an upload are staged; 0 of one that is unknown.
    ///
    /// # Errors
    ///
    /// Returns [`AdapterError::CannotStore`] unless the adapter implements it.
    async fn staged(&self, _upload: &UploadId) -> Result<u64, AdapterError> {
        Err(AdapterError::CannotStore)
    }

    /// Writes `data`, 1 byte to 1 MiB, at `offset` of an upload, and drops what was staged behind
    /// `offset`. Returns how many bytes are staged then.
    ///
    /// # Errors
    ///
    /// Returns [`AdapterError::StageOutOfRange`] if less than `offset` is staged,
    /// [`AdapterError::Full`] without room, [`AdapterError::CannotStore`] unless the adapter
    /// implements it.
    async fn stage(
        &self,
        _upload: &UploadId,
        _offset: u64,
        _data: Bytes,
    ) -> Result<u64, AdapterError> {
        Err(AdapterError::CannotStore)
    }

    /// Verifies a staged upload, with a [`ContentHasher`](crate::ContentHasher), and keeps it
    /// durably under its digest. May be repeated.
    ///
    /// # Errors
    ///
    /// Returns [`AdapterError::SizeMismatch`] or [`AdapterError::DigestMismatch`] if it is not what
    /// it must be, [`AdapterError::NotFound`] if neither the upload nor the content is there,
    /// [`AdapterError::CannotStore`] unless the adapter implements it.
    async fn seal(&self, _seal: &Seal) -> Result<Sealed, AdapterError> {
        Err(AdapterError::CannotStore)
    }

    /// Forgets a staged upload, and the content sealed under `sealed` where one is given. May be
    /// repeated: what is not there is forgotten already.
    ///
    /// # Errors
    ///
    /// Returns [`AdapterError::CannotStore`] unless the adapter implements it.
    async fn discard(
        &self,
        _upload: &UploadId,
        _sealed: Option<&Digest>,
    ) -> Result<(), AdapterError> {
        Err(AdapterError::CannotStore)
    }
}

/// Whose adapter it is and what it can do. Checked when the adapter starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Code of the department, 1 to 32 of `a-z`, `0-9`, `-`; the one of its certificate.
    pub department: String,
    /// Name of the adapter within the department, spelt like a department; the one of its
    /// certificate.
    pub name: String,
    /// Version of the adapter's program, at most 256 bytes.
    pub build: String,
    /// Codes of the types it can look up, at most 1,000.
    pub material_types: Vec<String>,
    /// Whether it implements `staged`, `stage`, `seal` and `discard`.
    pub stores: bool,
    /// Whether it implements `verify`.
    pub verifies: bool,
}

/// Why an adapter cannot work now.
///
/// The text goes to the adapter's operator: it names no subject and no number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotReady(pub String);

// === impl Description ===

impl Description {
    /// Describes an adapter that neither stores nor verifies.
    pub fn new<T: Into<String>>(
        department: impl Into<String>,
        name: impl Into<String>,
        build: impl Into<String>,
        material_types: impl IntoIterator<Item = T>,
    ) -> Self {
        Self {
            department: department.into(),
            name: name.into(),
            build: build.into(),
            material_types: material_types.into_iter().map(Into::into).collect(),
            stores: false,
            verifies: false,
        }
    }

    /// Checks every field.
    pub(crate) fn check(&self) -> Result<(), FieldError> {
        names::code("department", &self.department)?;
        names::code("name", &self.name)?;
        crate::field::text("build", &self.build, 256)?;
        if crate::answer::MAX_LIST < self.material_types.len() {
            let fault = format!("has {} entries", self.material_types.len());
            return Err(FieldError::new("material_types", fault, "give at most 1000"));
        }
        for material_type in &self.material_types {
            material_type.parse::<TypeCode>().map_err(|error| error.of("material_types"))?;
        }
        Ok(())
    }

    /// Tells whether it can look up the type.
    pub(crate) fn looks_up(&self, material_type: &TypeCode) -> bool {
        self.material_types.iter().any(|own| own == material_type.as_str())
    }
}
