//! Cursors of watches: opaque, and bound to the caller and to what it watches.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oncebus_core::{Caller, FieldError, WatchedSet};

use super::{MAX_TOKEN_BYTES, Pager};

/// Makes and checks the cursors of one watch. They do not grow old: what they point at does.
#[derive(Debug)]
pub(crate) struct Cursors {
    key: hmac::Key,
    bound: Vec<u8>,
}

// === impl Pager ===

impl Pager {
    /// Returns what makes and checks the cursors of a caller that watches these materials.
    pub(crate) fn cursors(&self, caller: &Caller, watched: &WatchedSet) -> Cursors {
        // A keyed hash: a bare one of a subject could be guessed.
        let text = format!("watch\n{}\n{}", caller.system, watched.canonical());
        let bound = hmac::sign(&self.key, text.as_bytes()).as_ref().to_vec();
        Cursors { key: self.key.clone(), bound }
    }
}

// === impl Cursors ===

impl Cursors {
    /// Makes the cursor behind a change.
    pub(crate) fn write(&self, after: u64) -> String {
        let tag = hmac::sign(&self.key, &self.signed(after));
        let mut bytes = after.to_be_bytes().to_vec();
        bytes.extend_from_slice(tag.as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Returns behind which change a cursor is; `None` if it is empty.
    ///
    /// # Errors
    ///
    /// Names `cursor` if it is forged, of another caller, or of other materials.
    pub(crate) fn read(&self, cursor: &str) -> Result<Option<u64>, FieldError> {
        if cursor.is_empty() {
            return Ok(None);
        }
        match self.open(cursor) {
            Some(after) => Ok(Some(after)),
            None => Err(FieldError::new(
                "cursor",
                "is not one of yours for these materials",
                "give the last one of the same watch, or none to watch from now on",
            )),
        }
    }

    fn open(&self, cursor: &str) -> Option<u64> {
        if cursor.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (after, tag) = bytes.split_first_chunk()?;
        let after = u64::from_be_bytes(*after);
        hmac::verify(&self.key, &self.signed(after), tag).ok()?;
        Some(after)
    }

    /// What is authenticated; never what a page token is, which begins with a brace.
    fn signed(&self, after: u64) -> Vec<u8> {
        [&b"cursor\n"[..], &self.bound, &after.to_be_bytes()].concat()
    }
}
