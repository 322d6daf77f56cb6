//! What an answer says of a version.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    Cache, Circumstances, Contribution, DeptId, Document, Judgement, Known, MaterialType, Revoked,
    Status, Supply, TypeCode, Version, VersionName, judge, resolve::Held,
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
            judgement: judge(&version.known(), under),
            revoked: version.revoked,
            contribution: None,
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
            names: None,
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
        }
    }
}

// === impl Version ===

impl Version {
    /// Returns what is judged of it.
    pub fn known(&self) -> Known {
        Known {
            issued: self.manifest.issued,
            valid_until: self.manifest.valid_until,
            status: self.status,
            told_at: self.confirmed_at,
            revoked: self.revoked.is_some(),
            current: self.current,
            names: None,
        }
    }
}

/// Returns how long ago `then` was; zero if it lies ahead of a clock that was set back.
pub(crate) fn age(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or(Duration::ZERO)
}
