//! The data key of one run and day.

use std::{
    fs::{DirBuilder, File},
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use age::Encryptor;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use oncebus_core::Rng;

use super::{form::DataKeyId, identity::SealRecipients};
use crate::keys::write_private;

const KEY_BYTES: usize = 32;

/// A data key in use. Its counter gives each part a nonce of its own.
pub(super) struct DayKey {
    pub(super) id: DataKeyId,
    key: LessSafeKey,
    next: AtomicU64,
}

// === impl DayKey ===

impl DayKey {
    /// Draws a key, and keeps it durably in `dir`, wrapped to the recipients.
    pub(super) fn make(
        id: DataKeyId,
        dir: &Path,
        recipients: &SealRecipients,
        rng: &dyn Rng,
    ) -> io::Result<Self> {
        let mut secret = [0; KEY_BYTES];
        rng.fill(&mut secret);
        let wrapped = wrap(&secret, recipients)?;
        durable_dir(dir)?;
        write_private(&dir.join(id.file_name()), &wrapped)?;
        let key = UnboundKey::new(&AES_256_GCM, &secret).map_err(io::Error::other)?;
        Ok(Self { id, key: LessSafeKey::new(key), next: AtomicU64::new(0) })
    }

    /// Encrypts `plain`, and returns the nonce and the ciphertext with its tag.
    pub(super) fn encrypt(
        &self,
        mut plain: Vec<u8>,
        authenticated: &[u8],
    ) -> io::Result<([u8; NONCE_LEN], Vec<u8>)> {
        let mut nonce = [0; NONCE_LEN];
        let counter = self.next.fetch_add(1, Ordering::Relaxed);
        nonce[NONCE_LEN - 8..].copy_from_slice(&counter.to_be_bytes());
        let unique = Nonce::assume_unique_for_key(nonce);
        self.key
            .seal_in_place_append_tag(unique, Aad::from(authenticated), &mut plain)
            .map_err(io::Error::other)?;
        Ok((nonce, plain))
    }
}

/// Makes the folder of the keys, so that it is still there after a power cut.
fn durable_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    File::open(dir.parent().unwrap_or(dir))?.sync_all()
}

fn wrap(secret: &[u8], recipients: &SealRecipients) -> io::Result<Vec<u8>> {
    let encryptor = Encryptor::with_recipients(recipients.age()).map_err(io::Error::other)?;
    let mut wrapped = Vec::new();
    let mut writer = encryptor.wrap_output(&mut wrapped)?;
    writer.write_all(secret)?;
    writer.finish()?;
    Ok(wrapped)
}
