//! Clients of the departments' adapters: one set for each core.

mod calls;
mod client;
mod content;
mod fault;

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use oncebus_core::{
    ChunkDigests, Content, ContentStream, DeptId, Description, Digest, HolderError, Holders,
    Holding, LookupQuery, UploadId,
};
use oncebus_transport::{Accepts, Credentials, CredentialsError, EndpointError};
use tokio::time::Instant;

use crate::AdapterConfig;
use client::AdapterClient;

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

// === impl AdapterClients ===

impl AdapterClients {
    /// Prepares the clients; each connects when it is first used. Their tasks run on the present
    /// runtime.
    pub(crate) fn new(
        adapters: &[AdapterConfig],
        credentials: &Credentials,
    ) -> Result<Self, AdapterSetupError> {
        let mut clients = HashMap::new();
        for AdapterConfig { department, endpoint } in adapters {
            let dialer = credentials.dialer(Accepts::AdaptersOf(department.to_string())).map_err(
                |source| AdapterSetupError::Identity { department: department.clone(), source },
            )?;
            let channel = dialer.channel(endpoint).map_err(|source| {
                AdapterSetupError::Endpoint { department: department.clone(), source }
            })?;
            let client = AdapterClient::new(department.clone(), channel);
            clients.insert(department.clone(), Arc::new(client));
        }
        Ok(Self(clients))
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
    async fn describe(
        &self,
        holder: &DeptId,
        deadline: Instant,
    ) -> Result<Description, HolderError> {
        self.of(holder)?.describe(deadline).await
    }

    async fn lookup(
        &self,
        holder: &DeptId,
        query: &LookupQuery,
        deadline: Instant,
    ) -> Result<Vec<Holding>, HolderError> {
        self.of(holder)?.lookup(query, deadline).await
    }

    async fn fetch(
        &self,
        holder: &DeptId,
        content: &Content,
        offset: u64,
        deadline: Instant,
    ) -> Result<ContentStream, HolderError> {
        self.of(holder)?.fetch(content, offset, deadline).await
    }

    async fn stage(
        &self,
        holder: &DeptId,
        upload: UploadId,
        offset: u64,
        data: Bytes,
        deadline: Instant,
    ) -> Result<u64, HolderError> {
        self.of(holder)?.stage(upload, offset, data, deadline).await
    }

    async fn seal(
        &self,
        holder: &DeptId,
        upload: UploadId,
        size_bytes: u64,
        digest: &Digest,
        chunks: &ChunkDigests,
        deadline: Instant,
    ) -> Result<(), HolderError> {
        self.of(holder)?.seal(upload, size_bytes, digest, chunks, deadline).await
    }

    async fn discard(
        &self,
        holder: &DeptId,
        upload: UploadId,
        sealed: Option<&Digest>,
        deadline: Instant,
    ) -> Result<(), HolderError> {
        self.of(holder)?.discard(upload, sealed, deadline).await
    }
}
