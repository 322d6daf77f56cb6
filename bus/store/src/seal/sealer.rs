//! Seals, under the key of the day.

use std::{
    fmt, io,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use oncebus_core::{BootId, DeptId, Rng, Seal, SealError, SealedContent, SealedPart};
use sha2::{Digest as _, Sha256};
use tokio::{sync::Mutex, task::spawn_blocking, time::timeout};

use super::{
    day_key::DayKey,
    form::{self, DataKeyId},
    identity::SealRecipients,
};
use crate::SubjectKeys;

const DAY_S: i64 = 24 * 3_600;
/// Longest that the disk may take to keep a key.
const KEEP: Duration = Duration::from_secs(10);

/// Seals the records of one run of a gateway.
pub struct Sealer {
    boot: BootId,
    dir: PathBuf,
    recipients: SealRecipients,
    tokens: Arc<SubjectKeys>,
    rng: Arc<dyn Rng>,
    current: RwLock<Option<Arc<DayKey>>>,
    /// Taken by who makes the next day's key.
    making: Mutex<()>,
}

// === impl Sealer ===

impl Sealer {
    /// Prepares to seal; `dir` is where wrapped keys are kept. Makes no key before one is needed.
    pub fn new(
        boot: BootId,
        dir: PathBuf,
        recipients: SealRecipients,
        tokens: Arc<SubjectKeys>,
        rng: Arc<dyn Rng>,
    ) -> Self {
        let (current, making) = (RwLock::default(), Mutex::default());
        Self { boot, dir, recipients, tokens, rng, current, making }
    }

    /// Returns the key of a day; an earlier day's part, late by a moment, goes under the newest key.
    async fn key_of(&self, day: u32) -> Result<Arc<DayKey>, SealError> {
        if let Some(key) = self.known(day) {
            return Ok(key);
        }
        let _turn = self.making.lock().await;
        match self.known(day) {
            Some(key) => Ok(key),
            None => self.make(day).await,
        }
    }

    fn known(&self, day: u32) -> Option<Arc<DayKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.clone().filter(|key| day <= key.id.day)
    }

    async fn make(&self, day: u32) -> Result<Arc<DayKey>, SealError> {
        let id = DataKeyId { boot: self.boot.0, day };
        let (dir, recipients) = (self.dir.clone(), self.recipients.clone());
        let rng = Arc::clone(&self.rng);
        let work = spawn_blocking(move || DayKey::make(id, &dir, &recipients, &*rng));
        let made = match timeout(KEEP, work).await {
            Ok(Ok(made)) => made,
            Ok(Err(ended)) => Err(io::Error::other(ended)),
            Err(elapsed) => Err(io::Error::new(io::ErrorKind::TimedOut, elapsed)),
        };
        let key = Arc::new(made.map_err(|source| {
            let what = format!("cannot keep data key {id} in {}", self.dir.display());
            SealError { what, source: Some(source) }
        })?);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Some(Arc::clone(&key));
        Ok(key)
    }
}

#[async_trait]
impl Seal for Sealer {
    async fn seal(
        &self,
        content: &SealedContent,
        department: &DeptId,
        time: Timestamp,
    ) -> Result<SealedPart, SealError> {
        let key = self.key_of(u32::try_from(time.as_second() / DAY_S).unwrap_or(0)).await?;
        let mut salt = [0; 32];
        self.rng.fill(&mut salt);
        let subject_token = content.subject.as_ref().map(|subject| self.tokens.subject(subject));
        let case_token = content.case.as_ref().map(|case| self.tokens.case(department, case));
        let officer = content.officer.as_ref();
        let mut stored = form::begin(key.id, &salt, subject_token.as_ref(), case_token.as_ref());
        let (nonce, ciphertext) = key.encrypt(content.to_json(), &stored).map_err(|source| {
            SealError { what: "cannot encrypt".to_owned(), source: Some(source) }
        })?;
        stored.extend_from_slice(&nonce);
        stored.extend_from_slice(&ciphertext);
        Ok(SealedPart {
            hash: salted(&salt, &stored),
            stored,
            officer: officer.map(|officer| self.tokens.officer(department, officer)),
            digest_salted: content.digest.map(|digest| salted(&salt, digest.as_bytes())),
        })
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer")
            .field("boot", &self.boot)
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

/// Returns SHA-256 of salt and bytes, hexadecimal.
pub(super) fn salted(salt: &[u8], bytes: &[u8]) -> String {
    hex::encode(Sha256::new().chain_update(salt).chain_update(bytes).finalize())
}
