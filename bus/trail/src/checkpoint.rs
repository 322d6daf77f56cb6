//! What a log commits to: its name, its size and its root.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    hash::HASH_BYTES,
    key::{SigningKey, VerifierKey},
    note::{Note, NoteError},
    origin::{Origin, OriginError},
};

/// State of a log at one size.
///
/// Source: C2SP tlog-checkpoint. There are no extension lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Name of the log.
    pub origin: Origin,
    /// Number of its records.
    pub size: u64,
    /// RFC 6962 root over them.
    pub root: [u8; HASH_BYTES],
}

/// A checkpoint with the note that commits the log to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What the log commits to.
    pub checkpoint: Checkpoint,
    /// The signed note, C2SP tlog-checkpoint: body, blank line, signatures.
    pub note: String,
}

/// Why a text is no checkpoint of a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It is not signed as it must be.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// It is another log's than the key that checks it.
    #[error("checkpoint is of log {origin}, the key of {key}")]
    Log {
        /// The log that the checkpoint names.
        origin: Origin,
        /// The name of the key.
        key: Origin,
    },
    /// It is not three lines.
    #[error("checkpoint must be three lines, each with its line end: origin, size, root")]
    Lines,
    /// The first line names no log.
    #[error("first line of the checkpoint names no log")]
    Origin(#[from] OriginError),
    /// The second line is no size.
    #[error("second line of the checkpoint must be a size in decimal without leading zeros")]
    Size,
    /// The third line is no root.
    #[error("third line of the checkpoint must be a root of 32 bytes in base64")]
    Root,
}

// === impl Checkpoint ===

impl Checkpoint {
    /// Returns the text that is signed: origin, size and base64 root, a line each.
    pub fn body(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// Commits the log to it.
    pub(crate) fn sign(self, key: &SigningKey) -> SignedCheckpoint {
        let note = Note::sign(self.body(), key).to_string();
        SignedCheckpoint { checkpoint: self, note }
    }

    /// Reads a checkpoint body.
    ///
    /// # Errors
    ///
    /// Returns [`CheckpointError`] unless `body` is exactly what [`Self::body`] writes.
    pub fn parse(body: &str) -> Result<Self, CheckpointError> {
        let mut lines = body.split('\n');
        let parts = [lines.next(), lines.next(), lines.next(), lines.next(), lines.next()];
        let [Some(origin), Some(size), Some(root), Some(""), None] = parts else {
            return Err(CheckpointError::Lines);
        };
        Ok(Self { origin: origin.parse()?, size: parse_size(size)?, root: parse_root(root)? })
    }
}

// === impl SignedCheckpoint ===

impl SignedCheckpoint {
    /// Reads a signed checkpoint of the log whose key `key` is.
    ///
    /// # Errors
    ///
    /// Returns [`CheckpointError`] if it has not the form of one, or is not the log's.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, CheckpointError> {
        let signed = Note::parse(note)?;
        signed.verify(key)?;
        let checkpoint = Checkpoint::parse(signed.text())?;
        if checkpoint.origin != *key.name() {
            let key = key.name().clone();
            return Err(CheckpointError::Log { origin: checkpoint.origin, key });
        }
        Ok(Self { checkpoint, note: note.to_owned() })
    }
}

fn parse_size(line: &str) -> Result<u64, CheckpointError> {
    match line.parse::<u64>() {
        // One size has one spelling: no sign, no leading zero.
        Ok(size) if size.to_string() == line => Ok(size),
        _ => Err(CheckpointError::Size),
    }
}

fn parse_root(line: &str) -> Result<[u8; HASH_BYTES], CheckpointError> {
    let bytes = STANDARD.decode(line).unwrap_or_default();
    bytes.try_into().or(Err(CheckpointError::Root))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "oncebus.test/gateway/g1".parse().unwrap(), size: 20, root: [7; 32] }
    }

    #[test]
    fn body_is_three_lines_and_reads_back() {
        let body = checkpoint().body();

        let root = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
        assert_eq!(body, format!("oncebus.test/gateway/g1\n20\n{root}\n"));
        assert_eq!(Checkpoint::parse(&body), Ok(checkpoint()));
    }

    #[test]
    fn any_other_spelling_is_refused() {
        let body = checkpoint().body();
        let cases = [
            (String::new(), CheckpointError::Lines),
            (body.trim_end().to_owned(), CheckpointError::Lines),
            (format!("{body}extension\n"), CheckpointError::Lines),
            (body.replace("\n20", "\n020"), CheckpointError::Size),
            (body.replace("\n20", "\n+20"), CheckpointError::Size),
            (body.replace("\n20", "\n99999999999999999999"), CheckpointError::Size),
            (body.replace("Bwc=", "Bwc"), CheckpointError::Root),
            (body.replace("BwcHBwcH", "BwcH"), CheckpointError::Root),
            (body.replace("oncebus.test/gateway/g1", ""), OriginError::Empty.into()),
        ];

        for (text, error) in cases {
            assert_eq!(Checkpoint::parse(&text), Err(error), "{text:?}");
        }
    }
}
