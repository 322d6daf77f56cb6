//! Page tokens: opaque, bound to caller, method and filter, and short-lived.

mod cursor;

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oncebus_core::{Caller, Clock, Digest, FieldError};
use serde::{Deserialize, Serialize};

pub(crate) use self::cursor::Cursors;

/// How long a token is good.
const LIFETIME: Duration = Duration::from_secs(3_600);
/// Rows of a page where none are asked for.
const DEFAULT_SIZE: usize = 100;
/// Most rows of a page.
const MAX_SIZE: usize = 1_000;
/// Longest token that is looked at, in bytes.
const MAX_TOKEN_BYTES: usize = 512;

/// Makes and checks page tokens, and cursors of watches.
#[derive(Debug)]
pub(crate) struct Pager {
    key: hmac::Key,
}

/// A checked request for a page.
#[derive(Debug)]
pub(crate) struct Page {
    /// Most rows.
    pub size: usize,
    /// Where the page before ended.
    pub after: Option<String>,
    bound: Digest,
}

#[derive(Serialize, Deserialize)]
struct Token {
    after: String,
    bound: Digest,
    expires: i64,
}

// === impl Pager ===

impl Pager {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// Checks the size, and that the token came from the same caller and filter.
    ///
    /// # Errors
    ///
    /// Names `page_size` if it is negative, `page_token` if it is forged, old, or of another list.
    pub(crate) fn page(
        &self,
        caller: &Caller,
        filter: &str,
        size: i32,
        token: &str,
        clock: &dyn Clock,
    ) -> Result<Page, FieldError> {
        let size = match usize::try_from(size) {
            Ok(0) => DEFAULT_SIZE,
            Ok(size) => size.min(MAX_SIZE),
            Err(_negative) => {
                return Err(FieldError::new("page_size", "is negative", "give 0 to 1000"));
            }
        };
        let bound = Digest::of(format!("{}\n{filter}", caller.system).as_bytes());
        if token.is_empty() {
            return Ok(Page { size, after: None, bound });
        }
        let now = clock.now().as_millisecond();
        match self.open(token) {
            Some(token) if token.bound == bound && now < token.expires => {
                Ok(Page { size, after: Some(token.after), bound })
            }
            _ => Err(FieldError::new(
                "page_token",
                "is not one of this list, or too old",
                "start again without one",
            )),
        }
    }

    /// Makes the token of the page after `page`.
    pub(crate) fn token(&self, page: &Page, after: String, clock: &dyn Clock) -> String {
        let expires = (clock.now() + LIFETIME).as_millisecond();
        let token = Token { after, bound: page.bound, expires };
        let mut bytes = serde_json::to_vec(&token).expect("a token has only strings and integers");
        let tag = hmac::sign(&self.key, &bytes);
        bytes.extend_from_slice(tag.as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Cuts one page out of `rows`, and makes the token of the next; it counts rows.
    pub(crate) fn cut<'a, T>(
        &self,
        page: &Page,
        rows: &'a [T],
        clock: &dyn Clock,
    ) -> (&'a [T], String) {
        let start = page.after.as_ref().and_then(|after| after.parse().ok()).unwrap_or(0);
        let start = rows.len().min(start);
        let end = rows.len().min(start + page.size);
        let more = end < rows.len();
        let next = if more { self.token(page, end.to_string(), clock) } else { String::new() };
        (&rows[start..end], next)
    }

    fn open(&self, token: &str) -> Option<Token> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (payload, tag) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
        hmac::verify(&self.key, payload, tag).ok()?;
        serde_json::from_slice(payload).ok()
    }
}
