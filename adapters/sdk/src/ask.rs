//! What an adapter is asked, already checked.

use crate::{Digest, Document, Number, Subject, TypeCode, UploadId};

/// What to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Type of material.
    pub material_type: TypeCode,
    /// Whom or what it is about.
    pub subject: Subject,
    /// The issuer's number; every number where it is not given.
    pub number: Option<Number>,
}

/// Which content to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Type of material.
    pub material_type: TypeCode,
    /// Whom or what it is about.
    pub subject: Subject,
    /// The issuer's number.
    pub number: Number,
    /// Digest that it must have.
    pub digest: Digest,
    /// Size that it must have, in bytes, at least 1.
    pub size_bytes: u64,
    /// Whether an upload was sealed here; else it is found as `lookup` finds it.
    pub sealed: bool,
}

/// Which upload to keep, and what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The upload.
    pub upload: UploadId,
    /// Size that it must have, in bytes, at least 1.
    pub size_bytes: u64,
    /// Digest that it must have.
    pub digest: Digest,
    /// SHA-256 over the SHA-256 hashes of its chunks, as the gateway saw them pass.
    pub chunk_root: Digest,
}

/// How sealing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// The content is kept now.
    New,
    /// The same content had been sealed before.
    Already,
}

// === impl Query ===

impl Query {
    /// Tells whether `document` is of the type, subject and number that are asked for.
    pub fn asks_for(&self, document: &Document) -> bool {
        self.material_type == document.material_type
            && self.subject == document.subject
            && self.number.as_ref().is_none_or(|number| *number == document.number)
    }
}

// === impl Content ===

impl Content {
    /// Tells whether this is the content of `document`: same type, subject, number and digest.
    pub fn is_of(&self, document: &Document) -> bool {
        self.material_type == document.material_type
            && self.subject == document.subject
            && self.number == document.number
            && self.digest == document.digest
    }
}
