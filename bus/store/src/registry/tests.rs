//! The registry keeps the port's contract, and its file keeps its secrets.

use std::{fs, path::Path};

use oncebus_core::{
    MaterialId, MaterialKey, Registry as _, RegistryError, Subject, SystemRng, conformance,
};

use super::SqliteRegistry;
use crate::SubjectKeys;

async fn open(dir: &Path) -> Result<SqliteRegistry, RegistryError> {
    let keys = SubjectKeys::load_or_create(&dir.join("subjects.json"), &SystemRng)?;
    SqliteRegistry::open(&dir.join("registry.sqlite"), keys).await
}

fn key() -> MaterialKey {
    MaterialKey {
        material_type: "business_license".parse().unwrap(),
        subject: Subject::new("citizen", "370800199001011237").unwrap(),
        number: "L-1".parse().unwrap(),
    }
}

fn id(byte: u8) -> MaterialId {
    MaterialId(uuid::Uuid::from_bytes([byte; 16]))
}

#[tokio::test]
async fn the_registry_conforms() {
    let dir = tempfile::tempdir().unwrap();

    conformance::registry(&open(dir.path()).await.unwrap()).await;

    assert!(dir.path().join("registry.sqlite").exists());
}

#[tokio::test]
async fn a_subject_stands_nowhere_in_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let registry = open(dir.path()).await.unwrap();
    registry.material(&key(), id(1)).await.unwrap();

    let open_files = files(dir.path());
    registry.close().await;
    let closed_files = files(dir.path());

    for bytes in [&open_files, &closed_files] {
        assert!(bytes.windows(9).any(|part| part == b"materials"), "the files were not read");
        assert!(!bytes.windows(18).any(|part| part == b"370800199001011237"));
    }
}

#[tokio::test]
async fn what_is_committed_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).await.unwrap();
    first.material(&key(), id(1)).await.unwrap();
    first.close().await;

    let again = open(dir.path()).await.unwrap();

    assert_eq!(again.material(&key(), id(2)).await.unwrap(), id(1));
}

#[tokio::test]
async fn a_new_key_finds_what_the_old_one_hid() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).await.unwrap();
    first.material(&key(), id(1)).await.unwrap();
    first.close().await;
    let file = dir.path().join("subjects.json");
    let text = fs::read_to_string(&file).unwrap();
    let added = format!("}},{{\"id\":2,\"secret\":\"{}\"}}]", "ab".repeat(32));
    fs::write(&file, text.replace("}]", &added)).unwrap();

    let rotated = open(dir.path()).await.unwrap();

    assert_eq!(rotated.material(&key(), id(2)).await.unwrap(), id(1));
}

#[tokio::test]
async fn a_registry_of_a_newer_program_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let registry = open(dir.path()).await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations \
         (version, description, success, checksum, execution_time) VALUES (9, 'newer', 1, x'', 0)";
    sqlx::query(newer).execute(registry.database.writer()).await.unwrap();
    registry.close().await;

    let refused = open(dir.path()).await.unwrap_err();

    assert!(refused.to_string().contains("newer program"), "{refused}");
}

#[tokio::test]
async fn a_spoilt_key_file_is_refused_and_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("subjects.json"), "{\"keys\":[]}").unwrap();

    let refused = open(dir.path()).await.unwrap_err();

    assert!(matches!(refused, RegistryError::Corrupt { what: "subject key file" }), "{refused}");
    assert_eq!(fs::read(dir.path().join("subjects.json")).unwrap(), b"{\"keys\":[]}");
}

fn files(dir: &Path) -> Vec<u8> {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let databases = files.filter(|path| path.to_string_lossy().contains("registry.sqlite"));
    databases.flat_map(|path| fs::read(path).unwrap()).collect()
}
