//! A text with signatures below it.
//!
//! ```text
//! the text, one line or more
//!
//! — name base64(key id, signature)
//! ```
//!
//! Source: C2SP signed-note; cosignatures of witnesses: C2SP tlog-cosignature.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    key::{Algorithm, KEY_ID_BYTES, SigningKey, VerifierKey},
    origin::{Origin, OriginError},
};

/// What a signature line begins with: an em dash and a space.
const MARK: &str = "\u{2014} ";

/// Most signatures that are read: a note from a stranger is not worth more work.
const MAX_SIGNATURES: usize = 100;

/// A text and who signed it; the signatures are not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Signature {
    name: Origin,
    key: [u8; KEY_ID_BYTES],
    bytes: Vec<u8>,
}

/// Why a note does not say what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// No blank line parts text and signatures.
    #[error("note must be a text, a blank line and signatures, each line with its end")]
    Parts,
    /// A signature line is none.
    #[error(
        "signature line {line} of the note must be an em dash, a name, and base64 of key id and signature"
    )]
    Signature {
        /// Number of the line below the blank one, from 1.
        line: usize,
    },
    /// The name in a signature line is no name.
    #[error("a signature line of the note has no name: {0}")]
    Name(#[from] OriginError),
    /// There are too many signatures.
    #[error("note has over {MAX_SIGNATURES} signatures")]
    TooMany,
    /// The key did not sign.
    #[error("note is not signed by {name}, key {key}")]
    Unsigned {
        /// Name of the key.
        name: Origin,
        /// Id of the key.
        key: String,
    },
    /// The key signed twice.
    #[error("note is signed twice by {name}, key {key}")]
    Twice {
        /// Name of the key.
        name: Origin,
        /// Id of the key.
        key: String,
    },
    /// The signature is another text's.
    #[error("signature by {name}, key {key}, is not of this note: text or signature was altered")]
    Forged {
        /// Name of the key.
        name: Origin,
        /// Id of the key.
        key: String,
    },
}

// === impl Note ===

impl Note {
    /// Signs a text whose last line has its end.
    pub(crate) fn sign(text: String, key: &SigningKey) -> Self {
        let verifier = key.verifier();
        let bytes = key.sign(text.as_bytes());
        let signature =
            Signature { name: verifier.name().clone(), key: verifier.id_bytes(), bytes };
        Self { text, signatures: vec![signature] }
    }

    /// Reads a note.
    ///
    /// # Errors
    ///
    /// Returns [`NoteError`] if it has not the form of one.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        // The text may have blank lines, signatures have none.
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Parts)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Parts)?;
        if MAX_SIGNATURES < lines.split('\n').count() {
            return Err(NoteError::TooMany);
        }
        let signatures =
            lines.split('\n').zip(1..).map(|(line, number)| Signature::parse(line, number));
        Ok(Self { text: format!("{text}\n"), signatures: signatures.collect::<Result<_, _>>()? })
    }

    /// Returns the text, with the end of its last line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Checks that the holder of `key` signed; lines of other keys say nothing.
    ///
    /// # Errors
    ///
    /// Returns [`NoteError`] if it did not, did twice, or signed something else.
    pub fn verify(&self, key: &VerifierKey) -> Result<(), NoteError> {
        let name = || key.name().clone();
        let mut ours = self.signatures.iter().filter(|line| line.is_of(key));
        let Some(signature) = ours.next() else {
            return Err(NoteError::Unsigned { name: name(), key: key.id() });
        };
        if ours.next().is_some() {
            return Err(NoteError::Twice { name: name(), key: key.id() });
        }
        if !signature.covers(&self.text, key) {
            return Err(NoteError::Forged { name: name(), key: key.id() });
        }
        Ok(())
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

// === impl Signature ===

impl Signature {
    fn parse(line: &str, number: usize) -> Result<Self, NoteError> {
        let wrong = NoteError::Signature { line: number };
        let Some((name, bytes)) = line.strip_prefix(MARK).and_then(|line| line.split_once(' '))
        else {
            return Err(wrong);
        };
        let bytes = STANDARD.decode(bytes).unwrap_or_default();
        match bytes.split_first_chunk() {
            Some((key, bytes)) if !bytes.is_empty() => {
                Ok(Self { name: name.parse()?, key: *key, bytes: bytes.to_vec() })
            }
            _ => Err(wrong),
        }
    }

    fn is_of(&self, key: &VerifierKey) -> bool {
        (&self.name, self.key) == (key.name(), key.id_bytes())
    }

    fn covers(&self, text: &str, key: &VerifierKey) -> bool {
        match key.algorithm() {
            Algorithm::Ed25519 => key.signed(text.as_bytes(), &self.bytes),
            Algorithm::Cosignature => {
                let Some((time, signature)) = self.bytes.split_first_chunk() else { return false };
                let time = u64::from_be_bytes(*time);
                let message = format!("cosignature/v1\ntime {time}\n{text}");
                key.signed(message.as_bytes(), signature)
            }
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key[..], &self.bytes].concat();
        write!(f, "{MARK}{} {}", self.name, STANDARD.encode(bytes))
    }
}

#[cfg(test)]
mod tests;
