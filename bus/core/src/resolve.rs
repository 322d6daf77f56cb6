//! Finds what is held of one type about one subject: remembered, registered, or asked of the holder.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    Bus, DeptId, ExchangeError, Holding, MaterialInfo, MaterialType, Number, Subject, Supply,
    Version,
    cache::{Generation, Pointer, Topic},
    exchange::Exchange,
    info::age,
    lookup::Told,
};

/// What is held.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// A version that the registry has.
    Registered(Arc<Version>),
    /// A document that the holder has and nobody fetched yet.
    Held(Arc<Held>),
}

/// A document that its holder told of, and that is no version yet.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// The department.
    pub holder: DeptId,
    /// What it says of the document.
    pub holding: Holding,
    /// Whether the subject has this one document of the type only. Then the registry's word for it
    /// may be relied on for the type's pointer age; else the holder is asked each time, so that a
    /// call without a number never misses that there are several.
    pub only_one: bool,
}

/// Most bytes of one answer in memory: its flight's window, a part that waits, one that is sent, and
/// the connection's buffer.
const BYTES_ON_THE_WAY: u64 = 3 * 1024 * 1024;

// === impl Found ===

impl Found {
    pub(crate) fn info(&self, material_type: &MaterialType, now: Timestamp) -> MaterialInfo {
        match self {
            Self::Registered(version) => MaterialInfo::of_current(version, material_type, now),
            Self::Held(held) => {
                let (holding, holder) = (held.holding.clone(), held.holder.clone());
                MaterialInfo::of_holding(holding, material_type.code.clone(), holder, now)
            }
        }
    }

    /// Returns how many bytes of it are in memory at once, at most, while it is sent.
    pub(crate) fn bytes_in_memory(&self, material_type: &MaterialType) -> u64 {
        match self {
            Self::Held(held) if material_type.personal => held.holding.size_bytes,
            Self::Held(held) => held.holding.size_bytes.min(BYTES_ON_THE_WAY),
            Self::Registered(version) => version.manifest.size_bytes.min(BYTES_ON_THE_WAY),
        }
    }

    fn number(&self) -> &Number {
        match self {
            Self::Registered(version) => &version.number,
            Self::Held(held) => &held.holding.number,
        }
    }
}

impl Bus {
    /// Returns the one document that the call means.
    pub(crate) async fn resolve_one(
        &self,
        exchange: &mut Exchange,
        material_type: &MaterialType,
        subject: &Subject,
        number: Option<&Number>,
        deadline: Instant,
    ) -> Result<Found, ExchangeError> {
        let mut found = self.resolve(exchange, material_type, subject, number, deadline).await?;
        match (found.pop(), found.len()) {
            (None, _) => Err(ExchangeError::MaterialNotFound),
            (Some(one), 0) => Ok(one),
            (Some(_), others) => Err(ExchangeError::MaterialAmbiguous { count: others + 1 }),
        }
    }

    /// Returns all that is held of the type about the subject, by number.
    pub(crate) async fn resolve(
        &self,
        exchange: &mut Exchange,
        material_type: &MaterialType,
        subject: &Subject,
        number: Option<&Number>,
        deadline: Instant,
    ) -> Result<Vec<Found>, ExchangeError> {
        if material_type.supply == Supply::VerifyOnly {
            return Err(ExchangeError::VerifyOnly { material_type: material_type.code.clone() });
        }
        let (code, subject) = (material_type.code.clone(), subject.clone());
        let topic = Topic { material_type: code, subject };
        let (now, max_age) = (self.clock.now(), material_type.pointer_age);
        let known = self.caches.pointers.fresh(&topic, now, max_age);
        let mut found = match known.filter(|known| answers(&known.versions, number)) {
            Some(pointer) => registered(&pointer.versions),
            None => self.look(exchange, material_type, &topic, number, deadline).await?,
        };
        found.retain(|found| number.is_none_or(|number| number == found.number()));
        Ok(found)
    }

    /// Looks into the registry, and asks the holder where the registry's word does not do.
    async fn look(
        &self,
        exchange: &mut Exchange,
        material_type: &MaterialType,
        topic: &Topic,
        number: Option<&Number>,
        deadline: Instant,
    ) -> Result<Vec<Found>, ExchangeError> {
        let generation = self.caches.generation(topic);
        let current = self.registry.current(&topic.material_type, &topic.subject, None).await?;
        let current: Vec<_> = current.into_iter().map(Arc::new).collect();
        let known_at = match material_type.supply {
            Supply::OriginHeld => self.confirmed_lately(&current, material_type.pointer_age),
            Supply::Uploaded | Supply::VerifyOnly => Some(self.clock.now()),
        };
        if let Some(known_at) = known_at
            && (material_type.supply == Supply::Uploaded || answers(&current, number))
        {
            let pointer = Pointer { versions: current.clone(), known_at, generation };
            self.caches.pointers.remember(topic.clone(), pointer);
            return Ok(registered(&current));
        }
        let ask = self.look_up(exchange, material_type, topic, deadline).await;
        match ask {
            Ok(holdings) => self.match_up(topic, generation, &holdings, &current).await,
            Err(ExchangeError::Holder(error)) => {
                self.stale(material_type, &current).ok_or(ExchangeError::Holder(error))
            }
            Err(error) => Err(error),
        }
    }

    /// Returns when the holder confirmed the one version that there is, if that is younger than
    /// `max_age`.
    fn confirmed_lately(
        &self,
        current: &[Arc<Version>],
        max_age: std::time::Duration,
    ) -> Option<Timestamp> {
        let [only] = current else { return None };
        (age(only.confirmed_at, self.clock.now()) < max_age).then_some(only.confirmed_at)
    }

    /// Returns what was known before its holder stopped answering, where the type allows that.
    fn stale(&self, material_type: &MaterialType, current: &[Arc<Version>]) -> Option<Vec<Found>> {
        let max_age = material_type.pointer_age + self.limits.cache.stale_if_error;
        let known = material_type.may_be_stale && self.confirmed_lately(current, max_age).is_some();
        known.then(|| registered(current))
    }

    /// Pairs what the holder has now with the versions that are registered, and confirms those.
    async fn match_up(
        &self,
        topic: &Topic,
        generation: Generation,
        told: &Told,
        current: &[Arc<Version>],
    ) -> Result<Vec<Found>, ExchangeError> {
        let Told { holder, holdings, .. } = told;
        let only_one = holdings.len() == 1;
        let now = self.clock.now();
        let mut found = Vec::new();
        let mut versions = Vec::new();
        for holding in &**holdings {
            match current.iter().find(|version| version.document() == *holding) {
                Some(version) => {
                    if only_one {
                        self.registry.confirm(&version.id, now).await?;
                    }
                    let version = Version { confirmed_at: now, ..Version::clone(version) };
                    versions.push(Arc::new(version));
                }
                None => {
                    let (holder, holding) = (holder.clone(), holding.clone());
                    found.push(Found::Held(Arc::new(Held { holder, holding, only_one })));
                }
            }
        }
        if found.is_empty() {
            let pointer = Pointer { versions: versions.clone(), known_at: now, generation };
            self.caches.pointers.remember(topic.clone(), pointer);
        }
        found.append(&mut registered(&versions));
        found.sort_by(|a, b| a.number().cmp(b.number()));
        Ok(found)
    }
}

/// Tells whether what is known answers the call: a number that it lacks may be a new one.
fn answers(known: &[Arc<Version>], number: Option<&Number>) -> bool {
    let named = |number: &Number| known.iter().any(|version| version.number == *number);
    known.is_empty() || number.is_none_or(named)
}

fn registered(versions: &[Arc<Version>]) -> Vec<Found> {
    versions.iter().map(|version| Found::Registered(Arc::clone(version))).collect()
}
