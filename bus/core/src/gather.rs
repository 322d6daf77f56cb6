//! Gathers what is held of many types about many subjects, all at the same time.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    Bus, Caller, DeptId, ExchangeError, MaterialType, Operation, Sharing, Subject, Supply,
    cache::Topic,
    exchange::Exchange,
    resolve::{Ask, Found},
};

/// A type and a subject to look for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) material_type: Arc<MaterialType>,
    pub(crate) subject: Subject,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) enum Gathered {
    /// What is held, by number.
    Found(Vec<Found>),
    /// Nobody may share it with the caller.
    Barred(Bar),
    /// The department that would know does not answer.
    Away {
        /// The department.
        holder: DeptId,
        /// Since when it does not.
        since: Timestamp,
    },
}

/// Why a type is not shared with a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bar {
    /// An article forbids it.
    Law {
        /// The article.
        citation: String,
    },
    /// The caller's department has no permission.
    Permission,
}

// === impl Wanted ===

impl Wanted {
    fn topic(&self) -> Topic {
        let (material_type, subject) = (self.material_type.code.clone(), self.subject.clone());
        Topic { material_type, subject }
    }
}

/// Longest time that is kept from the adapters so that the answer is still on record and sent.
const TO_ANSWER: Duration = Duration::from_millis(200);

/// Returns until when adapters may be asked, so that a caller who waits until `deadline` has an answer,
/// whoever of them hangs.
pub(crate) fn answer_by(deadline: Instant) -> Instant {
    let left = deadline.saturating_duration_since(Instant::now());
    deadline.checked_sub(TO_ANSWER.min(left / 4)).unwrap_or(deadline)
}

impl Bus {
    /// Gathers what is held of all `wanted`: what is remembered, then what the registry has, then what
    /// the holders say, each until `deadline`. One that does not answer spoils its own topics only.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::AccessDenied`] if the caller may see none of the types, and what keeps the bus
    /// itself from working.
    pub(crate) async fn gather(
        &self,
        exchange: &mut Exchange,
        caller: &Caller,
        operation: Operation,
        wanted: &[Wanted],
        deadline: Instant,
    ) -> Result<Vec<Gathered>, ExchangeError> {
        // What is current is known by its age.
        if !self.journal.clock().is_sound() {
            return Err(ExchangeError::ClockBehind);
        }
        let topics: Vec<_> = wanted.iter().map(Wanted::topic).collect();
        let mut gathered = self.barred(exchange, caller, operation, wanted)?;
        self.remembered(wanted, &topics, &mut gathered);
        self.registered_all(wanted, &topics, &mut gathered).await?;
        self.asked(exchange, wanted, &topics, &mut gathered, deadline).await?;
        let gathered = gathered.into_iter().flatten().collect();
        Ok(gathered)
    }

    /// Decides each type, before anybody looks.
    fn barred(
        &self,
        exchange: &mut Exchange,
        caller: &Caller,
        operation: Operation,
        wanted: &[Wanted],
    ) -> Result<Vec<Option<Gathered>>, ExchangeError> {
        let mut denied = None;
        let mut allowed = wanted.is_empty();
        let mut bars = Vec::with_capacity(wanted.len());
        for Wanted { material_type, .. } in wanted {
            let decided = exchange.decide_also(caller, operation, material_type);
            bars.push(match (&material_type.sharing, decided) {
                (Sharing::NotShared { citation }, _) => {
                    allowed = true;
                    Some(Gathered::Barred(Bar::Law { citation: citation.clone() }))
                }
                (_, Ok(())) => {
                    allowed = true;
                    None
                }
                (_, Err(error)) => {
                    denied.get_or_insert(error);
                    Some(Gathered::Barred(Bar::Permission))
                }
            });
        }
        match denied {
            Some(error) if !allowed => Err(error),
            _ => Ok(bars),
        }
    }

    fn remembered(&self, wanted: &[Wanted], topics: &[Topic], gathered: &mut [Option<Gathered>]) {
        let places = wanted.iter().zip(topics).zip(gathered);
        for ((Wanted { material_type, .. }, topic), place) in places {
            if place.is_none() {
                let ask = Ask { material_type, topic, number: None, deadline: Instant::now() };
                *place = self.known(&ask).map(Gathered::Found);
            }
        }
    }

    /// Reads everything that is left from the registry at once, and takes its word where that is final
    /// or young enough.
    async fn registered_all(
        &self,
        wanted: &[Wanted],
        topics: &[Topic],
        gathered: &mut [Option<Gathered>],
    ) -> Result<(), ExchangeError> {
        let left: Vec<_> = (0..wanted.len()).filter(|place| gathered[*place].is_none()).collect();
        let (keys, generations): (Vec<_>, Vec<_>) = left
            .iter()
            .map(|place| {
                let topic = &topics[*place];
                let key = (topic.material_type.clone(), topic.subject.clone());
                (key, self.caches.generation(topic))
            })
            .unzip();
        if keys.is_empty() {
            return Ok(());
        }
        let current = self.registry.current_all(&keys).await?;
        for ((place, versions), generation) in left.into_iter().zip(current).zip(generations) {
            let material_type = &wanted[place].material_type;
            let found: Vec<_> =
                versions.into_iter().map(|version| Found::Registered(Arc::new(version))).collect();
            let known_at = match material_type.supply {
                Supply::Uploaded => Some(self.clock.now()),
                Supply::OriginHeld | Supply::VerifyOnly => {
                    self.confirmed_lately(&found, material_type.reliance())
                }
            };
            if let Some(known_at) = known_at {
                let found = self.remember(&topics[place], found, known_at, generation);
                gathered[place] = Some(Gathered::Found(found));
            }
        }
        Ok(())
    }

    /// Asks the holders of everything that is left, all at the same time under one Intent.
    async fn asked(
        &self,
        exchange: &mut Exchange,
        wanted: &[Wanted],
        topics: &[Topic],
        gathered: &mut [Option<Gathered>],
        deadline: Instant,
    ) -> Result<(), ExchangeError> {
        let mut left = Vec::new();
        for (place, gathered) in gathered.iter_mut().enumerate().filter(|(_, g)| g.is_none()) {
            let holder = &self.source(&wanted[place].material_type, &wanted[place].subject);
            match self.holders.ready(holder) {
                Ok(()) => left.push(place),
                Err(_known_to_fail) => *gathered = Some(self.away(holder)),
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        exchange.intent_for_all().await?;
        let asks = left.into_iter().map(|place| {
            let material_type = &*wanted[place].material_type;
            let mut part = exchange.part(material_type);
            async move {
                let ask = Ask { material_type, topic: &topics[place], number: None, deadline };
                let found = self.discover(&mut part, &ask).await;
                (place, part, found)
            }
        });
        for (place, part, found) in join_all(asks).await {
            exchange.add(&part);
            let holder = &self.source(&wanted[place].material_type, &wanted[place].subject);
            gathered[place] = Some(match found {
                Ok(found) => {
                    self.outages.ended(holder);
                    Gathered::Found(found)
                }
                Err(ExchangeError::Holder(error)) => {
                    tracing::warn!(%error, "a department does not say what it holds");
                    self.away(holder)
                }
                Err(error) => return Err(error),
            });
        }
        Ok(())
    }

    fn away(&self, holder: &DeptId) -> Gathered {
        Gathered::Away {
            holder: holder.clone(),
            since: self.outages.note(holder, self.clock.now()),
        }
    }
}
