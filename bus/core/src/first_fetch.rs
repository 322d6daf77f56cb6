//! First fetch of a document that its holder has and nobody fetched yet: received whole, hashed,
//! registered as a version.

use std::sync::Arc;

use tokio::time::Instant;

use crate::{
    Bus, Cache, ChunkDigests, Content, Digest, ExchangeError, HeldVersion, HolderError, Manifest,
    MaterialId, MaterialKey, MaterialType, Subject, Version,
    cache::Topic,
    exchange::Exchange,
    flight::Route,
    joint::{Entered, Joint},
    receive::receive_whole,
    resolve::Held,
    spool::{Spool, SpoolWriter},
};

/// The first fetches under way.
pub(crate) type FirstFetches = Joint<Route, Result<Whole, HolderError>>;

/// A content that was received whole and has the digest that its holder said.
#[derive(Clone, Debug)]
pub(crate) struct Whole {
    chunks: ChunkDigests,
    spool: Spool,
    /// Index of the Intent under which it was fetched.
    intent: u64,
}

/// What a first fetch led to.
pub(crate) enum First {
    /// The content, whole, and the version that it was registered as.
    Whole(Arc<Version>, Spool, Cache),
    /// It was registered by another caller's fetch a moment ago.
    Registered(Arc<Version>),
}

/// What is wanted.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) material_type: &'a MaterialType,
    pub(crate) subject: &'a Subject,
    pub(crate) held: &'a Held,
}

// === impl Wanted ===

impl Wanted<'_> {
    fn topic(&self) -> Topic {
        let (material_type, subject) = (self.material_type.code.clone(), self.subject.clone());
        Topic { material_type, subject }
    }
}

impl Bus {
    /// Fetches the document, or shares what is being fetched for another caller, and registers it.
    /// Personal documents are fetched for each caller alone.
    pub(crate) async fn first_fetch(
        &self,
        exchange: &mut Exchange,
        wanted: Wanted<'_>,
        deadline: Instant,
    ) -> Result<First, ExchangeError> {
        let content = wanted.held.document.digest;
        if let Some(revoked) = &wanted.held.revoked {
            exchange.version(revoked);
            revoked.not_revoked()?;
        }
        if exchange.personal() {
            let whole = self.receive(exchange, &wanted, deadline).await;
            let whole = whole.inspect_err(|_failed| self.caches.moved(&wanted.topic()))?;
            let version = self.register(&wanted, &whole).await?;
            return Ok(First::Whole(version, whole.spool, Cache::Miss));
        }
        let late = || HolderError::Deadline { holder: wanted.held.holder.clone() };
        let route = Route { holder: wanted.held.holder.clone(), content };
        match self.first_fetches.enter(&route, deadline).await.ok_or_else(late)? {
            Entered::Joined(shared, _) => {
                let whole = shared?;
                exchange.share(whole.intent);
                let version = self.register(&wanted, &whole).await?;
                Ok(First::Whole(version, whole.spool, Cache::Joined))
            }
            Entered::Lead(lead) => {
                if let Some(version) = self.registered_meanwhile(&wanted).await? {
                    return Ok(First::Registered(version));
                }
                let whole = self.receive(exchange, &wanted, deadline).await;
                if whole.is_err() {
                    // What the holder said may be why: it is asked anew.
                    self.caches.moved(&wanted.topic());
                }
                lead.share_result(&whole, deadline);
                let whole = whole?;
                let version = self.register(&wanted, &whole).await?;
                self.keep(content, whole.spool.clone()).await?;
                self.landings.note(route, whole.intent);
                // Who comes from now on finds version and content.
                drop(lead);
                Ok(First::Whole(version, whole.spool, Cache::Miss))
            }
        }
    }

    /// Puts a content that is verified into the cache.
    async fn keep(&self, content: Digest, mut spool: Spool) -> Result<(), ExchangeError> {
        let (mut index, since) = (0, self.clock.now());
        while let Some(chunk) = spool.next().await.map_err(ExchangeError::Spool)? {
            self.caches.chunks.keep(content, index, &chunk, since);
            index += 1;
        }
        Ok(())
    }

    /// Returns the version if another caller's first fetch ended between this one's Lookup and now.
    async fn registered_meanwhile(
        &self,
        wanted: &Wanted<'_>,
    ) -> Result<Option<Arc<Version>>, ExchangeError> {
        let Wanted { material_type, subject, held } = wanted;
        let number = Some(&held.document.number);
        let current = self.registry.current(&material_type.code, subject, number).await?;
        let same = current.into_iter().find(|version| version.document() == held.document);
        Ok(same.map(Arc::new))
    }

    async fn receive(
        &self,
        exchange: &mut Exchange,
        wanted: &Wanted<'_>,
        deadline: Instant,
    ) -> Result<Whole, ExchangeError> {
        let Wanted { material_type, subject, held } = wanted;
        let Held { holder, document, .. } = held;
        let content = Content {
            material_type: material_type.code.clone(),
            subject: Subject::clone(subject),
            number: document.number.clone(),
            digest: document.digest,
            size_bytes: document.size_bytes,
            sealed: false,
        };
        let intent = exchange.intent(holder).await?;
        exchange.counts().fetch += 1;
        let stream = self.holders.fetch(holder, &content, 0, &exchange.asking(deadline)).await?;
        let dir = self.limits.spool_dir.clone();
        let spool = SpoolWriter::open(document.size_bytes, material_type.personal, dir)
            .await
            .map_err(ExchangeError::Spool)?;
        let (spool, chunks) = receive_whole(holder, stream, document, spool).await?;
        Ok(Whole { chunks, spool, intent })
    }

    async fn register(
        &self,
        wanted: &Wanted<'_>,
        whole: &Whole,
    ) -> Result<Arc<Version>, ExchangeError> {
        let Wanted { material_type, subject, held } = wanted;
        let Held { holder, document, only_one, status, .. } = *held;
        let (material_type, subject) = (material_type.code.clone(), Subject::clone(subject));
        let topic = wanted.topic();
        let number = document.number.clone();
        let key = MaterialKey { material_type, subject, number };
        let material = self.registry.material(&key, MaterialId(self.draw_uuid())).await?;
        let manifest = Manifest::new(material, &key.material_type, document, &whole.chunks);
        let now = self.clock.now();
        // Never relied on later, where the subject has several: see `Held::only_one`.
        let confirmed = if *only_one { now } else { jiff::Timestamp::UNIX_EPOCH };
        let held = HeldVersion {
            manifest: &manifest,
            chunks: &whole.chunks,
            holder,
            status: *status,
            confirmed_at: confirmed,
            now,
        };
        let registered = self.registry.register_held(&held).await;
        // Also where it failed: nobody knows how far it came.
        self.caches.moved(&topic);
        Ok(Arc::new(Version { confirmed_at: now, ..registered? }))
    }
}
