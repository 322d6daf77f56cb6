//! Keys that hide subjects: a token to search by, an encrypted value to read back.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use oncebus_core::{DeptId, RegistryError, Rng, Subject, SystemRng};
use serde::{Deserialize, Serialize};

const SECRET_BYTES: usize = 32;
const SALT_BYTES: usize = 32;

/// The keys of one registry. The newest one hides new subjects; all find old ones.
///
/// Token: HMAC-SHA-256 of `scheme:value`. Encrypted value: a random salt of 32 bytes, then
/// AES-256-GCM under a key derived from that salt. Each such key seals one value, so its nonce may be
/// zero and no number of values wears out a key (NIST SP 800-38D, section 8.3).
pub struct SubjectKeys {
    /// Oldest first.
    keys: Vec<SubjectKey>,
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

/// The key file: JSON, oldest key first. A key is added for rotation, and never removed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    keys: Vec<KeyLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyLine {
    id: i64,
    secret: String,
}

// === impl SubjectKeys ===

impl SubjectKeys {
    /// Reads the key file, or draws the first key and keeps it durably, mode 0600.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or written, or is no key file.
    pub fn load_or_create(file: &Path, rng: &dyn Rng) -> Result<Self, RegistryError> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(file, rng)?,
            Err(error) => return Err(storage("read the subject keys", error)),
        };
        let read = |text: &str| -> Option<Vec<SubjectKey>> {
            let file: KeyFile = serde_json::from_str(text).ok()?;
            file.keys.iter().map(SubjectKey::read).collect()
        };
        match read(&text) {
            Some(keys) if !keys.is_empty() => Ok(Self { keys }),
            _ => Err(RegistryError::Corrupt { what: "subject key file" }),
        }
    }

    /// Hides a subject under the newest key.
    pub(crate) fn hide(&self, subject: &Subject) -> Result<Hidden, RegistryError> {
        let key = self.keys.last().ok_or(RegistryError::Corrupt { what: "subject key file" })?;
        let plain = plain(subject);
        let token = key.token(&plain);
        let sealed = key.seal(plain.into_bytes(), &token)?;
        Ok(Hidden { key: key.id, token, sealed })
    }

    /// Returns every token that the subject may be found by.
    pub(crate) fn tokens(&self, subject: &Subject) -> Vec<Vec<u8>> {
        let plain = plain(subject);
        self.keys.iter().rev().map(|key| key.token(&plain)).collect()
    }

    /// Returns every token that a department's case may be found by.
    pub(crate) fn case_tokens(&self, department: &DeptId, number: &str) -> Vec<Vec<u8>> {
        let plain = format!("case:{department}:{number}");
        self.keys.iter().rev().map(|key| key.token(&plain)).collect()
    }

    /// Reads a hidden subject back.
    pub(crate) fn reveal(&self, hidden: &Hidden) -> Result<Subject, RegistryError> {
        let corrupt = || RegistryError::Corrupt { what: "encrypted subject" };
        let key = self.keys.iter().find(|key| key.id == hidden.key).ok_or_else(corrupt)?;
        let plain = key.open(hidden).and_then(|plain| String::from_utf8(plain).ok());
        let plain = plain.ok_or_else(corrupt)?;
        let (scheme, value) = plain.split_once(':').ok_or_else(corrupt)?;
        Ok(Subject::new(scheme, value)?)
    }
}

impl fmt::Debug for SubjectKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubjectKeys").field("keys", &self.keys.len()).finish()
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

    fn token(&self, plain: &str) -> Vec<u8> {
        hmac::sign(&self.token, plain.as_bytes()).as_ref().to_vec()
    }

    fn seal(&self, mut plain: Vec<u8>, token: &[u8]) -> Result<Vec<u8>, RegistryError> {
        let mut sealed = vec![0; SALT_BYTES];
        SystemRng.fill(&mut sealed);
        let key = self.once(&sealed).ok_or(RegistryError::Corrupt { what: "subject key" })?;
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        match key.seal_in_place_append_tag(nonce, Aad::from(token), &mut plain) {
            Ok(()) => sealed.extend_from_slice(&plain),
            Err(_too_long) => return Err(RegistryError::Corrupt { what: "subject" }),
        }
        Ok(sealed)
    }

    fn open(&self, hidden: &Hidden) -> Option<Vec<u8>> {
        let (salt, sealed) = hidden.sealed.split_at_checked(SALT_BYTES)?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        let aad = Aad::from(&hidden.token);
        Some(self.once(salt)?.open_in_place(nonce, aad, &mut sealed).ok()?.to_vec())
    }

    fn once(&self, salt: &[u8]) -> Option<LessSafeKey> {
        let key = hmac::sign(&self.seal, salt);
        Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_ref()).ok()?))
    }
}

fn plain(subject: &Subject) -> String {
    format!("{}:{}", subject.scheme().as_str(), subject.value())
}

fn create(file: &Path, rng: &dyn Rng) -> Result<String, RegistryError> {
    let mut secret = [0; SECRET_BYTES];
    rng.fill(&mut secret);
    let keys = vec![KeyLine { id: 1, secret: hex::encode(secret) }];
    let text =
        serde_json::to_string(&KeyFile { keys }).expect("a key file has only strings and integers");
    write(file, text.as_bytes()).map_err(|error| storage("write the subject keys", error))?;
    Ok(text)
}

/// Writes beside the file and renames, so that a crash leaves a whole key file or none.
fn write(file: &Path, text: &[u8]) -> io::Result<()> {
    let draft = file.with_extension("draft");
    let mut new =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    new.write_all(text)?;
    new.sync_all()?;
    fs::rename(&draft, file)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn storage(action: &'static str, error: io::Error) -> RegistryError {
    RegistryError::Storage { action, source: Box::new(error) }
}
