//! What an integrator needs to write a department adapter.
//!
//! An integrator implements [`Adapter`] for what the department keeps, and hands it to [`serve`].
//! The kit owns the rest: mutual TLS that lets only gateways in, the check of every request field,
//! chunks, sizes and digests of what is sent, the check that an answer is about the subject asked
//! for, deadlines, logs without personal data, health and reflection.
//!
//! ```no_run
//! use std::{path::Path, sync::Arc};
//!
//! use oncebus_adapter::{
//!     Adapter, AdapterError, Content, ContentStream, Credentials, Description, Document, Options,
//!     Query, serve,
//! };
//!
//! struct Licences(Vec<(Document, &'static [u8])>);
//!
//! #[oncebus_adapter::async_trait]
//! impl Adapter for Licences {
//!     fn describe(&self) -> Description {
//!         Description::new("market", "licences", "1.0", ["business_licence"])
//!     }
//!     async fn lookup(&self, query: &Query) -> Result<Vec<Document>, AdapterError> {
//!         Ok(self.0.iter().map(|(document, _)| document).filter(|it| query.asks_for(it)).cloned().collect())
//!     }
//!     async fn fetch(&self, content: &Content, offset: u64) -> Result<ContentStream, AdapterError> {
//!         let found = self.0.iter().find(|(document, _)| content.is_of(document));
//!         let (_, bytes) = found.ok_or(AdapterError::NotFound)?;
//!         Ok(ContentStream::from_bytes(*bytes).skip(offset))
//!     }
//! }
//!
//! # async fn run(shutdown: oncebus_adapter::CancellationToken) -> Result<(), Box<dyn std::error::Error>> {
//! let credentials = Credentials::load(
//!     Path::new("cert.pem"),
//!     Path::new("key.pem"),
//!     Path::new("ca.pem"),
//!     "oncebus.test".parse()?,
//! )?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! serve(Arc::new(Licences(vec![])), listener, &credentials, Options::default(), shutdown).await?;
//! # Ok(())
//! # }
//! ```

#![warn(missing_docs)]

mod adapter;
mod answer;
mod ask;
mod call;
mod claim;
mod content;
mod digest;
mod document;
mod error;
mod field;
mod hash;
mod health;
mod names;
mod outgoing;
mod parse;
mod refusals;
mod serve;
mod service;
mod status;
mod subject;
mod text;
mod validity;

pub use async_trait::async_trait;
pub use oncebus_transport::{Credentials, CredentialsError, IdentityError, Limits, TrustDomain};
pub use tokio_util::sync::CancellationToken;

pub use crate::{
    adapter::{Adapter, Description, NotReady},
    ask::{Content, Query, Seal, Sealed},
    claim::{Claim, Verdict, Verify},
    content::ContentStream,
    digest::{Digest, DigestError},
    document::Document,
    error::AdapterError,
    field::FieldError,
    hash::{ContentHash, ContentHasher},
    names::{TypeCode, UploadId},
    serve::{Options, ServeError, Server, routes, serve},
    subject::{Scheme, Subject},
    text::{Day, Issuer, MediaType, Number},
    validity::{Status, ValidUntil},
};

/// Bytes of every chunk of a content but the last.
pub const CHUNK_BYTES: usize = 256 * 1024;

#[cfg(test)]
mod tests;
