//! What a version is, in canonical bytes whose hash is the version's id.

use serde::{Deserialize, Serialize};

use crate::{
    CHUNK_BYTES, ChunkDigests, Day, Digest, Document, IssuerName, MaterialId, MediaType, Relation,
    TypeCode, ValidUntil, VersionId,
};

/// Description of one version; immutable. Canonical form: RFC 8785 JSON.
///
/// `material` is drawn at random once per material: so versions of two materials never share an id,
/// and the id tells nothing about a subject or content that could be guessed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this form; 1.
    pub schema_version: u32,
    /// The material that this is a version of.
    pub material: MaterialId,
    /// The material's type.
    pub material_type: TypeCode,
    /// SHA-256 of the content.
    pub content: Digest,
    /// Size of the content in bytes.
    pub size_bytes: u64,
    /// Media type of the content.
    pub media_type: MediaType,
    /// Size of every chunk but the last, in bytes.
    pub chunk_bytes: u64,
    /// SHA-256 over the concatenated chunk digests.
    pub chunk_root: Digest,
    /// Day of issue.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub issued: Option<Day>,
    /// Last day of validity, where the document says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub valid_until: Option<ValidUntil>,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub issuer: Option<IssuerName>,
    /// How it stands to other versions.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub relations: Vec<Relation>,
}

// === impl Manifest ===

impl Manifest {
    /// The form that this program writes.
    pub const SCHEMA_VERSION: u32 = 1;
    /// [`CHUNK_BYTES`] as it stands in manifests.
    pub const CHUNK_BYTES: u64 = CHUNK_BYTES as u64;

    /// Describes a document as a version of `material`.
    pub fn new(
        material: MaterialId,
        material_type: &TypeCode,
        document: &Document,
        chunks: &ChunkDigests,
    ) -> Self {
        Self {
            schema_version: Self::SCHEMA_VERSION,
            material,
            material_type: material_type.clone(),
            content: document.digest,
            size_bytes: document.size_bytes,
            media_type: document.media_type.clone(),
            chunk_bytes: Self::CHUNK_BYTES,
            chunk_root: chunks.root(),
            issued: document.issued,
            valid_until: document.valid_until,
            issuer: document.issuer.clone(),
            relations: document.relations.clone(),
        }
    }

    /// Returns the canonical bytes.
    pub fn canonical(&self) -> Vec<u8> {
        serde_json_canonicalizer::to_vec(self).expect("a manifest has only strings and integers")
    }

    /// Returns the id of the version that this describes.
    pub fn id(&self) -> VersionId {
        VersionId::from_digest(Digest::of(&self.canonical()))
    }
}
