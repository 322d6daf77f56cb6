//! The same certificate as a PKCS #12 file, for Windows and Java.

use std::path::Path;

use oncebus_gateway::{Rng as _, SystemRng};
use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use x509_parser::pem::Pem;

use super::{
    CaError, Issued,
    files::{self, Readers, write_new},
};

/// Name of the PKCS #12 file.
pub(super) const FILE: &str = "key.p12";
/// Name of the file with its password; no line end, as programs take the whole file.
pub(super) const PASSWORD_FILE: &str = "p12.password";
const PASSWORD_BYTES: usize = 16;
/// Name of the one entry: Java's keytool asks for it.
const ALIAS: &str = "oncebus";

/// Fails if the folder `dir` holds a file that [`write()`] would write.
pub(super) fn refuse_existing(dir: &Path) -> Result<(), CaError> {
    files::refuse_existing([dir.join(FILE).as_path(), &dir.join(PASSWORD_FILE)])
}

/// Writes key.p12 and p12.password into the folder `dir`, which must be there.
///
/// # Errors
///
/// Returns [`CaError::Exists`] if one of them is there already.
pub(super) fn write(issued: &Issued, dir: &Path) -> Result<(), CaError> {
    let mut password = [0; PASSWORD_BYTES];
    SystemRng.fill(&mut password);
    let password = hex::encode(password);
    let content = key_store(issued)?.writer(&password).write()?;

    write_new(&dir.join(PASSWORD_FILE), password.as_bytes(), Readers::Owner)?;
    write_new(&dir.join(FILE), &content, Readers::Owner)
}

fn key_store(issued: &Issued) -> Result<KeyStore, CaError> {
    let mut certificates = vec![Certificate::from_der(&issued.certificate_der)?];
    for block in Pem::iter_from_buffer(issued.authority.as_bytes()).flatten() {
        certificates.push(Certificate::from_der(&block.contents)?);
    }
    let key = PrivateKey::from_der(issued.key.serialized_der())?;
    let mut store = KeyStore::new();
    let chain = PrivateKeyChain::new(ALIAS, key, certificates);
    store.add_entry(ALIAS, KeyStoreEntry::PrivateKeyChain(chain));
    Ok(store)
}
