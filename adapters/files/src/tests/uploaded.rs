//! What was uploaded: staged, sealed, discarded.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

use bytes::Bytes;
use futures_util::future::join_all;
use oncebus_adapter::{Adapter as _, AdapterError, Digest, Seal, Sealed};

use super::support::{Scene, bytes, seal, sealed, upload};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn an_upload_goes_on_after_a_restart() {
    let scene = Scene::new();
    let (id, content) = (upload(1), bytes(5 * MIB));
    scene.stage(&id, &content[..3 * MIB]).await;

    let scene = scene.restarted();
    assert_eq!(scene.adapter.staged(&id).await.unwrap(), 3 * MIB as u64);
    for offset in [3 * MIB, 4 * MIB] {
        let piece = Bytes::copy_from_slice(&content[offset..offset + MIB]);
        scene.adapter.stage(&id, offset as u64, piece).await.unwrap();
    }

    assert_eq!(scene.adapter.seal(&seal(&id, &content)).await.unwrap(), Sealed::New);
    assert_eq!(scene.fetch(&sealed(&content)).await.unwrap(), content);
    assert!(scene.files("staging").is_empty());
}

#[tokio::test]
async fn staging_drops_what_is_behind_and_leaves_no_gap() {
    let scene = Scene::new();
    let id = upload(1);
    scene.stage(&id, b"0123456789").await;

    let back = scene.adapter.stage(&id, 4, Bytes::from_static(b"ab")).await.unwrap();
    let gap = scene.adapter.stage(&id, 7, Bytes::from_static(b"x")).await.unwrap_err();

    assert_eq!(back, 6);
    assert!(matches!(gap, AdapterError::StageOutOfRange { staged_bytes: 6 }));
    assert_eq!(fs::read(scene.path(format!("staging/{id}"))).unwrap(), b"0123ab");
    assert_eq!(scene.adapter.staged(&upload(2)).await.unwrap(), 0);
}

#[tokio::test]
async fn stages_of_one_upload_at_once_do_not_mix() {
    let scene = Scene::new();
    let id = upload(1);

    let stages = (0..16).map(|i: u8| scene.adapter.stage(&id, 0, vec![i; MIB / 4].into()));
    join_all(stages)
        .await
        .into_iter()
        .for_each(|staged| assert_eq!(staged.unwrap(), MIB as u64 / 4));

    let staged = fs::read(scene.path(format!("staging/{id}"))).unwrap();
    assert_eq!(staged.len(), MIB / 4);
    assert!(staged.iter().all(|byte| *byte == staged[0]));
}

#[tokio::test]
async fn what_is_not_as_announced_is_not_sealed_and_stays_staged() {
    let scene = Scene::new();
    let (id, content) = (upload(1), bytes(MIB));
    scene.stage(&id, &content).await;
    let right = seal(&id, &content);
    let wrong = [
        (Seal { size_bytes: right.size_bytes - 1, ..right.clone() }, "SIZE_MISMATCH"),
        (Seal { size_bytes: right.size_bytes + 1, ..right.clone() }, "SIZE_MISMATCH"),
        (Seal { digest: Digest::of(b"other"), ..right.clone() }, "DIGEST_MISMATCH"),
        (Seal { chunk_root: Digest::of(b"other"), ..right.clone() }, "DIGEST_MISMATCH"),
    ];

    for (seal, reason) in wrong {
        assert_eq!(scene.adapter.seal(&seal).await.unwrap_err().reason(), reason);
        assert!(scene.files("sealed").is_empty());
        assert!(scene.files("drafts").is_empty());
        assert_eq!(scene.adapter.staged(&id).await.unwrap(), MIB as u64);
    }
    assert_eq!(scene.adapter.seal(&right).await.unwrap(), Sealed::New);
}

#[tokio::test]
async fn sealing_may_be_repeated() {
    let scene = Scene::new();
    let (id, content) = (upload(1), bytes(1_000));
    scene.stage(&id, &content).await;
    scene.adapter.seal(&seal(&id, &content)).await.unwrap();

    let again = scene.adapter.seal(&seal(&id, &content)).await.unwrap();
    let scene = scene.restarted();
    let after_restart = scene.adapter.seal(&seal(&id, &content)).await.unwrap();
    let wrong_size = Seal { size_bytes: 999, ..seal(&id, &content) };

    assert_eq!((again, after_restart), (Sealed::Already, Sealed::Already));
    assert_eq!(scene.adapter.seal(&wrong_size).await.unwrap_err().reason(), "SIZE_MISMATCH");
    let unknown = scene.adapter.seal(&seal(&id, b"never staged")).await.unwrap_err();
    assert_eq!(unknown.reason(), "MATERIAL_NOT_FOUND");
}

#[tokio::test]
async fn the_same_content_is_sealed_once_however_many_bring_it_at_once() {
    let scene = Scene::new();
    let content = bytes(MIB);
    let uploads: Vec<_> = (0..8).map(upload).collect();
    for id in &uploads {
        scene.stage(id, &content).await;
    }

    let seals: Vec<_> = uploads.iter().map(|id| seal(id, &content)).collect();
    let sealed_as = join_all(seals.iter().map(|seal| scene.adapter.seal(seal))).await;

    let new = sealed_as.iter().filter(|it| matches!(it, Ok(Sealed::New))).count();
    let already = sealed_as.iter().filter(|it| matches!(it, Ok(Sealed::Already))).count();
    assert_eq!((new, already), (1, 7));
    assert_eq!(scene.files("sealed"), [Digest::of(&content).to_hex()]);
    assert!(scene.files("staging").is_empty() && scene.files("drafts").is_empty());
}

#[tokio::test]
async fn a_wrong_upload_does_not_pass_as_content_that_is_sealed_already() {
    let scene = Scene::new();
    let content = bytes(1_000);
    scene.stage(&upload(1), &content).await;
    scene.adapter.seal(&seal(&upload(1), &content)).await.unwrap();
    scene.stage(&upload(2), &[0; 1_000]).await;

    let claimed = Seal { upload: upload(2), ..seal(&upload(1), &content) };
    let refused = scene.adapter.seal(&claimed).await.unwrap_err();

    assert_eq!(refused.reason(), "DIGEST_MISMATCH");
}

#[tokio::test]
async fn damaged_content_is_not_sent_and_is_replaced_by_the_next_upload() {
    let scene = Scene::new();
    let content = bytes(1_000);
    scene.stage(&upload(1), &content).await;
    scene.adapter.seal(&seal(&upload(1), &content)).await.unwrap();
    let hex = Digest::of(&content).to_hex();
    fs::write(scene.path(format!("sealed/sha256/{}/{hex}", &hex[..2])), [0; 1_000]).unwrap();

    assert_eq!(scene.refused(&sealed(&content)).await, "DIGEST_MISMATCH");
    scene.stage(&upload(2), &content).await;
    let replaced = scene.adapter.seal(&seal(&upload(2), &content)).await.unwrap();

    assert_eq!(replaced, Sealed::New);
    assert_eq!(scene.fetch(&sealed(&content)).await.unwrap(), content);
}

#[tokio::test]
async fn discarding_may_be_repeated_and_keeps_sealed_content_unless_told() {
    let scene = Scene::new();
    let (id, content) = (upload(1), bytes(1_000));
    scene.stage(&id, &content).await;
    scene.adapter.seal(&seal(&id, &content)).await.unwrap();
    scene.stage(&id, b"once more").await;

    for _ in 0..2 {
        scene.adapter.discard(&id, None).await.unwrap();
        assert_eq!(scene.adapter.staged(&id).await.unwrap(), 0);
        assert_eq!(scene.fetch(&sealed(&content)).await.unwrap(), content);
    }
    for _ in 0..2 {
        scene.adapter.discard(&id, Some(&Digest::of(&content))).await.unwrap();
        assert_eq!(scene.refused(&sealed(&content)).await, "MATERIAL_NOT_FOUND");
    }
}

#[tokio::test]
async fn links_in_the_adapters_own_folders_are_not_followed() {
    let scene = Scene::new();
    let (id, content) = (upload(1), bytes(1_000));
    let outside = scene.outside("victim");
    fs::write(&outside, "precious").unwrap();
    symlink(&outside, scene.path(format!("staging/{id}"))).unwrap();

    let staged = scene.adapter.stage(&id, 0, Bytes::from_static(b"x")).await.unwrap_err();
    scene.stage(&upload(2), &content).await;
    fs::create_dir(scene.outside("elsewhere")).unwrap();
    symlink(scene.outside("elsewhere"), scene.path("sealed/sha256")).unwrap();
    let sealed = scene.adapter.seal(&seal(&upload(2), &content)).await.unwrap_err();

    assert_eq!((staged.reason(), sealed.reason()), ("UNSAFE_PATH", "UNSAFE_PATH"));
    assert_eq!(fs::read(outside).unwrap(), b"precious");
    assert_eq!(fs::read_dir(scene.outside("elsewhere")).unwrap().count(), 0);
}

#[tokio::test]
async fn what_is_kept_is_for_the_owner_alone() {
    let scene = Scene::new();
    let content = bytes(1_000);
    scene.stage(&upload(1), &content).await;
    scene.adapter.seal(&seal(&upload(1), &content)).await.unwrap();
    scene.stage(&upload(2), &content).await;

    let hex = Digest::of(&content).to_hex();
    let folder = format!("sealed/sha256/{}", &hex[..2]);
    let mode = |path: &str| fs::metadata(scene.path(path)).unwrap().permissions().mode() & 0o777;
    for path in ["", "staging", "drafts", "sealed", "sealed/sha256", &folder] {
        assert_eq!(mode(path), 0o700, "{path}");
    }
    assert_eq!(mode(&format!("{folder}/{hex}")), 0o600);
    assert_eq!(mode(&format!("staging/{}", upload(2))), 0o600);
}

#[tokio::test]
async fn drafts_that_a_crash_left_are_removed_at_start() {
    let scene = Scene::new();
    fs::write(scene.path("drafts/left"), "half").unwrap();

    let scene = scene.restarted();

    assert!(scene.files("drafts").is_empty());
}
