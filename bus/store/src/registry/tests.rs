//! The registry keeps the port's contract, and its file keeps its secrets.

use std::{error::Error, fs, iter, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use oncebus_core::{
    Authorization, Cause, ChunkDigests, Digest, Document, Ground, HeldVersion, Intake, Manifest,
    MaterialId, MaterialKey, NewUpload, Purpose, Registry as _, RegistryError, RequestId,
    SealedContent, Status, Subject, SystemId, SystemRng, UploadId, Version, Why, conformance,
};

use super::{Approval, SqliteRegistry, Unseal, UnsealId};
use crate::SubjectKeys;

async fn open(dir: &Path) -> Result<SqliteRegistry, RegistryError> {
    let keys = SubjectKeys::load_or_create(&dir.join("subjects.json"), &SystemRng)?;
    SqliteRegistry::open(&dir.join("registry.sqlite"), Arc::new(keys)).await
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

fn document() -> Document {
    Document {
        number: key().number,
        size_bytes: 7,
        digest: Digest::of(b"content"),
        media_type: "application/pdf".parse().unwrap(),
        issuer: None,
        issued: None,
        valid_until: None,
        relations: Vec::new(),
    }
}

fn upload() -> NewUpload {
    let purpose = Purpose {
        item: "I14".to_owned(),
        case_number: "C1".to_owned(),
        cause: Cause::Approval,
        legal_basis: "law".to_owned(),
        officer: "o7".to_owned(),
        authorization: Authorization::StatutoryDuty,
    };
    NewUpload {
        id: UploadId(uuid::Uuid::from_bytes([9; 16])),
        system: SystemId::verified("spiffe://test/dept/market/system/a".to_owned()),
        holder: "market".parse().unwrap(),
        material: id(1),
        material_type: key().material_type,
        subject: key().subject,
        document: document(),
        expected: None,
        intent: 7,
        intake: Intake::Source,
        why: Why::of(&purpose),
        private: SealedContent::of(&purpose),
        now: "2026-03-02T09:00:00Z".parse().unwrap(),
    }
}

async fn register(
    registry: &SqliteRegistry,
    manifest: &Manifest,
    chunks: &ChunkDigests,
) -> Version {
    let (holder, now) = ("market".parse().unwrap(), upload().now);
    let (holder, status) = (&holder, Status::Valid);
    let held = HeldVersion { manifest, chunks, holder, status, confirmed_at: now, now };
    registry.register_held(&held).await.unwrap()
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
    registry.begin_upload(&upload(), 1).await.unwrap();

    let open_files = files(dir.path());
    registry.close().await;
    let closed_files = files(dir.path());

    for bytes in [&open_files, &closed_files] {
        assert!(bytes.windows(9).any(|part| part == b"materials"), "the files were not read");
        assert!(bytes.windows(6).any(|part| part == b"market"), "the upload is not in them");
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
async fn a_new_key_finds_and_reads_what_the_old_one_hid() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).await.unwrap();
    let material = first.material(&key(), id(1)).await.unwrap();
    let chunks = ChunkDigests::of(b"content");
    let manifest = Manifest::new(material, &key().material_type, &document(), &chunks);
    let held = register(&first, &manifest, &chunks).await;
    first.close().await;
    let file = dir.path().join("subjects.json");
    let text = fs::read_to_string(&file).unwrap();
    let added = format!("}},{{\"id\":2,\"secret\":\"{}\"}}]", "ab".repeat(32));
    fs::write(&file, text.replace("}]", &added)).unwrap();

    let rotated = open(dir.path()).await.unwrap();

    let current = rotated.current(&key().material_type, &key().subject, None).await.unwrap();
    assert_eq!(rotated.material(&key(), id(2)).await.unwrap(), id(1));
    assert_eq!(current, [held]);
    assert_eq!(current[0].subject, key().subject);
}

#[tokio::test]
async fn any_edit_of_a_version_is_named() {
    for (edit, column) in [
        ("UPDATE versions SET manifest = replace(manifest, 'pdf', 'xml')", "manifest"),
        ("UPDATE versions SET content = zeroblob(32)", "content"),
        ("UPDATE versions SET chunks = zeroblob(32)", "chunks"),
        ("UPDATE versions SET id = zeroblob(32)", "manifest"),
        ("UPDATE versions SET material = zeroblob(16)", "material"),
        ("DELETE FROM materials", "material_type"),
        ("UPDATE materials SET material_type = 'id_card'", "material_type"),
        ("UPDATE materials SET subject_token = zeroblob(32)", "subject"),
        ("UPDATE materials SET subject_sealed = zeroblob(80)", "subject"),
        ("UPDATE materials SET current = zeroblob(32)", "current"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let registry = open(dir.path()).await.unwrap();
        registry.material(&key(), id(1)).await.unwrap();
        let chunks = ChunkDigests::of(b"content");
        let manifest = Manifest::new(id(1), &key().material_type, &document(), &chunks);
        register(&registry, &manifest, &chunks).await;
        let sound = registry.inspect(None, 10).await.unwrap();
        let edited = format!("PRAGMA foreign_keys = OFF; {edit}");

        sqlx::raw_sql(sqlx::AssertSqlSafe(edited))
            .execute(registry.database.writer())
            .await
            .unwrap();
        let found = registry.inspect(None, 10).await.unwrap().fault;

        assert_eq!((sound.versions, sound.next, sound.fault), (1, None, None));
        assert_eq!(found.map(|fault| fault.column), Some(column), "{edit}");
    }
}

#[tokio::test]
async fn a_lost_key_file_is_never_made_up_for() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).await.unwrap();
    first.material(&key(), id(1)).await.unwrap();
    first.close().await;
    let file = dir.path().join("subjects.json");
    let kept = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();

    let lost = open(dir.path()).await.unwrap_err();
    let still_lost = open(dir.path()).await.unwrap_err();
    fs::write(&file, kept).unwrap();
    let restored = open(dir.path()).await.unwrap();

    for refused in [lost, still_lost] {
        assert!(matches!(refused, RegistryError::SubjectKey { key: 1 }), "{refused}");
        assert!(refused.to_string().contains("restore the key file"), "{refused}");
    }
    assert_eq!(restored.material(&key(), id(2)).await.unwrap(), id(1));
}

#[tokio::test]
async fn half_a_draft_of_a_key_file_is_written_anew() {
    let dir = tempfile::tempdir().unwrap();
    let draft = dir.path().join("subjects.draft");
    fs::write(&draft, "{\"keys\":[{\"id\":1,\"secret\":\"ab").unwrap();

    open(dir.path()).await.unwrap();

    assert!(dir.path().join("subjects.json").exists() && !draft.exists());
}

#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let registry = open(dir.path()).await.unwrap();
    registry.material(&key(), id(1)).await.unwrap();

    for name in ["registry.sqlite", "registry.sqlite-wal", "registry.sqlite-shm", "subjects.json"] {
        let mode = fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
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

    let causes = iter::successors(refused.source(), |&error| error.source());
    let causes = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    assert!(refused.to_string().contains("newer program"), "{refused}");
    assert!(causes.contains("migration 9 "), "{causes}");
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

#[tokio::test]
async fn after_a_rotation_all_is_found_one_line_stays_and_no_row_keeps_the_old_key() {
    let dir = tempfile::tempdir().unwrap();
    let registry = open(dir.path()).await.unwrap();
    for byte in 1..=5 {
        let key = MaterialKey { number: format!("L-{byte}").parse().unwrap(), ..key() };
        registry.material(&key, id(byte)).await.unwrap();
    }
    let chunks = ChunkDigests::of(b"content");
    let manifest = Manifest::new(id(1), &key().material_type, &document(), &chunks);
    register(&registry, &manifest, &chunks).await;
    registry.close().await;

    SubjectKeys::rotate(&dir.path().join("subjects.json"), &SystemRng).unwrap();
    let registry = open(dir.path()).await.unwrap();
    let before = registry.of_older_keys().await.unwrap();
    let mut steps = Vec::new();
    loop {
        let found = registry.current(&key().material_type, &key().subject, None).await.unwrap();
        assert_eq!(found.len(), 1, "a version was lost, or is there twice");
        assert_eq!(registry.material(&key(), id(99)).await.unwrap(), id(1), "a second line began");
        match registry.retoken(2).await.unwrap() {
            0 => break,
            done => steps.push(done),
        }
    }

    assert_eq!((before, steps), (5, vec![2, 2, 1]));
    assert_eq!(registry.of_older_keys().await.unwrap(), 0);
    assert_eq!(registry.material(&key(), id(99)).await.unwrap(), id(1));
}

#[tokio::test]
async fn a_request_to_unseal_is_kept_and_approved_once() {
    let dir = tempfile::tempdir().unwrap();
    let registry = open(dir.path()).await.unwrap();
    let unseal = Unseal {
        id: UnsealId(uuid::Uuid::from_bytes([3; 16])),
        system: "spiffe://test/dept/audit/system/a".to_owned(),
        certificate: Digest::of(b"certificate"),
        request: RequestId(uuid::Uuid::from_bytes([4; 16])),
        payload: Digest::of(b"payload"),
        ground: Ground::Complaint,
        indices: vec![0, 7, u64::from(u32::MAX) + 1],
        recorded: 9,
        approval: None,
    };
    let approval = |system: &str| Approval {
        system: system.to_owned(),
        until: "2026-03-02T10:00:00Z".parse().unwrap(),
        recorded: 11,
    };
    registry.insert_unseal(&unseal).await.unwrap();
    registry.insert_unseal(&unseal).await.unwrap_err();

    let kept = registry.unseal(unseal.id).await.unwrap();
    let first = registry.approve_unseal(unseal.id, &approval("b")).await.unwrap();
    let second = registry.approve_unseal(unseal.id, &approval("c")).await.unwrap();
    registry.close().await;
    let registry = open(dir.path()).await.unwrap();
    let approved = registry.unseal_of_request(&unseal.system, unseal.request).await.unwrap();
    let of_another = registry.unseal_of_request("d", unseal.request).await.unwrap();

    assert_eq!((kept.as_ref(), first, second), (Some(&unseal), true, false));
    assert_eq!(approved, Some(Unseal { approval: Some(approval("b")), ..unseal }));
    assert_eq!(of_another, None);
}
