//! Why the authority did not do what it was asked.

use std::{io, path::PathBuf};

use jiff::Timestamp;
use oncebus_transport::{CredentialsError, IdentityError};

use crate::exit::CliError;

/// Why the authority did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CaError {
    /// A file is there already.
    #[error("{} exists: keys are never overwritten, name another folder or move it away", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Disk {
        /// `read`, `write` or `make`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The folder holds no authority of ours.
    #[error("{} is not an authority made by `oncebus ca init`: {fault}", path.display())]
    NoAuthority {
        /// Its certificate.
        path: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
    /// The name would make no identity of the bus.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A DNS name is not one.
    #[error("{name:?} is not a DNS name: give letters a-z, digits, - and dots")]
    DnsName {
        /// As written.
        name: String,
    },
    /// The certificate would outlive its authority.
    #[error("the certificate would end {wanted}, after its authority ({end}): give fewer --days")]
    Outlives {
        /// Its end.
        wanted: Timestamp,
        /// The authority's end.
        end: Timestamp,
    },
    /// What was issued cannot be used.
    #[error("the issued certificate cannot be used: {0}")]
    Unusable(#[from] CredentialsError),
    /// The cryptography refuses.
    #[error("cannot sign: {0}")]
    Sign(#[from] rcgen::Error),
    /// The key store cannot be made.
    #[error("cannot make the PKCS #12 file: {0}")]
    KeyStore(#[from] p12_keystore::error::Error),
}

impl From<CaError> for CliError {
    fn from(error: CaError) -> Self {
        Self::usage(error.to_string())
    }
}
