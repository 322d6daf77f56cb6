//! Clients of the departments' adapters: one set for each core.
//!
//! [`Calls`](calls::Calls) is how a call goes, step by step. What limits an adapter's calls is shared
//! by all cores ([`Guard`]); connections are each core's own.

mod breaker;
mod bulkhead;
mod calls;
mod client;
mod connections;
mod content;
mod fault;
mod guard;
mod introduction;
mod retry;
mod window;

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use oncebus_core::{
    Asking, ChunkDigests, ClaimsQuery, Content, ContentStream, DeptId, Description, Digest,
    Finding, HolderError, Holders, Holding, LookupQuery, Rng, UploadId,
};
use oncebus_transport::{Accepts, Credentials, CredentialsError, Dialer, EndpointError};

use crate::AdapterConfig;
pub(crate) use breaker::BreakerLimits;
use calls::Calls;
use client::AdapterClient;
use connections::Connections;
use guard::Guard;

/// The departments' adapters: what all cores have in common of them.
#[derive(Debug)]
pub(crate) struct Adapters(Vec<Adapter>);

#[derive(Debug)]
struct Adapter {
    config: AdapterConfig,
    dialer: Dialer,
    guard: Arc<Guard>,
}

/// The adapters that one core asks, each over connections of its own.
#[derive(Debug)]
pub(crate) struct AdapterClients(HashMap<DeptId, Arc<AdapterClient>>);

/// Why an adapter cannot be called.
#[derive(Debug, thiserror::Error)]
pub enum AdapterSetupError {
    /// The gateway's own identity cannot be used.
    #[error("adapter of {department}: {source}")]
    Identity {
        /// The department.
        department: DeptId,
        /// Why.
        source: CredentialsError,
    },
    /// The address is none.
    #[error("adapter of {department}: {source}")]
    Endpoint {
        /// The department.
        department: DeptId,
        /// Why.
        source: EndpointError,
    },
}

// === impl Adapters ===

impl Adapters {
    /// Prepares to call the adapters.
    pub(crate) fn new(
        adapters: &[AdapterConfig],
        limits: BreakerLimits,
        credentials: &Credentials,
        rng: &Arc<dyn Rng>,
    ) -> Result<Self, AdapterSetupError> {
        let adapter = |config: &AdapterConfig| {
            let department = config.department.clone();
            let dialer = credentials.dialer(Accepts::AdaptersOf(department.to_string())).map_err(
                |source| AdapterSetupError::Identity { department: department.clone(), source },
            )?;
            let guard = Arc::new(Guard::new(department, limits, Arc::clone(rng)));
            Ok(Adapter { config: config.clone(), dialer, guard })
        };
        adapters.iter().map(adapter).collect::<Result<_, _>>().map(Self)
    }

    /// Returns one core's clients; each connects when it is first used. Their tasks run on the present
    /// runtime.
    pub(crate) fn clients(&self) -> Result<AdapterClients, AdapterSetupError> {
        let mut clients = HashMap::new();
        for adapter in &self.0 {
            let department = adapter.config.department.clone();
            let client = adapter.client().map_err(|source| AdapterSetupError::Endpoint {
                department: department.clone(),
                source,
            })?;
            clients.insert(department, Arc::new(client));
        }
        Ok(AdapterClients(clients))
    }
}

// === impl Adapter ===

impl Adapter {
    fn client(&self) -> Result<AdapterClient, EndpointError> {
        let (dialer, endpoint) = (self.dialer.clone(), self.config.endpoint.clone());
        let connections = Connections::new(Box::new(move || dialer.channel(&endpoint)))?;
        let calls = Calls { guard: Arc::clone(&self.guard), connections };
        Ok(AdapterClient::new(calls, self.config.first_byte))
    }
}

// === impl AdapterClients ===

impl AdapterClients {
    /// Returns the department's adapter, which is asked for its name beside what is asked of it now.
    fn introduced(&self, holder: &DeptId) -> Result<&AdapterClient, HolderError> {
        let client = self.of(holder)?;
        client.introduce();
        Ok(client)
    }

    fn of(&self, holder: &DeptId) -> Result<&AdapterClient, HolderError> {
        self.0.get(holder).map(Arc::as_ref).ok_or_else(|| HolderError::Unavailable {
            holder: holder.clone(),
            detail: "no adapter is configured".to_owned(),
        })
    }
}

#[async_trait]
impl Holders for AdapterClients {
    fn ready(&self, holder: &DeptId) -> Result<(), HolderError> {
        self.of(holder)?.ready()
    }

    fn adapter(&self, holder: &DeptId) -> Option<Arc<str>> {
        self.0.get(holder)?.name()
    }

    async fn describe(&self, holder: &DeptId, asking: &Asking) -> Result<Description, HolderError> {
        self.of(holder)?.describe(asking).await
    }

    async fn lookup(
        &self,
        holder: &DeptId,
        query: &LookupQuery,
        asking: &Asking,
    ) -> Result<Vec<Holding>, HolderError> {
        self.introduced(holder)?.lookup(query, asking).await
    }

    async fn fetch(
        &self,
        holder: &DeptId,
        content: &Content,
        offset: u64,
        asking: &Asking,
    ) -> Result<ContentStream, HolderError> {
        self.introduced(holder)?.fetch(content, offset, asking).await
    }

    async fn verify(
        &self,
        holder: &DeptId,
        query: &ClaimsQuery,
        asking: &Asking,
    ) -> Result<Finding, HolderError> {
        self.introduced(holder)?.verify(query, asking).await
    }

    async fn stage(
        &self,
        holder: &DeptId,
        upload: UploadId,
        offset: u64,
        data: Bytes,
        asking: &Asking,
    ) -> Result<u64, HolderError> {
        self.introduced(holder)?.stage(upload, offset, data, asking).await
    }

    async fn seal(
        &self,
        holder: &DeptId,
        upload: UploadId,
        size_bytes: u64,
        digest: &Digest,
        chunks: &ChunkDigests,
        asking: &Asking,
    ) -> Result<(), HolderError> {
        self.introduced(holder)?.seal(upload, size_bytes, digest, chunks, asking).await
    }

    async fn discard(
        &self,
        holder: &DeptId,
        upload: UploadId,
        sealed: Option<&Digest>,
        asking: &Asking,
    ) -> Result<(), HolderError> {
        self.of(holder)?.discard(upload, sealed, asking).await
    }
}
