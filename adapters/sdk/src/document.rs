//! A document that a department holds.

use crate::{Day, Digest, Issuer, MediaType, Number, Status, Subject, TypeCode, ValidUntil};

/// One document that the department holds: what `lookup` says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Type of material.
    pub material_type: TypeCode,
    /// Whom or what it is about, as the department's own record says it, not as the query did.
    pub subject: Subject,
    /// The issuer's number.
    pub number: Number,
    /// Size of the content in bytes, at least 1.
    pub size_bytes: u64,
    /// SHA-256 of the content.
    pub digest: Digest,
    /// Media type of the content.
    pub media_type: MediaType,
    /// Who issued it.
    pub issuer: Option<Issuer>,
    /// Day of issue.
    pub issued: Option<Day>,
    /// Until when it says that it is valid.
    pub valid_until: Option<ValidUntil>,
    /// How it stands now.
    pub status: Status,
}
