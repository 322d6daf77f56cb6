//! How a sealed part is stored.
//!
//! ```text
//! 1         version of this form
//! 16        boot id         the data key's id
//! 4         day since 1970, UTC, big-endian
//! 32        salt
//! 1         number of tokens, 0 to 2
//! 32 each   token of the subject (zeros where only a case follows), token of the case; the first byte
//!           of a subject's says its scheme: 1 project, 2 credit, 3 citizen, 4 license
//! 12        nonce: four zeros, a counter of eight bytes, big-endian
//! rest      AES-256-GCM ciphertext with its tag of 16; all before the nonce is authenticated too
//! ```

use std::fmt;

use jiff::{ToSpan as _, civil::Date};
use uuid::Uuid;

use super::sealer::salted;

/// The form that this program writes.
const VERSION: u8 = 1;
const VERSION_BYTES: usize = 1;
const BOOT_BYTES: usize = 16;
const DAY_BYTES: usize = 4;
const SALT_BYTES: usize = 32;
const TOKEN_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
/// Most tokens: the subject's and the case's.
const MAX_TOKENS: usize = 2;
const FIRST_DAY: Date = Date::constant(1970, 1, 1);

/// A stored part, taken to pieces. It is not checked against its record; see [`super::open`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedForm<'s> {
    /// Data key that it is encrypted under.
    pub key: DataKeyId,
    /// Salt of its hash.
    pub salt: &'s [u8],
    /// Token of the subject.
    pub subject_token: Option<&'s [u8]>,
    /// Token of the case.
    pub case_token: Option<&'s [u8]>,
    stored: &'s [u8],
    pub(super) authenticated: &'s [u8],
    pub(super) nonce: &'s [u8],
    pub(super) ciphertext: &'s [u8],
}

/// Names a data key: the run and the day, in UTC, on which it was first used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataKeyId {
    /// The run.
    pub boot: Uuid,
    /// Days since 1970.
    pub day: u32,
}

/// Why bytes are no sealed part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// It is of another form.
    #[error("sealed part has form {0}, this program reads {VERSION}")]
    Version(u8),
    /// It ends too early.
    #[error("sealed part is cut short")]
    Short,
    /// It has more tokens than there are.
    #[error("sealed part has {0} tokens, at most {MAX_TOKENS} are allowed")]
    Tokens(u8),
}

// === impl SealedForm ===

impl<'s> SealedForm<'s> {
    /// Takes a stored part to pieces.
    ///
    /// # Errors
    ///
    /// If it is of another form, or cut.
    pub fn read(stored: &'s [u8]) -> Result<Self, FormError> {
        let mut rest = stored;
        let [version] = *take(&mut rest, VERSION_BYTES)? else { return Err(FormError::Short) };
        if version != VERSION {
            return Err(FormError::Version(version));
        }
        let boot = Uuid::from_slice(take(&mut rest, BOOT_BYTES)?).unwrap_or_default();
        let day =
            take(&mut rest, DAY_BYTES)?.iter().fold(0, |day, byte| day << 8 | u32::from(*byte));
        let salt = take(&mut rest, SALT_BYTES)?;
        let [count] = *take(&mut rest, 1)? else { return Err(FormError::Short) };
        if usize::from(count) > MAX_TOKENS {
            return Err(FormError::Tokens(count));
        }
        let mut tokens = take(&mut rest, usize::from(count) * TOKEN_BYTES)?.chunks(TOKEN_BYTES);
        let subject_token = tokens.next().filter(|token| token.iter().any(|byte| *byte != 0));
        let case_token = tokens.next();
        let authenticated = &stored[..stored.len() - rest.len()];
        let nonce = take(&mut rest, NONCE_BYTES)?;
        let key = DataKeyId { boot, day };
        let ciphertext = rest;
        Ok(Self { key, salt, subject_token, case_token, stored, authenticated, nonce, ciphertext })
    }

    /// Returns SHA-256 of the salt and the whole stored part, hexadecimal, as the record's leaf has it:
    /// an edited token or nonce is found without the data key.
    pub fn hash(&self) -> String {
        salted(self.salt, self.stored)
    }
}

/// Begins a stored part: all that stands before the nonce.
pub(super) fn begin(
    key: DataKeyId,
    salt: &[u8; SALT_BYTES],
    subject_token: Option<&[u8; TOKEN_BYTES]>,
    case_token: Option<&[u8; TOKEN_BYTES]>,
) -> Vec<u8> {
    let tokens: &[&[u8; TOKEN_BYTES]] = match (subject_token, case_token) {
        (None, None) => &[],
        (Some(subject), None) => &[subject],
        (subject, Some(case)) => &[subject.unwrap_or(&[0; TOKEN_BYTES]), case],
    };
    let count = u8::try_from(tokens.len()).unwrap_or(u8::MAX);
    let parts = [&[VERSION], &key.boot.as_bytes()[..], &key.day.to_be_bytes(), salt, &[count]];
    let mut stored = parts.concat();
    tokens.iter().for_each(|token| stored.extend_from_slice(*token));
    stored
}

fn take<'s>(rest: &mut &'s [u8], length: usize) -> Result<&'s [u8], FormError> {
    let (taken, left) = rest.split_at_checked(length).ok_or(FormError::Short)?;
    *rest = left;
    Ok(taken)
}

// === impl DataKeyId ===

impl DataKeyId {
    /// Returns the name of the file that holds the wrapped key.
    pub fn file_name(&self) -> String {
        format!("{self}.age")
    }
}

impl fmt::Display for DataKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = FIRST_DAY.checked_add(i64::from(self.day).days()).unwrap_or(FIRST_DAY);
        write!(f, "{}-{day}", self.boot)
    }
}
