//! Opens a sealed part, at the auditor's own machine.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use oncebus_core::SealedContent;

use super::{
    form::{FormError, SealedForm},
    identity::{RecipientError, SealIdentity},
};

/// Why a sealed part does not open.
#[derive(Debug, thiserror::Error)]
pub enum UnsealError {
    /// It is no sealed part.
    #[error(transparent)]
    Form(#[from] FormError),
    /// It is not the one that its record names.
    #[error("sealed part is not the one of its record: its hash is another")]
    Hash,
    /// The identity is none.
    #[error("identity: {0}")]
    Identity(#[from] RecipientError),
    /// The data key is not wrapped to the identity, or its file is damaged.
    #[error("data key does not open with this identity: {0}")]
    Key(#[from] age::DecryptError),
    /// The data key is of another part, or the part was changed.
    #[error("sealed part does not open with this data key")]
    Cipher,
    /// What was sealed is not read by this program.
    #[error("sealed part holds no content of this form: {0}")]
    Content(#[from] serde_json::Error),
}

/// Opens a stored part with the file of its data key and an auditor's identity, once it is the one
/// whose hash its leaf has.
///
/// # Errors
///
/// [`UnsealError`] if anything of the part, its tokens and key id included, is not as it was sealed.
pub fn open(
    stored: &[u8],
    age_file: &[u8],
    identity: &str,
    leaf_sealed: &str,
) -> Result<SealedContent, UnsealError> {
    let form = SealedForm::read(stored)?;
    if form.hash() != leaf_sealed {
        return Err(UnsealError::Hash);
    }
    let identity: SealIdentity = identity.parse()?;
    let secret = age::decrypt(identity.age(), age_file)?;
    let plain = decrypt(&form, &secret).ok_or(UnsealError::Cipher)?;
    Ok(serde_json::from_slice(&plain)?)
}

fn decrypt(form: &SealedForm<'_>, secret: &[u8]) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, secret).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(form.nonce).ok()?;
    let mut plain = form.ciphertext.to_vec();
    let opened = key.open_in_place(nonce, Aad::from(form.authenticated), &mut plain).ok()?;
    Some(opened.to_vec())
}
