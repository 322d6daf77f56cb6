//! What an answer says of a version.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::{
    Cache, Circumstances, Contribution, DeptId, Document, Judgement, Known, MaterialType,
    PastVersion, RelationKind, Revoked, Status, Supply, TypeCode, ValidityKind, Version, VersionId,
    VersionName, judge, resolve::Held,
};

/// What the bus knows of one version of one material.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaterialInfo {
    /// The version's name; `None` where nobody fetched it from its holder yet.
    pub version: Option<VersionName>,
    /// Type of the material.
    pub material_type: TypeCode,
    /// Department that keeps the bytes.
    pub holder: DeptId,
    /// Number, size, digest, media type, days, issuer.
    pub document: Document,
    /// Whether it is the current version.
    pub current: bool,
    /// When the holder last confirmed this.
    pub confirmed_at: Timestamp,
    /// How long ago that was.
    pub age: Duration,
    /// Whether that is longer than its type allows, and it is told only because its holder does not
    /// answer.
    pub stale: bool,
    /// Where the bytes came from; `None` where none were asked for.
    pub cache: Option<Cache>,
    /// How it stands, as its issuer last said.
    pub status: Status,
    /// Whether it is good now, and its last day.
    pub judgement: Judgement,
    /// That it was revoked on the bus.
    pub revoked: Option<Revoked>,
    /// That it is a contribution, as far as it is not current.
    pub contribution: Option<Contribution>,
    /// How it stood on the day that was asked for.
    pub then: Option<Then>,
    /// Mark of the catalogue that it was judged by, as records have it.
    pub catalog: Arc<str>,
}

/// How a version stood at the end of a day, as the bus knew it then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Then {
    /// How its issuer had said that it stands.
    pub status: Status,
    /// Whether it was good, and its last day.
    pub judgement: Judgement,
}

// === impl MaterialInfo ===

impl MaterialInfo {
    /// Describes a registered version at the moment `now`.
    pub(crate) fn of_version(version: &Version, under: &Circumstances<'_>, now: Timestamp) -> Self {
        let manifest = &version.manifest;
        Self {
            version: Some(version.name()),
            material_type: manifest.material_type.clone(),
            holder: version.holder.clone(),
            document: version.document(),
            current: version.current,
            confirmed_at: version.confirmed_at,
            age: age(version.confirmed_at, now),
            stale: false,
            cache: None,
            status: version.status,
            judgement: judge(&version.known(under.kind), under),
            revoked: version.revoked,
            contribution: None,
            then: None,
            catalog: Arc::clone(&under.catalog),
        }
    }

    /// Says that it was found as the current one: then its holder's word may be too old.
    #[must_use]
    pub(crate) fn found_current(self, material_type: &MaterialType) -> Self {
        let aged = material_type.reliance() <= self.age;
        Self { stale: aged && material_type.supply == Supply::OriginHeld, ..self }
    }

    /// Describes what a department said that it holds.
    pub(crate) fn of_held(
        held: &Held,
        material_type: &MaterialType,
        under: &Circumstances<'_>,
        now: Timestamp,
    ) -> Self {
        let revoked = held.revoked.as_ref().and_then(|version| version.revoked);
        let known = Known {
            issued: held.document.issued,
            valid_until: held.document.valid_until,
            status: held.status,
            told_at: held.told_at,
            revoked: revoked.is_some(),
            current: true,
            names: Vec::new(),
        };
        Self {
            version: None,
            material_type: material_type.code.clone(),
            holder: held.holder.clone(),
            document: held.document.clone(),
            current: true,
            confirmed_at: held.told_at,
            age: age(held.told_at, now),
            stale: false,
            cache: None,
            status: held.status,
            judgement: judge(&known, under),
            revoked,
            contribution: None,
            then: None,
            catalog: Arc::clone(&under.catalog),
        }
    }
}

// === impl Version ===

impl Version {
    /// Returns what is judged of it.
    pub fn known(&self, kind: &ValidityKind) -> Known {
        Known {
            issued: self.manifest.issued,
            valid_until: self.manifest.valid_until,
            status: self.status,
            told_at: self.confirmed_at,
            revoked: self.revoked.is_some(),
            current: self.current,
            names: self.named(kind),
        }
    }

    /// Returns the versions that it names of the type that it is bound to.
    fn named(&self, kind: &ValidityKind) -> Vec<VersionId> {
        let ValidityKind::VersionBound { to: Some(to) } = kind else { return Vec::new() };
        let relations = self.manifest.relations.iter();
        relations
            .filter(|named| named.kind != RelationKind::Replaces)
            .filter(|named| named.version.material_type == *to)
            .map(|named| named.version.id)
            .collect()
    }
}

// === impl PastVersion ===

impl PastVersion {
    /// Describes the version as it is now, and says how it stood then.
    pub(crate) fn info(
        &self,
        under: &Circumstances<'_>,
        then: &Circumstances<'_>,
        now: Timestamp,
    ) -> MaterialInfo {
        let Self { version, status, revoked } = self;
        let known = Known {
            status: *status,
            revoked: revoked.is_some(),
            current: true,
            ..version.known(then.kind)
        };
        let judged = Then { status: *status, judgement: judge(&known, then) };
        MaterialInfo { then: Some(judged), ..MaterialInfo::of_version(version, under, now) }
    }
}

/// Returns how long ago `then` was; zero if it lies ahead of a clock that was set back.
pub(crate) fn age(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or(Duration::ZERO)
}
