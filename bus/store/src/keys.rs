//! Keys that hide subjects and cases: a token to search by, an encrypted value to read back.

mod file;
#[cfg(test)]
mod tests;

use std::{fmt, path::Path};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use oncebus_core::{DeptId, RegistryError, Rng, Scheme, SealedContent, Subject, SystemRng};

pub(crate) use self::file::write_private;
use self::file::{KeyFile, KeyLine, corrupt};

const SECRET_BYTES: usize = 32;
const SALT_BYTES: usize = 32;
/// Bytes of a token; it is an HMAC-SHA-256.
pub(crate) const TOKEN_BYTES: usize = 32;
/// So much of its HMAC is an officer's pseudonym, in bytes.
const PSEUDONYM_BYTES: usize = 16;
/// Binds what is encrypted of a purpose to its use.
const PURPOSE: &[u8] = b"oncebus purpose";

/// The keys of one registry. The newest one hides new subjects; all find old ones.
///
/// Token: HMAC-SHA-256 of `scheme:value`, of a case of `case:department:number`. Encrypted value: a
/// random salt of 32 bytes, then AES-256-GCM under a key derived from that salt. Each such key seals
/// one value, so its nonce may be zero and no number of values wears out a key (NIST SP 800-38D,
/// section 8.3).
pub struct SubjectKeys {
    newest: SubjectKey,
    /// Newest first.
    older: Vec<SubjectKey>,
}

/// Token and encrypted value of one subject.
pub(crate) struct Hidden {
    pub key: i64,
    pub token: Vec<u8>,
    pub sealed: Vec<u8>,
}

struct SubjectKey {
    id: i64,
    token: hmac::Key,
    seal: hmac::Key,
}

// === impl SubjectKeys ===

impl SubjectKeys {
    /// Reads the key file, or draws the first key and keeps it durably, mode 0600.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or written, or is no key file.
    pub fn load_or_create(file: &Path, rng: &dyn Rng) -> Result<Self, RegistryError> {
        let kept = match KeyFile::read(file)? {
            Some(kept) => kept,
            None => {
                let mut first = KeyFile::default();
                first.add_key(file, rng)?;
                first
            }
        };
        let keys: Option<Vec<_>> = kept.keys.iter().rev().map(SubjectKey::read).collect();
        let mut keys = keys.ok_or_else(corrupt)?.into_iter();
        Ok(Self { newest: keys.next().ok_or_else(corrupt)?, older: keys.collect() })
    }

    /// Adds a key to the file, durably, and returns its id: what is hidden at the next start is hidden
    /// by it. No gateway may run.
    ///
    /// # Errors
    ///
    /// If there is no key file, or it cannot be read or written.
    pub fn rotate(file: &Path, rng: &dyn Rng) -> Result<i64, RegistryError> {
        KeyFile::read(file)?.ok_or_else(corrupt)?.add_key(file, rng)
    }

    /// Returns the id of the key that hides new subjects.
    pub fn newest(&self) -> i64 {
        self.newest.id
    }

    /// Returns the newest token of a subject in sealed parts: its first byte says the scheme.
    pub fn subject(&self, subject: &Subject) -> [u8; TOKEN_BYTES] {
        marked(self.newest.token(&plain(subject)), subject.scheme())
    }

    /// Returns every token that a sealed part may have of a subject, the newest first.
    pub fn subject_marks(&self, subject: &Subject) -> Vec<[u8; TOKEN_BYTES]> {
        let tokens = self.subject_tokens(subject).into_iter();
        tokens.map(|token| marked(token, subject.scheme())).collect()
    }

    /// Returns every token that the registry may have of a subject, the newest first.
    pub fn subject_tokens(&self, subject: &Subject) -> Vec<[u8; TOKEN_BYTES]> {
        self.tokens(&plain(subject))
    }

    /// Returns the newest token of a department's case.
    pub fn case(&self, department: &DeptId, number: &str) -> [u8; TOKEN_BYTES] {
        self.newest.token(&case(department, number))
    }

    /// Returns every token that a department's case may be found by, the newest first.
    pub fn case_tokens(&self, department: &DeptId, number: &str) -> Vec<[u8; TOKEN_BYTES]> {
        self.tokens(&case(department, number))
    }

    /// Returns the pseudonym of a department's officer, 32 hexadecimal digits.
    pub fn officer(&self, department: &DeptId, number: &str) -> String {
        let token = self.newest.token(&format!("officer:{department}:{number}"));
        hex::encode(&token[..PSEUDONYM_BYTES])
    }

    /// Hides a subject under the newest key.
    pub(crate) fn hide(&self, subject: &Subject) -> Result<Hidden, RegistryError> {
        let plain = plain(subject);
        let token = self.newest.token(&plain).to_vec();
        let sealed = self.newest.seal(plain.into_bytes(), &token)?;
        Ok(Hidden { key: self.newest.id, token, sealed })
    }

    /// Reads a hidden subject back.
    pub(crate) fn reveal(&self, hidden: &Hidden) -> Result<Subject, RegistryError> {
        let corrupt = || RegistryError::Corrupt { what: "encrypted subject" };
        let key = self.key(hidden.key).ok_or_else(corrupt)?;
        let plain = key.open(&hidden.sealed, &hidden.token);
        let plain = plain.and_then(|plain| String::from_utf8(plain).ok());
        Ok(plain.ok_or_else(corrupt)?.try_into()?)
    }

    /// Encrypts the private part of a purpose: the key's id in 8 bytes, big-endian, then as a subject.
    pub(crate) fn hide_purpose(&self, private: &SealedContent) -> Result<Vec<u8>, RegistryError> {
        let sealed = self.newest.seal(private.to_json(), PURPOSE)?;
        Ok([&self.newest.id.to_be_bytes()[..], &sealed].concat())
    }

    /// Reads the private part of a purpose back.
    pub(crate) fn reveal_purpose(&self, hidden: &[u8]) -> Result<SealedContent, RegistryError> {
        let read = || {
            let (id, sealed) = hidden.split_first_chunk()?;
            let plain = self.key(i64::from_be_bytes(*id))?.open(sealed, PURPOSE)?;
            serde_json::from_slice(&plain).ok()
        };
        read().ok_or(RegistryError::Corrupt { what: "encrypted purpose" })
    }

    fn tokens(&self, plain: &str) -> Vec<[u8; TOKEN_BYTES]> {
        self.all().map(|key| key.token(plain)).collect()
    }

    fn key(&self, id: i64) -> Option<&SubjectKey> {
        self.all().find(|key| key.id == id)
    }

    fn all(&self) -> impl Iterator<Item = &SubjectKey> {
        std::iter::once(&self.newest).chain(&self.older)
    }
}

impl fmt::Debug for SubjectKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubjectKeys").field("keys", &self.all().count()).finish()
    }
}

// === impl SubjectKey ===

impl SubjectKey {
    fn read(line: &KeyLine) -> Option<Self> {
        let mut secret = [0; SECRET_BYTES];
        hex::decode_to_slice(&line.secret, &mut secret).ok()?;
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let derive =
            |label: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&secret, label).as_ref());
        let (token, seal) = (derive(b"oncebus subject token"), derive(b"oncebus subject seal"));
        Some(Self { id: line.id, token, seal })
    }

    fn token(&self, plain: &str) -> [u8; TOKEN_BYTES] {
        let mut token = [0; TOKEN_BYTES];
        token.copy_from_slice(hmac::sign(&self.token, plain.as_bytes()).as_ref());
        token
    }

    fn seal(&self, mut plain: Vec<u8>, bound_to: &[u8]) -> Result<Vec<u8>, RegistryError> {
        let mut sealed = vec![0; SALT_BYTES];
        SystemRng.fill(&mut sealed);
        let key = self.once(&sealed).ok_or(RegistryError::Corrupt { what: "subject key" })?;
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        match key.seal_in_place_append_tag(nonce, Aad::from(bound_to), &mut plain) {
            Ok(()) => sealed.extend_from_slice(&plain),
            Err(_too_long) => return Err(RegistryError::Corrupt { what: "subject" }),
        }
        Ok(sealed)
    }

    fn open(&self, sealed: &[u8], bound_to: &[u8]) -> Option<Vec<u8>> {
        let (salt, sealed) = sealed.split_at_checked(SALT_BYTES)?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        let aad = Aad::from(bound_to);
        Some(self.once(salt)?.open_in_place(nonce, aad, &mut sealed).ok()?.to_vec())
    }

    fn once(&self, salt: &[u8]) -> Option<LessSafeKey> {
        let key = hmac::sign(&self.seal, salt);
        Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_ref()).ok()?))
    }
}

/// First byte of a project's token in sealed parts.
pub(crate) const PROJECT_MARK: u8 = 1;

/// Puts the scheme in place of a token's first byte, so that projects can be counted.
fn marked(mut token: [u8; TOKEN_BYTES], scheme: Scheme) -> [u8; TOKEN_BYTES] {
    token[0] = match scheme {
        Scheme::Project => PROJECT_MARK,
        Scheme::Credit => 2,
        Scheme::Citizen => 3,
        Scheme::License => 4,
    };
    token
}

fn plain(subject: &Subject) -> String {
    subject.clone().into()
}

fn case(department: &DeptId, number: &str) -> String {
    format!("case:{department}:{number}")
}
