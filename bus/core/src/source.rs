//! Where the bytes of a registered version come from: the cache, a flight, or its holder alone.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use oncebus_trail::Receipt;
use tokio::time::{Instant, timeout_at};

use crate::{
    Bus, CHUNK_BYTES, Cache, Content, ExchangeError, FieldError, HolderError, Version,
    exchange::Exchange,
    flight::{Course, Flight, Missed, Route, Seat},
    joint::Entered,
    receive::Verified,
};

/// Kept back from the caller's time, so that what came too late can still be recorded and answered.
const MARGIN: Duration = Duration::from_millis(50);
/// How often one chunk is asked for before the call gives up: each time, everybody else was faster.
const BOARDINGS: usize = 3;

/// The bytes of one version for one caller, each chunk verified; see ADR 5.
pub(crate) struct ContentSource {
    bus: Bus,
    version: Arc<Version>,
    /// Chunks to come.
    next: usize,
    end: usize,
    /// Bytes of the next chunk that the caller has already.
    skip: usize,
    way: Way,
    deadline: Instant,
    /// Proof of the outcome that covers the rest, where that is a later one.
    later: Option<Receipt>,
}

/// How the next chunk is got.
enum Way {
    /// From the cache, as long as it has them.
    Cached,
    /// From a flight.
    Aboard(Seat),
    /// From the holder, for this caller alone: personal content.
    Alone(Box<Verified>),
}

// === impl ContentSource ===

impl ContentSource {
    /// Opens the version's bytes from `offset` on, and says where they come from. An adapter is asked
    /// under the exchange's Intent only.
    ///
    /// # Errors
    ///
    /// `offset` past the end, and whatever keeps the holder from being asked.
    pub(crate) async fn open(
        bus: &Bus,
        exchange: &mut Exchange,
        version: Arc<Version>,
        offset: u64,
        deadline: Instant,
    ) -> Result<(Self, Cache), ExchangeError> {
        let size = version.manifest.size_bytes;
        if offset > size {
            let fault = format!("is {offset}");
            let cure = format!("give at most the version's {size} bytes");
            return Err(FieldError::new("offset", fault, cure).into());
        }
        let chunk_bytes = CHUNK_BYTES as u64;
        let next = usize::try_from(offset / chunk_bytes).unwrap_or(usize::MAX);
        let end = if offset == size { next } else { version.chunks.len() };
        let skip = usize::try_from(offset % chunk_bytes).unwrap_or(0);
        let (bus, way, deadline) = (bus.clone(), Way::Cached, deadline - MARGIN);
        let mut source = Self { bus, version, next, end, skip, way, deadline, later: None };
        let cache = source.find_way(exchange).await?;
        Ok((source, cache))
    }

    /// Returns the next verified bytes; `None` at the end.
    ///
    /// A chunk that was evicted, or missed by being slow, is fetched again: after the Outcome under a
    /// new Intent that follows it, and with a new Outcome for the rest.
    ///
    /// # Errors
    ///
    /// Whatever keeps the chunk from coming, before anything wrong is given on.
    pub(crate) async fn next(
        &mut self,
        exchange: &mut Exchange,
    ) -> Result<Option<Bytes>, ExchangeError> {
        if self.next == self.end {
            return Ok(None);
        }
        let mut chunk = match self.take().await? {
            Some(chunk) => chunk,
            None => self.take_anew(exchange).await?,
        };
        self.next += 1;
        let skip = std::mem::take(&mut self.skip);
        Ok(Some(chunk.split_off(skip.min(chunk.len()))))
    }

    /// Returns the proof of the outcome that covers the rest, if there was another than the first.
    pub(crate) fn later_receipt(&mut self) -> Option<Receipt> {
        self.later.take()
    }

    async fn find_way(&mut self, exchange: &mut Exchange) -> Result<Cache, ExchangeError> {
        if exchange.personal() {
            if self.next < self.end {
                self.way = self.alone(exchange).await?;
            }
            return Ok(Cache::Miss);
        }
        match self.landed(exchange) {
            Some(cache) => Ok(cache),
            None => self.board(exchange).await,
        }
    }

    /// Returns whose work it was, if the rest of the content is in the cache.
    fn landed(&self, exchange: &mut Exchange) -> Option<Cache> {
        let route = self.route();
        let since = self.bus.caches.chunks.since(route.content, self.next..self.end)?;
        match self.bus.landings.since(&route, exchange.begun()) {
            Some(intent) => {
                exchange.share(intent);
                Some(Cache::Joined)
            }
            None => {
                exchange.cached_since(since);
                Some(Cache::Hit)
            }
        }
    }

    fn route(&self) -> Route {
        Route { holder: self.version.holder.clone(), content: self.version.manifest.content }
    }

    /// Takes the next chunk the way it is; `None` if that way has ended.
    async fn take(&mut self) -> Result<Option<Bytes>, ExchangeError> {
        match &mut self.way {
            Way::Alone(verified) => Ok(verified.next().await?),
            Way::Aboard(seat) => match timeout_at(self.deadline, seat.next()).await {
                Ok(Ok(chunk)) => Ok(Some(chunk)),
                Ok(Err(Missed::Failed(error))) => Err(error.into()),
                Ok(Err(Missed::LeftBehind)) => {
                    self.way = Way::Cached;
                    Ok(self.cached())
                }
                Err(_elapsed) => Err(self.late().into()),
            },
            Way::Cached => Ok(self.cached()),
        }
    }

    fn cached(&self) -> Option<Bytes> {
        self.bus.caches.chunks.chunk(self.version.manifest.content, self.next)
    }

    /// Takes the next chunk by asking again.
    async fn take_anew(&mut self, exchange: &mut Exchange) -> Result<Bytes, ExchangeError> {
        if let Way::Alone(_) = self.way {
            return Err(HolderError::SizeMismatch { holder: self.version.holder.clone() }.into());
        }
        let follows = exchange.follow();
        for _ in 0..BOARDINGS {
            let cache = self.board(exchange).await?;
            if let Some(chunk) = self.take().await? {
                if follows {
                    let left = self.version.manifest.size_bytes - self.position();
                    self.later = Some(exchange.served(left, Some(cache)).await?);
                }
                return Ok(chunk);
            }
        }
        Err(self.late().into())
    }

    /// Returns the first byte of the next chunk that the caller lacks.
    fn position(&self) -> u64 {
        self.next as u64 * CHUNK_BYTES as u64 + self.skip as u64
    }

    /// Gets a seat on a flight that has the next chunk, or soon will; else starts one, for others to
    /// join.
    async fn board(&mut self, exchange: &mut Exchange) -> Result<Cache, ExchangeError> {
        let route = self.route();
        let flights = self.bus.flights.clone();
        let lead = loop {
            match flights.enter(&route, self.deadline).await.ok_or_else(|| self.late())? {
                Entered::Lead(lead) => break lead,
                Entered::Joined(flight, ticket) => match flight.seat(self.next) {
                    Some(seat) => {
                        exchange.share(flight.intent);
                        self.way = Way::Aboard(seat);
                        return Ok(Cache::Joined);
                    }
                    // It has passed: a later one takes those who come from now on.
                    None => match flights.overtake(&route, &ticket) {
                        Some(lead) => break lead,
                        None => continue,
                    },
                },
            }
        };
        if let Some(cache) = self.landed(exchange) {
            return Ok(cache);
        }
        let intent = exchange.intent(&self.version.holder).await?;
        exchange.counts().fetch += 1;
        self.way = Way::Aboard(Flight::start(&self.bus, self.course(exchange), intent, lead));
        Ok(Cache::Miss)
    }

    async fn alone(&mut self, exchange: &mut Exchange) -> Result<Way, ExchangeError> {
        exchange.intent(&self.version.holder).await?;
        exchange.counts().fetch += 1;
        let Course { holder, content, digests, offset, asking, .. } = self.course(exchange);
        let stream = self.bus.holders.fetch(&holder, &content, offset, &asking).await?;
        let verified = Verified::new(holder, stream, digests, content.size_bytes, offset);
        Ok(Way::Alone(Box::new(verified)))
    }

    fn course(&self, exchange: &Exchange) -> Course {
        let Version { manifest, subject, number, holder, sealed, chunks, .. } = &*self.version;
        Course {
            holder: holder.clone(),
            content: Content {
                material_type: manifest.material_type.clone(),
                subject: subject.clone(),
                number: number.clone(),
                digest: manifest.content,
                size_bytes: manifest.size_bytes,
                sealed: *sealed,
            },
            digests: chunks.clone(),
            offset: self.next as u64 * CHUNK_BYTES as u64,
            asking: exchange.asking(self.deadline),
            chunks: self.next..self.end,
        }
    }

    fn late(&self) -> HolderError {
        HolderError::Deadline { holder: self.version.holder.clone() }
    }
}
