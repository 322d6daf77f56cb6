//! The auditors' keys: who can read data keys.

use std::{fmt, str::FromStr};

use age::{secrecy::ExposeSecret as _, x25519};
use sha2::{Digest as _, Sha256};

/// An auditor's own key. It opens what was wrapped to its recipient.
pub struct SealIdentity(x25519::Identity);

/// The auditors' public keys, at least one.
#[derive(Clone, Debug)]
pub struct SealRecipients(Vec<x25519::Recipient>);

/// Why keys are none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecipientError {
    /// There is none.
    #[error(
        "is empty, make a key with `oncebus audit seal-key --out FILE` and give what it prints"
    )]
    None,
    /// One is not spelt as one.
    #[error(
        "entry {0} is no age recipient, give the age1... that `oncebus audit seal-key` printed"
    )]
    Spelling(usize),
    /// The text holds no identity.
    #[error(
        "no line begins with AGE-SECRET-KEY-1, give the file that `oncebus audit seal-key` wrote"
    )]
    Identity,
}

// === impl SealIdentity ===

impl SealIdentity {
    /// Draws a key.
    pub fn draw() -> Self {
        Self(x25519::Identity::generate())
    }

    /// Returns the public key, `age1...`.
    pub fn recipient(&self) -> String {
        self.0.to_public().to_string()
    }

    /// Returns the file that `age` and this program read.
    pub fn to_text(&self) -> String {
        format!("# public key: {}\n{}\n", self.recipient(), self.0.to_string().expose_secret())
    }

    pub(super) fn age(&self) -> &x25519::Identity {
        &self.0
    }
}

impl FromStr for SealIdentity {
    type Err = RecipientError;

    fn from_str(text: &str) -> Result<Self, RecipientError> {
        let key = text.lines().map(str::trim).find(|line| line.starts_with("AGE-SECRET-KEY-1"));
        let identity = key.and_then(|key| key.parse().ok());
        identity.map(Self).ok_or(RecipientError::Identity)
    }
}

impl fmt::Debug for SealIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SealIdentity").field(&self.recipient()).finish()
    }
}

// === impl SealRecipients ===

impl SealRecipients {
    /// Reads public keys.
    ///
    /// # Errors
    ///
    /// If there is none, or one is not spelt as one; its place is told, not what stands there.
    pub fn parse(keys: &[String]) -> Result<Self, RecipientError> {
        let parsed = keys.iter().enumerate().map(|(at, key)| match key.parse() {
            Ok(recipient) => Ok(recipient),
            Err(_unspeakable) => Err(RecipientError::Spelling(at + 1)),
        });
        let recipients: Vec<_> = parsed.collect::<Result<_, _>>()?;
        if recipients.is_empty() { Err(RecipientError::None) } else { Ok(Self(recipients)) }
    }

    /// Returns a short name of each key: the first 8 bytes of its SHA-256, hexadecimal.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|key| hex::encode(&Sha256::digest(key.to_string())[..8]))
    }

    pub(super) fn age(&self) -> impl Iterator<Item = &dyn age::Recipient> {
        self.0.iter().map(|recipient| recipient as &dyn age::Recipient)
    }
}

impl fmt::Display for SealRecipients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&keys.join(", "))
    }
}
