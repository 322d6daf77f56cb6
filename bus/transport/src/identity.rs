//! SPIFFE ids: the only identity there is.

use std::{fmt, str::FromStr};

/// A SPIFFE id is at most this long, in bytes.
const MAX_ID_BYTES: usize = 255;
/// So long a trust domain leaves room for the longest path, `/dept/{32}/adapter/{32}`.
const MAX_DOMAIN_BYTES: usize = 160;
const MAX_CODE_BYTES: usize = 32;
const SCHEME: &str = "spiffe://";

/// The name under which one authority gives identities, for example `oncebus.test`.
///
/// 1 to 160 bytes; labels of `a-z`, `0-9`, `-`, `_` with single dots between.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TrustDomain(String);

/// Who a certificate speaks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// A program of a department: `spiffe://{domain}/dept/{department}/system/{name}`.
    System {
        /// Code of the department.
        department: String,
        /// Name of the program within it.
        name: String,
    },
    /// A department's adapter: `spiffe://{domain}/dept/{department}/adapter/{name}`.
    Adapter {
        /// Code of the department.
        department: String,
        /// Name of the adapter within it.
        name: String,
    },
    /// A gateway of the bus: `spiffe://{domain}/gateway/{id}`.
    Gateway {
        /// Id of the gateway.
        id: String,
    },
}

/// Why a name is not an identity of the bus.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The trust domain is not spelt as one.
    #[error(
        "trust domain {0:?} must be 1 to 160 bytes of labels of a-z, 0-9, - or _ with dots between"
    )]
    TrustDomain(String),
    /// The URI is longer than a SPIFFE id may be.
    #[error("a SPIFFE id has at most 255 bytes, this one has {0}")]
    TooLong(usize),
    /// The URI is of another scheme.
    #[error("{0:?} is not a SPIFFE id: it must begin with spiffe://")]
    Scheme(String),
    /// The SPIFFE id belongs to another trust domain.
    #[error("{found:?} is not of the trust domain {expected}")]
    ForeignDomain {
        /// The whole id.
        found: String,
        /// Our trust domain.
        expected: TrustDomain,
    },
    /// The path names no identity of the bus.
    #[error(
        "{0:?} names no identity: the path must be /dept/CODE/system/NAME, /dept/CODE/adapter/NAME or \
         /gateway/ID, each of 1 to 32 of a-z, 0-9, -"
    )]
    Path(String),
}

// === impl TrustDomain ===

impl TrustDomain {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TrustDomain {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let label = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
        };
        if text.len() <= MAX_DOMAIN_BYTES && text.split('.').all(label) {
            return Ok(Self(text.to_owned()));
        }
        Err(IdentityError::TrustDomain(text.chars().take(MAX_DOMAIN_BYTES).collect()))
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// === impl Identity ===

impl Identity {
    /// Reads a SPIFFE id of `domain`, to the letter: no upper case, port, query, percent-encoding or
    /// empty segment.
    ///
    /// # Errors
    ///
    /// Returns [`IdentityError`] for every other text.
    pub fn parse(uri: &str, domain: &TrustDomain) -> Result<Self, IdentityError> {
        if MAX_ID_BYTES < uri.len() {
            return Err(IdentityError::TooLong(uri.len()));
        }
        let rest = uri.strip_prefix(SCHEME).ok_or_else(|| IdentityError::Scheme(uri.to_owned()))?;
        let foreign =
            || IdentityError::ForeignDomain { found: uri.to_owned(), expected: domain.clone() };
        let path = rest
            .strip_prefix(domain.as_str())
            .filter(|path| path.is_empty() || path.starts_with('/'))
            .ok_or_else(foreign)?;
        Self::from_path(path).ok_or_else(|| IdentityError::Path(uri.to_owned()))
    }

    /// Returns the SPIFFE id under `domain`.
    pub fn uri(&self, domain: &TrustDomain) -> String {
        match self {
            Self::System { department, name } => {
                format!("{SCHEME}{domain}/dept/{department}/system/{name}")
            }
            Self::Adapter { department, name } => {
                format!("{SCHEME}{domain}/dept/{department}/adapter/{name}")
            }
            Self::Gateway { id } => format!("{SCHEME}{domain}/gateway/{id}"),
        }
    }

    /// Returns the department that the identity belongs to; a gateway belongs to none.
    pub fn department(&self) -> Option<&str> {
        match self {
            Self::System { department, .. } | Self::Adapter { department, .. } => Some(department),
            Self::Gateway { .. } => None,
        }
    }

    fn from_path(path: &str) -> Option<Self> {
        let mut segments = path.strip_prefix('/')?.split('/');
        let identity = match segments.next()? {
            "dept" => {
                let department = code(segments.next()?)?;
                match segments.next()? {
                    "system" => Self::System { department, name: code(segments.next()?)? },
                    "adapter" => Self::Adapter { department, name: code(segments.next()?)? },
                    _ => return None,
                }
            }
            "gateway" => Self::Gateway { id: code(segments.next()?)? },
            _ => return None,
        };
        segments.next().is_none().then_some(identity)
    }
}

fn code(text: &str) -> Option<String> {
    let fits = (1..=MAX_CODE_BYTES).contains(&text.len())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
