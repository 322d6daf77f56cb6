//! Sample documents: one of each type, the same every time.

mod pdf;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use oncebus_gateway::{Catalog, MaterialType};

/// Scheme of the subject that every sample is about.
pub(crate) const SCHEME: &str = "project";
/// A project code as the national platform numbers them; the district code is Jining's.
pub(crate) const PROJECT: &str = "2501-370800-04-01-000016";
/// The citizen whom the samples of types are about that are only verified: nobody's id, but well formed.
pub(crate) const CITIZEN: (&str, &str) = ("citizen", "370800199001011237");
/// Day of issue of every sample.
pub(crate) const ISSUED: &str = "2025-03-18";

const PDF: &str = "application/pdf";
const JSON: &str = "application/json";
const KIB: usize = 1024;
/// Sizes of scanned documents, in turn.
const SIZES: [usize; 6] = [24 * KIB, 96 * KIB, 40 * KIB, 160 * KIB, 64 * KIB, 256 * KIB];
/// Size of the one large document: streams show with it.
const LARGE: usize = 2_000_000;

/// Size of a document that replaces another.
const REVISED: usize = 1_500_000;

/// A document of one type about the sample project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// The issuer's number on it.
    pub(crate) number: String,
    /// One that the type accepts.
    pub(crate) media_type: String,
    /// The authority that issued it.
    pub(crate) issuer: String,
    /// The document.
    pub(crate) content: Vec<u8>,
}

// === impl Sample ===

impl Sample {
    /// Makes the document of the type at `place` in the catalogue.
    pub(crate) fn of(catalog: &Catalog, place: usize, row: &MaterialType) -> Self {
        let number = Self::number_of(row);
        let accepted =
            |wanted: &str| row.media_types.iter().any(|listed| listed.as_str() == wanted);
        let (media_type, content) = if accepted(PDF) {
            (PDF.to_owned(), pdf::document(row, &number, size(catalog, place, row)))
        } else if accepted(JSON) {
            (JSON.to_owned(), record(row, &number))
        } else {
            // No program of ours writes such a format: the bus carries any bytes.
            let first = row.media_types.first().map(ToString::to_string).unwrap_or_default();
            (first, noise(&number, size(catalog, place, row)))
        };
        Self { number, media_type, issuer: row.source_department.clone(), content }
    }

    /// Makes the record of a citizen, of a type that is only verified.
    pub(crate) fn of_citizen(row: &MaterialType) -> Self {
        let (number, (_, id_number)) = (Self::number_of(row), CITIZEN);
        let record = json!({
            "id_number": id_number,
            "issuer": row.source_department,
            "name": "张伟",
            "number": number,
            "sample": true,
            "status": "01",
        });
        Self {
            number,
            media_type: JSON.to_owned(),
            issuer: row.source_department.clone(),
            content: record.to_string().into_bytes(),
        }
    }

    /// Makes the document that replaces the type's first one: long enough to be cut in the middle.
    pub(crate) fn revised(row: &MaterialType) -> Self {
        let number = Self::number_of(row);
        let media_type = row.media_types.first().map(ToString::to_string).unwrap_or_default();
        let content = match media_type.as_str() {
            PDF => pdf::document(row, &number, REVISED),
            _ => noise(&number, REVISED),
        };
        Self { number, media_type, issuer: row.source_department.clone(), content }
    }

    /// Returns the number on the document of a type.
    pub(crate) fn number_of(row: &MaterialType) -> String {
        format!("{}-2025-0001", row.alias)
    }

    /// Returns the SHA-256 of the document.
    pub(crate) fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.content).into()
    }
}

/// Large is the first of the types that may be largest, such as drawings.
fn size(catalog: &Catalog, place: usize, row: &MaterialType) -> usize {
    let most = catalog.types().iter().map(|row| row.max_size_bytes).max();
    let large = catalog.types().iter().position(|row| Some(row.max_size_bytes) == most);
    let wanted = if large == Some(place) { LARGE } else { SIZES[place % SIZES.len()] };
    wanted.min(usize::try_from(row.max_size_bytes).unwrap_or(usize::MAX))
}

/// A structured record; RFC 8785 for these texts: sorted keys, no blanks.
fn record(row: &MaterialType, number: &str) -> Vec<u8> {
    let record = json!({
        "issued": ISSUED,
        "issuer": row.source_department,
        "name": row.name_zh,
        "number": number,
        "project": PROJECT,
        "sample": true,
        "status": "01",
    });
    record.to_string().into_bytes()
}

/// Returns `size` bytes that look random and are the same for the same `seed`.
fn noise(seed: &str, size: usize) -> Vec<u8> {
    let seed = Sha256::new_with_prefix(seed);
    let mut bytes = Vec::with_capacity(size + 32);
    let mut counter = 0_u64;
    while bytes.len() < size {
        bytes.extend_from_slice(&seed.clone().chain_update(counter.to_be_bytes()).finalize());
        counter += 1;
    }
    bytes.truncate(size);
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::dev::shipped_catalog;

    fn samples() -> Vec<Sample> {
        let catalog = Catalog::from_sources(&shipped_catalog()).unwrap();
        let rows = catalog.types().iter().enumerate();
        rows.map(|(place, row)| Sample::of(&catalog, place, row)).collect()
    }

    #[test]
    fn samples_are_the_same_every_time_and_all_different() {
        let samples = samples();

        assert_eq!(samples, self::samples());
        let digests: HashSet<_> = samples.iter().map(Sample::digest).collect();
        assert_eq!(digests.len(), samples.len());
    }

    #[test]
    fn scanned_samples_have_20_kb_to_2_mb() {
        let scanned: Vec<_> = samples().into_iter().filter(|s| s.media_type == PDF).collect();

        assert!(scanned.iter().all(|s| (20_000..=2_000_000).contains(&s.content.len())));
        assert_eq!(scanned.iter().filter(|s| 1_000_000 < s.content.len()).count(), 1);
    }

    #[test]
    fn structured_samples_are_canonical_json() {
        let structured: Vec<_> = samples().into_iter().filter(|s| s.media_type == JSON).collect();

        assert!(!structured.is_empty());
        for sample in structured {
            let value: serde_json::Value = serde_json::from_slice(&sample.content).unwrap();
            let keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
            assert!(keys.is_sorted(), "{keys:?}");
            assert_eq!(value.to_string().as_bytes(), sample.content);
        }
    }
}
