//! Gathers under what a version is judged, and describes it.

use std::{sync::Arc, time::Duration};

use crate::{
    Bound, Bus, Circumstances, Day, ExchangeError, Facts, MaterialInfo, MaterialType, Subject,
    TypeCode, ValidityKind, Version, When, cache::Topic, resolve::Found,
};

impl Bus {
    /// Describes a registered version as it is judged now, without facts of a case.
    pub(crate) async fn describe(
        &self,
        version: &Version,
        material_type: &MaterialType,
    ) -> Result<MaterialInfo, ExchangeError> {
        let (now, facts) = (self.clock.now(), Facts::default());
        let when = When::Now(now);
        let under = self.circumstances(material_type, &version.subject, &facts, when).await?;
        let contribution = match version.current {
            true => None,
            false => self.registry.contribution(&version.id).await?,
        };
        Ok(MaterialInfo { contribution, ..MaterialInfo::of_version(version, &under, now) })
    }

    /// Gathers under what the versions of a type about a subject are judged.
    pub(crate) async fn circumstances<'a>(
        &self,
        material_type: &'a MaterialType,
        subject: &Subject,
        facts: &'a Facts,
        when: When,
    ) -> Result<Circumstances<'a>, ExchangeError> {
        let kind = &material_type.validity;
        let bound = match (kind, when) {
            (ValidityKind::VersionBound { to: Some(to) }, When::Now(_)) => {
                self.bound_now(to, subject).await?
            }
            (ValidityKind::VersionBound { to: Some(to) }, When::Then(day)) => {
                self.bound_then(to, subject, day).await?
            }
            _ => None,
        };
        let expiring_days = self.catalog().expiring_days();
        let catalog = Arc::clone(self.catalog().mark());
        Ok(Circumstances { kind, when, facts, expiring_days, bound, catalog })
    }

    /// Returns what is current of a type, as far as that is remembered or registered: nobody is asked.
    async fn bound_now(
        &self,
        to: &TypeCode,
        subject: &Subject,
    ) -> Result<Option<Bound>, ExchangeError> {
        let topic = Topic { material_type: to.clone(), subject: subject.clone() };
        let max_age = self.stored_type(to)?.reliance();
        if let Some(pointer) = self.caches.pointers.fresh(&topic, self.clock.now(), max_age) {
            return Ok(Bound::of(pointer.found.iter().map(Found::bound)));
        }
        let current = self.registry.current(to, subject, None).await?;
        Ok(Bound::of(current.iter().map(|v| (Some(v.id), v.manifest.issued))))
    }

    async fn bound_then(
        &self,
        to: &TypeCode,
        subject: &Subject,
        day: Day,
    ) -> Result<Option<Bound>, ExchangeError> {
        let past = self.registry.past(to, subject, day.end()).await?;
        Ok(Bound::of(past.iter().map(|then| (Some(then.version.id), then.version.manifest.issued))))
    }
}

// === impl MaterialType ===

impl MaterialType {
    /// Returns how long the holder's word may be relied on: never longer than a live status counts.
    pub fn reliance(&self) -> Duration {
        match self.validity {
            ValidityKind::LiveStatus { max_age } => self.pointer_age.min(max_age),
            _ => self.pointer_age,
        }
    }
}
