//! How one version stands to another.

use std::{collections::HashSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{FieldError, VersionName};

/// How a version stands to another one; part of its manifest.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relation {
    /// In what way.
    pub kind: RelationKind,
    /// The other version.
    pub version: VersionName,
}

/// In what way a version stands to another one; a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// It takes the other's place in law.
    Replaces,
    /// It is a part of the other.
    AnnexOf,
    /// It says the same in another language.
    TranslationOf,
    /// It shows the other as it was at one moment.
    SnapshotOf,
}

// === impl Relation ===

impl Relation {
    /// Most relations of one version.
    pub const MOST: usize = 16;

    /// Checks the relations of one version.
    ///
    /// # Errors
    ///
    /// Names `relations`: too many, or one twice.
    pub fn checked(relations: Vec<Self>) -> Result<Vec<Self>, FieldError> {
        if relations.len() > Self::MOST {
            let fault = format!("has {}", relations.len());
            return Err(FieldError::new(
                "relations",
                fault,
                format!("give at most {}", Self::MOST),
            ));
        }
        let distinct: HashSet<_> = relations.iter().collect();
        if distinct.len() < relations.len() {
            return Err(FieldError::new("relations", "has one twice", "give each once"));
        }
        Ok(relations)
    }
}

// === impl RelationKind ===

impl RelationKind {
    /// Returns the word, as manifests and answers say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Replaces => "replaces",
            Self::AnnexOf => "annex_of",
            Self::TranslationOf => "translation_of",
            Self::SnapshotOf => "snapshot_of",
        }
    }
}

impl FromStr for RelationKind {
    type Err = FieldError;

    fn from_str(word: &str) -> Result<Self, FieldError> {
        match word {
            "replaces" => Ok(Self::Replaces),
            "annex_of" => Ok(Self::AnnexOf),
            "translation_of" => Ok(Self::TranslationOf),
            "snapshot_of" => Ok(Self::SnapshotOf),
            _ => {
                let cure = "give replaces, annex_of, translation_of or snapshot_of";
                Err(FieldError::new("relations.kind", "is missing or unknown", cure))
            }
        }
    }
}

impl fmt::Display for RelationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChunkDigests, Digest, Document, Manifest, MaterialId};

    fn relation(kind: RelationKind) -> Relation {
        let version = format!("materialTypes/contract/versions/{}", "7".repeat(64));
        Relation { kind, version: version.parse().unwrap() }
    }

    fn manifest(relations: Vec<Relation>) -> Manifest {
        let document = Document {
            number: "N-1".parse().unwrap(),
            size_bytes: 7,
            digest: Digest::of(b"content"),
            media_type: "application/pdf".parse().unwrap(),
            issuer: None,
            issued: None,
            valid_until: None,
            relations,
        };
        let material = MaterialId(uuid::Uuid::from_bytes([1; 16]));
        let chunks = ChunkDigests::of(b"content");
        Manifest::new(material, &"contract".parse().unwrap(), &document, &chunks)
    }

    #[test]
    fn a_manifest_without_relations_is_what_it_was_before_there_were_any() {
        let old = r#"{"chunk_bytes":262144,"chunk_root":"#;

        let bytes = String::from_utf8(manifest(Vec::new()).canonical()).unwrap();

        assert!(bytes.starts_with(old) && !bytes.contains("relations"), "{bytes}");
    }

    #[test]
    fn relations_are_part_of_the_version() {
        let related = manifest(vec![relation(RelationKind::AnnexOf)]);

        let read: Manifest = serde_json::from_slice(&related.canonical()).unwrap();

        assert_eq!(read, related);
        assert_ne!(related.id(), manifest(Vec::new()).id());
        assert_ne!(related.id(), manifest(vec![relation(RelationKind::Replaces)]).id());
    }

    #[test]
    fn too_many_relations_and_one_twice_are_refused() {
        let many: Vec<_> = (0..17)
            .map(|at| {
                let version = format!("materialTypes/contract/versions/{at:064}");
                Relation { kind: RelationKind::AnnexOf, version: version.parse().unwrap() }
            })
            .collect();

        assert!(Relation::checked(many[..16].to_vec()).is_ok());
        assert_eq!(Relation::checked(many).unwrap_err().field, "relations");
        let twice = vec![relation(RelationKind::AnnexOf); 2];
        assert_eq!(Relation::checked(twice).unwrap_err().field, "relations");
    }
}
