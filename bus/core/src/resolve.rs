//! Finds what is held of one type about one subject: remembered, registered, or asked of the holder.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    Bus, Circumstances, Day, DeptId, Document, ExchangeError, HolderError, Holding, MaterialInfo,
    MaterialKey, MaterialType, Number, Status, Subject, Supply, Version, VersionId,
    cache::{Generation, Pointer, Topic},
    exchange::Exchange,
    info::age,
    joint::{Entered, Joint},
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
    pub document: Document,
    /// How it says that the document stands.
    pub status: Status,
    /// When it said so.
    pub told_at: Timestamp,
    /// Whether the subject has this one document of the type only. Then the registry's word for it
    /// may be relied on for the type's pointer age; else the holder is asked each time, so that a
    /// call without a number never misses that there are several.
    pub only_one: bool,
    /// A revoked version of the material that has the same content.
    pub revoked: Option<Arc<Version>>,
}

/// Rough size of what is found, in bytes; the digests of chunks come on top.
const ENTRY_BYTES: usize = 512;
/// Most bytes of one answer in memory: its flight's window, a part that waits, one that is sent, and
/// the connection's buffer.
const BYTES_ON_THE_WAY: u64 = 3 * 1024 * 1024;

/// What a call wants to know.
pub(crate) struct Ask<'a> {
    pub(crate) material_type: &'a MaterialType,
    pub(crate) topic: &'a Topic,
    pub(crate) number: Option<&'a Number>,
    pub(crate) deadline: Instant,
}

/// What a look brought.
#[derive(Clone, Debug)]
pub(crate) struct Looked {
    found: Vec<Found>,
    /// Index of the Intent under which the holder was asked, where it was.
    intent: Option<u64>,
}

/// The looks under way. Who comes after a change never shares what was seen before it.
pub(crate) type Lookups = Joint<(Topic, Generation), Result<Looked, HolderError>>;

// === impl Found ===

impl Found {
    pub(crate) fn info(
        &self,
        material_type: &MaterialType,
        under: &Circumstances<'_>,
        now: Timestamp,
    ) -> MaterialInfo {
        match self {
            Self::Registered(version) => {
                MaterialInfo::of_version(version, under, now).found_current(material_type)
            }
            Self::Held(held) => MaterialInfo::of_held(held, material_type, under, now),
        }
    }

    /// Returns how many bytes of it are in memory at once, at most, while it is sent.
    pub(crate) fn bytes_in_memory(&self, material_type: &MaterialType) -> u64 {
        match self {
            Self::Held(held) if material_type.personal => held.document.size_bytes,
            Self::Held(held) => held.document.size_bytes.min(BYTES_ON_THE_WAY),
            Self::Registered(version) => version.manifest.size_bytes.min(BYTES_ON_THE_WAY),
        }
    }

    /// Returns its version, where it is one, and its day of issue.
    pub(crate) fn bound(&self) -> (Option<VersionId>, Option<Day>) {
        match self {
            Self::Registered(version) => (Some(version.id), version.manifest.issued),
            Self::Held(held) => (None, held.document.issued),
        }
    }

    fn registered_as(&self, document: &Document) -> Option<&Arc<Version>> {
        match self {
            Self::Registered(version) if version.document() == *document => Some(version),
            _ => None,
        }
    }

    /// Rough size in memory, in bytes.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Registered(version) => ENTRY_BYTES + version.chunks.len() * 32,
            Self::Held(_) => ENTRY_BYTES,
        }
    }

    /// Returns the issuer's number.
    pub(crate) fn number(&self) -> &Number {
        match self {
            Self::Registered(version) => &version.number,
            Self::Held(held) => &held.document.number,
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
        // What is current is known by its age.
        if !self.journal.clock().is_sound() {
            return Err(ExchangeError::ClockBehind);
        }
        let (code, subject) = (material_type.code.clone(), subject.clone());
        let topic = Topic { material_type: code, subject };
        let ask = Ask { material_type, topic: &topic, number, deadline };
        let mut found = match self.known(&ask) {
            Some(found) => found,
            None if material_type.supply == Supply::Uploaded => self.registered(&ask).await?,
            None => self.discover(exchange, &ask).await?,
        };
        found.retain(|found| number.is_none_or(|number| number == found.number()));
        Ok(found)
    }

    /// Returns what is remembered, if that is young enough and answers the call.
    pub(crate) fn known(&self, ask: &Ask<'_>) -> Option<Vec<Found>> {
        let (now, max_age) = (self.clock.now(), ask.material_type.reliance());
        let pointer = self.caches.pointers.fresh(ask.topic, now, max_age)?;
        answers(&pointer.found, ask.number).then(|| pointer.found.clone())
    }

    /// Reads the registry, whose word on uploads is final.
    async fn registered(&self, ask: &Ask<'_>) -> Result<Vec<Found>, ExchangeError> {
        let generation = self.caches.generation(ask.topic);
        let found = self.current(ask.topic).await?;
        Ok(self.remember(ask.topic, found, self.clock.now(), generation))
    }

    /// Finds what its department holds: once for all who want to know at the same time, but for
    /// personal types, where each caller asks for itself.
    pub(crate) async fn discover(
        &self,
        exchange: &mut Exchange,
        ask: &Ask<'_>,
    ) -> Result<Vec<Found>, ExchangeError> {
        if exchange.personal() {
            return Ok(self.look(exchange, ask).await?.found);
        }
        let late =
            || HolderError::Deadline { holder: self.source(ask.material_type, &ask.topic.subject) };
        let key = (ask.topic.clone(), self.caches.generation(ask.topic));
        match self.lookups.enter(&key, ask.deadline).await.ok_or_else(late)? {
            Entered::Joined(shared, _) => {
                let looked = shared?;
                if looked.intent.is_none() && !answers(&looked.found, ask.number) {
                    return Ok(self.look(exchange, ask).await?.found);
                }
                looked.intent.into_iter().for_each(|intent| exchange.share(intent));
                Ok(looked.found)
            }
            Entered::Lead(lead) => {
                // Another call may have ended its look since this one began its own.
                if let Some(found) = self.known(ask) {
                    return Ok(found);
                }
                let looked = self.look(exchange, ask).await;
                lead.share_result(&looked, ask.deadline);
                Ok(looked?.found)
            }
        }
    }

    /// Looks into the registry, and asks the holder where the registry's word does not do.
    async fn look(&self, exchange: &mut Exchange, ask: &Ask<'_>) -> Result<Looked, ExchangeError> {
        let Ask { material_type, topic, number, deadline } = *ask;
        let generation = self.caches.generation(topic);
        let current = self.current(topic).await?;
        if let Some(known_at) = self.confirmed_lately(&current, material_type.reliance())
            && answers(&current, number)
        {
            let found = self.remember(topic, current, known_at, generation);
            return Ok(Looked { found, intent: None });
        }
        match self.look_up(exchange, material_type, topic, deadline).await {
            Ok(told) => {
                let (now, intent) = (self.clock.now(), Some(told.intent));
                let found = self.match_up(topic, told, &current, now).await?;
                Ok(Looked { found: self.remember(topic, found, now, generation), intent })
            }
            Err(ExchangeError::Holder(error)) if error.is_away() => {
                match self.stale(material_type, &current) {
                    Some(found) => Ok(Looked { found, intent: None }),
                    None => Err(error.into()),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn current(&self, topic: &Topic) -> Result<Vec<Found>, ExchangeError> {
        let current = self.registry.current(&topic.material_type, &topic.subject, None).await?;
        Ok(current.into_iter().map(|version| Found::Registered(Arc::new(version))).collect())
    }

    pub(crate) fn remember(
        &self,
        topic: &Topic,
        found: Vec<Found>,
        known_at: Timestamp,
        generation: Generation,
    ) -> Vec<Found> {
        let pointer = Pointer { found: found.clone(), known_at, generation };
        self.caches.pointers.remember(topic.clone(), pointer);
        found
    }

    /// Returns when the holder confirmed the one version that there is, if that is younger than
    /// `max_age`.
    pub(crate) fn confirmed_lately(
        &self,
        current: &[Found],
        max_age: Duration,
    ) -> Option<Timestamp> {
        let [Found::Registered(only)] = current else { return None };
        (age(only.confirmed_at, self.clock.now()) < max_age).then_some(only.confirmed_at)
    }

    /// Returns what was known before its holder stopped answering, where the type allows that.
    fn stale(&self, material_type: &MaterialType, current: &[Found]) -> Option<Vec<Found>> {
        let max_age = material_type.reliance() + self.limits.cache.stale_if_error;
        let known = self.confirmed_lately(current, max_age).is_some();
        (known && material_type.may_be_stale).then(|| current.to_vec())
    }

    /// Pairs what the holder has now with the versions that are registered, confirms those, and notes
    /// how they stand.
    async fn match_up(
        &self,
        topic: &Topic,
        told: Told,
        current: &[Found],
        now: Timestamp,
    ) -> Result<Vec<Found>, ExchangeError> {
        let Told { holder, holdings, .. } = told;
        let only_one = holdings.len() == 1;
        let mut found = Vec::with_capacity(holdings.len());
        for Holding { document, status } in holdings {
            match current.iter().find_map(|found| found.registered_as(&document)) {
                Some(version) => {
                    self.note(version, status, now, only_one.then_some(now)).await?;
                    let version = Version { confirmed_at: now, status, ..Version::clone(version) };
                    found.push(Found::Registered(Arc::new(version)));
                }
                None => {
                    let revoked = self.revoked_as(topic, &document).await?;
                    let (holder, told_at) = (holder.clone(), now);
                    let held = Held { holder, document, status, told_at, only_one, revoked };
                    found.push(Found::Held(Arc::new(held)));
                }
            }
        }
        found.sort_by(|a, b| a.number().cmp(b.number()));
        Ok(found)
    }

    /// Notes what the holder said of a version; it may be relied on from `confirmed` on.
    async fn note(
        &self,
        version: &Version,
        status: Status,
        now: Timestamp,
        confirmed: Option<Timestamp>,
    ) -> Result<(), ExchangeError> {
        let changed = version.status != status;
        match confirmed {
            Some(at) => {
                self.registry.confirm(&version.id, at, status).await?;
                self.caches.named.forget(&version.id);
            }
            None if changed => self.registry.note_status(&version.id, now, status).await?,
            None => {}
        }
        if changed {
            self.caches.moved(&version.topic());
        }
        Ok(())
    }

    /// Returns a revoked version with the content of a document that is not registered.
    async fn revoked_as(
        &self,
        topic: &Topic,
        document: &Document,
    ) -> Result<Option<Arc<Version>>, ExchangeError> {
        let Topic { material_type, subject } = topic.clone();
        let key = MaterialKey { material_type, subject, number: document.number.clone() };
        Ok(self.registry.revoked_content(&key, &document.digest).await?.map(Arc::new))
    }
}

/// Tells whether what is known answers the call: a number that it lacks may be a new one.
fn answers(known: &[Found], number: Option<&Number>) -> bool {
    let named = |number: &Number| known.iter().any(|found| found.number() == number);
    known.is_empty() || number.is_none_or(named)
}
