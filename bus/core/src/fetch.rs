//! Fetch: from a checked request to verified bytes, on record before they leave.

use std::sync::Arc;

use bytes::Bytes;
use oncebus_trail::Receipt;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use crate::{
    Bus, CHUNK_BYTES, Cache, Caller, Content, ExchangeError, Failure, FieldError, Manifest,
    MaterialId, MaterialInfo, MaterialKey, MaterialType, Number, Operation, Purpose, RequestId,
    Subject, Version, VersionId,
    exchange::Exchange,
    receive::{Verified, receive_whole},
    resolve::{Found, Held},
    spool::{Spool, SpoolWriter},
};

/// A checked request for one version.
#[derive(Clone, Debug)]
pub struct FetchQuery {
    /// Type of the material.
    pub material_type: Arc<MaterialType>,
    /// Which of that type.
    pub target: Target,
    /// First byte wanted; 0 unless the target is a named version.
    pub offset: u64,
    /// Why.
    pub purpose: Purpose,
    /// The caller's id of the request.
    pub request_id: RequestId,
}

/// Which version is wanted.
#[derive(Clone, Debug)]
pub enum Target {
    /// This one.
    Version(VersionId),
    /// The current one about a subject.
    Current {
        /// The subject.
        subject: Subject,
        /// The issuer's number, where the subject has several.
        number: Option<Number>,
    },
}

/// An answer on its way: description first, then the parts as they are verified.
#[derive(Debug)]
pub struct Release {
    /// What is sent.
    pub info: MaterialInfo,
    /// The bytes, and with the last of them the receipt. Dropping this ends the fetch.
    pub parts: mpsc::Receiver<Result<Part, Failure>>,
}

/// One part of an answer.
#[derive(Debug)]
pub struct Part {
    /// The next bytes, at most 256 KiB.
    pub data: Bytes,
    /// With the last part: proof of the outcome's record.
    pub receipt: Option<Receipt>,
}

/// Parts that wait for a slow caller.
const PARTS_AHEAD: usize = 1;

/// Verified bytes to come.
enum Source {
    Verified(Verified),
    Spool(Spool),
    Nothing,
}

/// A fetch whose outcome is durable.
struct Ready {
    info: MaterialInfo,
    first: Bytes,
    left: u64,
    source: Source,
    receipt: Receipt,
}

impl Bus {
    /// Fetches one version.
    ///
    /// The work is a task of its own: a caller who hangs up leaves no record half-written.
    ///
    /// # Errors
    ///
    /// Every refusal and failure before the first byte, with the receipt of its record. A failure
    /// after that comes as the last of [`Release::parts`].
    pub async fn fetch(
        &self,
        caller: Caller,
        query: FetchQuery,
        deadline: Instant,
    ) -> Result<Release, Failure> {
        let (answer, answered) = oneshot::channel();
        let bus = self.clone();
        tokio::spawn(async move { bus.run_fetch(caller, query, deadline, answer).await });
        answered.await.unwrap_or_else(|_gone| Err(ExchangeError::Cancelled.into()))
    }

    async fn run_fetch(
        self,
        caller: Caller,
        query: FetchQuery,
        deadline: Instant,
        answer: oneshot::Sender<Result<Release, Failure>>,
    ) {
        let material_type = Arc::clone(&query.material_type);
        let mut exchange =
            Exchange::begin(&self, &caller, Operation::Fetch, &material_type, &query.purpose);
        exchange.request(query.request_id);
        match self.exchange(&mut exchange, &caller, query, deadline, &answer).await {
            Ok(ready) => release(&exchange, ready, answer).await,
            // A caller who is gone hears nothing; the record is written all the same.
            Err(error) => drop(answer.send(Err(exchange.failed(error).await))),
        }
    }

    /// The exchange, step by step; see "How a fetch travels" in ARCHITECTURE.md.
    async fn exchange(
        &self,
        exchange: &mut Exchange,
        caller: &Caller,
        query: FetchQuery,
        deadline: Instant,
        answer: &oneshot::Sender<Result<Release, Failure>>,
    ) -> Result<Ready, ExchangeError> {
        exchange.decide(caller, Operation::Fetch, &query.material_type)?;
        let found = self.locate(exchange, &query, deadline).await?;
        let (version, mut source) = self.open(exchange, found, &query, deadline).await?;
        let first = source.next().await?.unwrap_or_default();
        if answer.is_closed() {
            return Err(ExchangeError::Cancelled);
        }
        let bytes = version.manifest.size_bytes - query.offset;
        let receipt = exchange.served(bytes, Some(Cache::Miss)).await?;
        let mut info = MaterialInfo::of_version(&version, self.clock.now());
        info.cache = Some(Cache::Miss);
        Ok(Ready { info, left: bytes - first.len() as u64, first, source, receipt })
    }

    /// Finds what the call means: the named version, or the current one.
    async fn locate(
        &self,
        exchange: &mut Exchange,
        query: &FetchQuery,
        deadline: Instant,
    ) -> Result<Found, ExchangeError> {
        match &query.target {
            Target::Version(id) => {
                let version = self.named(id, &query.material_type).await?;
                Ok(Found::Registered(Box::new(version)))
            }
            Target::Current { subject, number } => {
                let material_type = &query.material_type;
                self.resolve_one(exchange, material_type, subject, number.as_ref(), deadline).await
            }
        }
    }

    /// Returns a version by its name.
    pub(crate) async fn named(
        &self,
        id: &VersionId,
        material_type: &MaterialType,
    ) -> Result<Version, ExchangeError> {
        let version = self.registry.version(id).await?;
        version
            .filter(|version| version.manifest.material_type == material_type.code)
            .ok_or(ExchangeError::MaterialNotFound)
    }

    /// Asks the holder for the bytes, under a durable Intent.
    async fn open(
        &self,
        exchange: &mut Exchange,
        found: Found,
        query: &FetchQuery,
        deadline: Instant,
    ) -> Result<(Version, Source), ExchangeError> {
        match found {
            Found::Registered(version) => {
                exchange.version(&version);
                let source = self.open_version(exchange, &version, query.offset, deadline).await?;
                Ok((*version, source))
            }
            Found::Held(held) => {
                let (version, spool) = self.register(exchange, *held, query, deadline).await?;
                exchange.version(&version);
                Ok((version, Source::Spool(spool)))
            }
        }
    }

    async fn open_version(
        &self,
        exchange: &mut Exchange,
        version: &Version,
        offset: u64,
        deadline: Instant,
    ) -> Result<Source, ExchangeError> {
        let size = version.manifest.size_bytes;
        if offset > size {
            let fault = format!("is {offset}");
            let cure = format!("give at most the version's {size} bytes");
            return Err(FieldError::new("offset", fault, cure).into());
        }
        if offset == size {
            return Ok(Source::Nothing);
        }
        let content = Content {
            material_type: version.manifest.material_type.clone(),
            subject: version.subject.clone(),
            number: version.number.clone(),
            digest: version.manifest.content,
            size_bytes: size,
            sealed: version.sealed,
        };
        exchange.intent(&version.holder).await?;
        exchange.counts().fetch += 1;
        let edge = offset - offset % CHUNK_BYTES as u64;
        let stream = self.holders.fetch(&version.holder, &content, edge, deadline).await?;
        let (holder, chunks) = (version.holder.clone(), version.chunks.clone());
        Ok(Source::Verified(Verified::new(holder, stream, chunks, size, offset)))
    }

    /// Receives a document that nobody fetched yet, whole, and registers it as a version.
    async fn register(
        &self,
        exchange: &mut Exchange,
        held: Held,
        query: &FetchQuery,
        deadline: Instant,
    ) -> Result<(Version, Spool), ExchangeError> {
        let Target::Current { subject, .. } = &query.target else {
            return Err(ExchangeError::MaterialNotFound);
        };
        let Held { holder, holding, only_one } = held;
        let content = Content {
            material_type: query.material_type.code.clone(),
            subject: subject.clone(),
            number: holding.number.clone(),
            digest: holding.digest,
            size_bytes: holding.size_bytes,
            sealed: false,
        };
        exchange.intent(&holder).await?;
        exchange.counts().fetch += 1;
        let stream = self.holders.fetch(&holder, &content, 0, deadline).await?;
        let dir = self.limits.spool_dir.clone();
        let spool = SpoolWriter::open(holding.size_bytes, query.material_type.personal, dir)
            .await
            .map_err(ExchangeError::Spool)?;
        let (spool, chunks) = receive_whole(&holder, stream, &holding, spool).await?;

        let key = MaterialKey {
            material_type: query.material_type.code.clone(),
            subject: subject.clone(),
            number: holding.number.clone(),
        };
        let material = self.registry.material(&key, MaterialId(self.draw_uuid())).await?;
        let manifest = Manifest::new(material, &key.material_type, &holding, &chunks);
        // Never relied on later, where the subject has several: see `Held::only_one`.
        let confirmed = if only_one { self.clock.now() } else { jiff::Timestamp::UNIX_EPOCH };
        let mut version =
            self.registry.register_held(&manifest, &chunks, &holder, confirmed).await?;
        version.confirmed_at = self.clock.now();
        Ok((version, spool))
    }
}

// === impl Source ===

impl Source {
    async fn next(&mut self) -> Result<Option<Bytes>, ExchangeError> {
        match self {
            Self::Verified(verified) => Ok(verified.next().await?),
            Self::Spool(spool) => spool.next().await.map_err(ExchangeError::Spool),
            Self::Nothing => Ok(None),
        }
    }
}

/// Gives the answer on, part by part; a cut stream is put on record with the bytes that left.
async fn release(
    exchange: &Exchange,
    ready: Ready,
    answer: oneshot::Sender<Result<Release, Failure>>,
) {
    let Ready { info, first, mut left, mut source, receipt } = ready;
    let (sender, parts) = mpsc::channel(PARTS_AHEAD);
    let mut receipt = Some(receipt);
    let mut sent = 0;
    let mut data = first;
    if answer.send(Ok(Release { info, parts })).is_err() {
        return exchange.aborted(sent, "CANCELLED").await;
    }
    loop {
        let length = data.len() as u64;
        let part = Part { data, receipt: if left == 0 { receipt.take() } else { None } };
        if sender.send(Ok(part)).await.is_err() {
            return exchange.aborted(sent, "CANCELLED").await;
        }
        sent += length;
        if left == 0 {
            return;
        }
        data = match source.next().await {
            Ok(Some(next)) => next,
            Ok(None) => {
                let short = ExchangeError::Spool(std::io::ErrorKind::UnexpectedEof.into());
                return cut(exchange, sent, short, &sender).await;
            }
            Err(error) => return cut(exchange, sent, error, &sender).await,
        };
        left -= data.len() as u64;
    }
}

async fn cut(
    exchange: &Exchange,
    sent: u64,
    error: ExchangeError,
    sender: &mpsc::Sender<Result<Part, Failure>>,
) {
    exchange.aborted(sent, error.reason()).await;
    // The caller may be gone as well; the record says what it got.
    drop(sender.send(Err(error.into())).await);
}
