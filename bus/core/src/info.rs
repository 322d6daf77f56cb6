//! What an answer says of a version.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    Cache, DeptId, Document, MaterialType, Supply, TypeCode, Version, VersionName, resolve::Held,
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
}

// === impl MaterialInfo ===

impl MaterialInfo {
    /// Describes a registered version at the moment `now`.
    pub fn of_version(version: &Version, now: Timestamp) -> Self {
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
        }
    }

    /// Describes a version that was found as the current one: its holder's word may be too old.
    pub(crate) fn of_current(
        version: &Version,
        material_type: &MaterialType,
        now: Timestamp,
    ) -> Self {
        let info = Self::of_version(version, now);
        let aged = material_type.pointer_age <= info.age;
        Self { stale: aged && material_type.supply == Supply::OriginHeld, ..info }
    }

    /// Describes what a department said that it holds.
    pub(crate) fn of_held(held: &Held, material_type: TypeCode, now: Timestamp) -> Self {
        Self {
            version: None,
            material_type,
            holder: held.holder.clone(),
            document: held.document.clone(),
            current: true,
            confirmed_at: held.told_at,
            age: age(held.told_at, now),
            stale: false,
            cache: None,
        }
    }
}

/// Returns how long ago `then` was; zero if it lies ahead of a clock that was set back.
pub(crate) fn age(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or(Duration::ZERO)
}
