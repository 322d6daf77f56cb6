//! Fetch: from a checked request to verified bytes, on record before they leave.

use std::sync::Arc;

use tokio::{select, sync::oneshot, time::Instant};

use crate::{
    Admitted, BundleId, Bus, Cache, ExchangeError, Failure, MaterialType, Number, Operation,
    Purpose, RequestId, Subject, Version, VersionId,
    exchange::Exchange,
    first_fetch::{First, Wanted},
    release::{Ready, Release, Source, release},
    resolve::Found,
    source::ContentSource,
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

impl Bus {
    /// Fetches one version.
    ///
    /// The work is a task of its own: a caller who hangs up leaves no record half-written.
    ///
    /// # Errors
    ///
    /// Every refusal and failure before the first byte, with the receipt of its record. A failure
    /// after that comes as the last of [`Release::parts`].
    pub async fn fetch(&self, admitted: Admitted, query: FetchQuery) -> Result<Release, Failure> {
        let (answer, answered) = oneshot::channel();
        let bus = self.clone();
        tokio::spawn(async move { bus.run_fetch(&admitted, query, None, answer).await });
        answered.await.unwrap_or_else(|_gone| Err(ExchangeError::Cancelled.into()))
    }

    /// Fetches one version, alone or as a part of a bundle, to the end of its records.
    pub(crate) async fn run_fetch(
        &self,
        admitted: &Admitted,
        query: FetchQuery,
        bundle: Option<BundleId>,
        mut answer: oneshot::Sender<Result<Release, Failure>>,
    ) {
        let material_type = Arc::clone(&query.material_type);
        let (operation, purpose) = (Operation::Fetch, &query.purpose);
        let mut exchange =
            Exchange::begin(self, &admitted.caller, operation, &material_type, purpose);
        exchange.request(query.request_id);
        bundle.into_iter().for_each(|bundle| exchange.part_of(bundle));
        if let Target::Current { subject, .. } = &query.target {
            exchange.about(subject);
        }
        match self.exchange(&mut exchange, admitted, query, &mut answer).await {
            Ok(ready) => release(exchange, ready, answer, &admitted.hang_up).await,
            // A caller who is gone hears nothing; the record is written all the same.
            Err(error) => drop(answer.send(Err(exchange.failed(error).await))),
        }
    }

    /// The exchange, step by step; see "How a fetch travels" in ARCHITECTURE.md.
    async fn exchange(
        &self,
        exchange: &mut Exchange,
        admitted: &Admitted,
        query: FetchQuery,
        answer: &mut oneshot::Sender<Result<Release, Failure>>,
    ) -> Result<Ready, ExchangeError> {
        let Admitted { caller, deadline, permit, .. } = admitted;
        let deadline = *deadline;
        let decided = exchange.decide(caller, Operation::Fetch, &query.material_type);
        let mut standing = decided.or_else(|denied| self.let_through(denied, caller, &query))?;
        let found = self.locate(exchange, &query, deadline).await?;
        let relied = matches!(found, Found::Held(_)) && exchange.relied();
        let room = permit.room(found.bytes_in_memory(&query.material_type))?;
        let (version, mut source, cache) = match self.open(exchange, found, &query, deadline).await
        {
            // What was remembered may be why: look once more, and take what is held now.
            Err(ExchangeError::Holder(error)) if relied && error.is_of_content() => {
                let found = self.locate(exchange, &query, deadline).await?;
                self.open(exchange, found, &query, deadline).await?
            }
            opened => opened?,
        };
        let first = select! {
            first = source.next(exchange) => first?.unwrap_or_default(),
            () = answer.closed() => return Err(ExchangeError::Cancelled),
        };
        standing.gives_on(version.id);
        let mut info = self.describe(&version, &query.material_type).await?;
        if let Target::Current { .. } = query.target {
            info = info.found_current(&query.material_type);
        }
        info.cache = Some(cache);
        let bytes = version.manifest.size_bytes - query.offset;
        let receipt = exchange.served(bytes, Some(cache)).await?;
        let left = bytes - first.len() as u64;
        Ok(Ready { info, first, left, source, receipt, standing, room })
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
                Ok(Found::Registered(self.named(id, &query.material_type).await?))
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
    ) -> Result<Arc<Version>, ExchangeError> {
        let named = &self.caches.named;
        let version = match named.version(id) {
            Some(version) => Some(version),
            None => {
                let before = named.before();
                let version = self.registry.version(id).await?.map(Arc::new);
                version.inspect(|version| named.remember(Arc::clone(version), before))
            }
        };
        version
            .filter(|version| version.manifest.material_type == material_type.code)
            .ok_or(ExchangeError::MaterialNotFound)
    }

    /// Opens the bytes: remembered ones, or the holder's, under a durable Intent.
    async fn open(
        &self,
        exchange: &mut Exchange,
        found: Found,
        query: &FetchQuery,
        deadline: Instant,
    ) -> Result<(Arc<Version>, Source, Cache), ExchangeError> {
        let version = match (found, &query.target) {
            (Found::Registered(version), _) => version,
            (Found::Held(held), Target::Current { subject, .. }) => {
                let wanted = Wanted { material_type: &query.material_type, subject, held: &held };
                match self.first_fetch(exchange, wanted, deadline).await? {
                    First::Whole(version, whole, cache) => {
                        exchange.version(&version);
                        exchange.gives_on(&version)?;
                        return Ok((version, Source::Whole(whole), cache));
                    }
                    First::Registered(version) => version,
                }
            }
            (Found::Held(_), Target::Version(_)) => return Err(ExchangeError::MaterialNotFound),
        };
        exchange.version(&version);
        exchange.gives_on(&version)?;
        let opened = Arc::clone(&version);
        let (content, cache) =
            ContentSource::open(self, exchange, opened, query.offset, deadline).await?;
        Ok((version, Source::Content(Box::new(content)), cache))
    }
}
