//! Keys that sign checkpoints, and keys that check them.

use std::{fmt, str::FromStr, sync::Arc};

use aws_lc_rs::{
    error::KeyRejected,
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    hash::content_hash,
    origin::{Origin, OriginError},
};

/// Length of a seed and of a public key of Ed25519 (RFC 8032) in bytes.
const KEY_BYTES: usize = 32;

/// Key id: the first bytes of a hash over name, algorithm and public key.
pub(crate) const KEY_ID_BYTES: usize = 4;

/// What is signed, and how (C2SP signed-note, "Signature types").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// A log signs its note with Ed25519.
    Ed25519,
    /// A witness signs time and note with Ed25519 (C2SP tlog-cosignature).
    Cosignature,
}

/// The key that signs a log's checkpoints.
#[derive(Clone)]
pub struct SigningKey {
    pair: Arc<Ed25519KeyPair>,
    verifier: VerifierKey,
}

/// A public key with its name: what somebody needs who checks checkpoints.
///
/// Text form: `name+id+key`, with the id in hexadecimal and the algorithm and key in base64
/// (C2SP signed-note, "Verifier keys").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: Origin,
    id: [u8; KEY_ID_BYTES],
    algorithm: Algorithm,
    public: [u8; KEY_BYTES],
}

/// Why a text is no verifier key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is not three parts.
    #[error("verifier key must be name+id+key, take it whole from connection.json or the operator")]
    Parts,
    /// Its name is no name.
    #[error("verifier key has no name: {0}")]
    Name(#[from] OriginError),
    /// Its key is not of a known algorithm, or no key.
    #[error(
        "verifier key {name} must hold 33 bytes in base64: 1 for Ed25519 or 4 for a cosigner, then the key"
    )]
    Key {
        /// Its name.
        name: Origin,
    },
    /// Its id is not the id of name and key.
    #[error("verifier key {name} has id {found}, its key gives {expected}, it was altered")]
    Id {
        /// Its name.
        name: Origin,
        /// The id in the text.
        found: String,
        /// The id that name and key give.
        expected: String,
    },
}

// === impl Algorithm ===

impl Algorithm {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Cosignature => 0x04,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::Ed25519, Self::Cosignature].into_iter().find(|algorithm| algorithm.byte() == byte)
    }
}

// === impl SigningKey ===

impl SigningKey {
    /// Makes the key of a log from its secret seed.
    ///
    /// # Errors
    ///
    /// If the library refuses the seed.
    pub fn from_seed(origin: &Origin, seed: &[u8; KEY_BYTES]) -> Result<Self, KeyRejected> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed)?;
        let mut public = [0; KEY_BYTES];
        public.copy_from_slice(pair.public_key().as_ref());
        let verifier = VerifierKey::new(origin.clone(), Algorithm::Ed25519, public);
        Ok(Self { pair: Arc::new(pair), verifier })
    }

    /// Returns the key that checks what this one signs.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

// === impl VerifierKey ===

impl VerifierKey {
    pub(crate) fn new(name: Origin, algorithm: Algorithm, public: [u8; KEY_BYTES]) -> Self {
        let text = [name.as_str().as_bytes(), b"\n", &[algorithm.byte()], &public].concat();
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&content_hash(&text)[..KEY_ID_BYTES]);
        Self { name, id, algorithm, public }
    }

    /// Returns the name; that of a log is its origin.
    pub fn name(&self) -> &Origin {
        &self.name
    }

    /// Returns the id in hexadecimal, as records name keys.
    pub fn id(&self) -> String {
        hex::encode(self.id)
    }

    pub(crate) fn id_bytes(&self) -> [u8; KEY_ID_BYTES] {
        self.id
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns whether `signature` is this key's over `message`.
    pub(crate) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public).verify(message, signature).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.algorithm.byte()], &self.public[..]].concat();
        write!(f, "{}+{}+{}", self.name, self.id(), STANDARD.encode(key))
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        // A name has no plus sign; the key's base64 may have some.
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(found), Some(key)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(KeyError::Parts);
        };
        let name: Origin = name.parse()?;
        let key = STANDARD.decode(key).unwrap_or_default();
        let read = key.split_first().and_then(|(algorithm, public)| {
            Some((Algorithm::of(*algorithm)?, <[u8; KEY_BYTES]>::try_from(public).ok()?))
        });
        let Some((algorithm, public)) = read else { return Err(KeyError::Key { name }) };
        let key = Self::new(name, algorithm, public);
        if key.id() != found {
            let (expected, found) = (key.id(), found.to_owned());
            return Err(KeyError::Id { name: key.name, found, expected });
        }
        Ok(key)
    }
}
