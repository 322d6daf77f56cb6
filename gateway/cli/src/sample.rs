//! Sample documents of the sample case, the same every time.

mod party;
mod pdf;
mod record;

use sha2::{Digest as _, Sha256};

use oncebus_gateway::{Catalog, MaterialType, Supply, ValidityKind};

use self::party::DEVELOPER;
pub(crate) use self::party::{PARTIES, SampleParty};

/// Scheme of the project that most samples are about.
pub(crate) const SCHEME: &str = "project";
/// A project code as the national platform numbers them; the district code is Jining's.
pub(crate) const PROJECT: &str = "2501-370800-04-01-000016";
/// Day of issue of every document that is uploaded.
pub(crate) const ISSUED: &str = "2025-03-18";
/// Last day of a document that must name one.
const VALID_UNTIL: &str = "2039-12-30";

const PDF: &str = "application/pdf";
const JSON: &str = "application/json";
const KIB: usize = 1024;
/// Sizes of scanned documents, in turn.
const SIZES: [usize; 6] = [24 * KIB, 96 * KIB, 40 * KIB, 160 * KIB, 64 * KIB, 256 * KIB];
/// Size of the one large document: streams show with it.
const LARGE: usize = 2_000_000;

/// Size of a document that replaces another.
const REVISED: usize = 1_500_000;

/// A document of one type about the sample project or one of its parties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Whom or what it is about: scheme and value.
    pub(crate) subject: (&'static str, &'static str),
    /// The issuer's number on it.
    pub(crate) number: String,
    /// One that the type accepts.
    pub(crate) media_type: String,
    /// The authority that issued it.
    pub(crate) issuer: String,
    /// Its last day, where it must name one.
    pub(crate) valid_until: Option<&'static str>,
    /// The document.
    pub(crate) content: Vec<u8>,
}

// === impl Sample ===

impl Sample {
    /// Makes the document of the type at `place` in the catalogue, about the project.
    pub(crate) fn of(catalog: &Catalog, place: usize, row: &MaterialType) -> Self {
        let number = Self::number_of(row);
        let (media_type, content) = if row.supply != Supply::Uploaded && accepts(row, JSON) {
            (JSON.to_owned(), record::of(row, None))
        } else if accepts(row, PDF) {
            (PDF.to_owned(), pdf::document(row, &number, size(catalog, place, row)))
        } else {
            // No program of ours writes such a format: the bus carries any bytes.
            let first = row.media_types.first().map(ToString::to_string).unwrap_or_default();
            (first, noise(&number, size(catalog, place, row)))
        };
        Self { media_type, content, ..Self::without_content(row, number) }
    }

    /// Makes the documents of the type at `place` about the parties that it can be about, none if it is
    /// about projects.
    pub(crate) fn of_parties(catalog: &Catalog, place: usize, row: &MaterialType) -> Vec<Self> {
        let parties = PARTIES.iter().filter(|party| party.scheme == row.subject.as_str());
        let numbered = parties.enumerate();
        let about = |(at, party): (usize, &SampleParty)| {
            let number = format!("{}-2025-{:04}", row.alias, at + 2);
            let whole = Self::of(catalog, place, row);
            let content = match whole.media_type.as_str() {
                JSON => record::of(row, Some(party)),
                PDF => pdf::document(row, &number, size(catalog, place, row)),
                _ => noise(&number, size(catalog, place, row)),
            };
            Self { subject: (party.scheme, party.value), number, content, ..whole }
        };
        numbered.map(about).collect()
    }

    /// Makes the document that replaces the type's first one: long enough to be cut in the middle.
    pub(crate) fn revised(row: &MaterialType) -> Self {
        let number = Self::number_of(row);
        let media_type = row.media_types.first().map(ToString::to_string).unwrap_or_default();
        let content = match media_type.as_str() {
            PDF => pdf::document(row, &number, REVISED),
            _ => noise(&number, REVISED),
        };
        Self { media_type, content, ..Self::without_content(row, number) }
    }

    fn without_content(row: &MaterialType, number: String) -> Self {
        let names_an_end =
            matches!(row.validity, ValidityKind::FixedUntil { .. } | ValidityKind::TermOfContract);
        Self {
            subject: Self::subject_of(row),
            number,
            media_type: String::new(),
            issuer: row.issuer.clone(),
            valid_until: names_an_end.then_some(VALID_UNTIL),
            content: Vec::new(),
        }
    }

    /// Returns whom or what the first document of a type is about: the project, but for what is brought
    /// for the developer.
    pub(crate) fn subject_of(row: &MaterialType) -> (&'static str, &'static str) {
        let developers = row.supply == Supply::Uploaded && row.subject.as_str() == DEVELOPER.scheme;
        if developers { (DEVELOPER.scheme, DEVELOPER.value) } else { (SCHEME, PROJECT) }
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

fn accepts(row: &MaterialType, wanted: &str) -> bool {
    row.media_types.iter().any(|listed| listed.as_str() == wanted)
}

/// Large is the first of the types that may be largest, such as drawings.
fn size(catalog: &Catalog, place: usize, row: &MaterialType) -> usize {
    let most = catalog.types().iter().map(|row| row.max_size_bytes).max();
    let large = catalog.types().iter().position(|row| Some(row.max_size_bytes) == most);
    let wanted = if large == Some(place) { LARGE } else { SIZES[place % SIZES.len()] };
    wanted.min(usize::try_from(row.max_size_bytes).unwrap_or(usize::MAX))
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
