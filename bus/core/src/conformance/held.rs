//! Materials, and versions that a department holds.

use futures_util::future::join_all;

use super::{fresh, key, later, register, revoked, start};
use crate::{MaterialKey, Registry, Revocation, Revoked, Status};

pub(super) async fn racing_calls_get_one_material(registry: &dyn Registry) {
    let key = key("N-1");

    let ids = join_all((0..32).map(|_| registry.material(&key, fresh()))).await;

    let first = ids[0].as_ref().unwrap();
    assert!(ids.iter().all(|id| id.as_ref().unwrap() == first), "one material has two ids");
    let current = registry.current(&key.material_type, &key.subject, None).await.unwrap();
    assert!(current.is_empty(), "a material without a version is visible");
}

pub(super) async fn a_held_document_becomes_current_and_stays_readable(registry: &dyn Registry) {
    let key = key("N-1");

    let registered = register(registry, &key, b"held", 0).await;
    let current = registry.current(&key.material_type, &key.subject, Some(&key.number)).await;
    let by_id = registry.version(&registered.id).await.unwrap().unwrap();

    assert_eq!(current.unwrap(), std::slice::from_ref(&registered));
    assert_eq!(by_id, registered);
    assert_eq!((&by_id.subject, &by_id.number), (&key.subject, &key.number));
    assert!(by_id.current && !by_id.sealed);
    assert_eq!(by_id.manifest.id(), by_id.id);
}

pub(super) async fn a_changed_document_supersedes_and_the_old_one_stays(registry: &dyn Registry) {
    let key = key("N-1");
    let old = register(registry, &key, b"old", 0).await;

    let new = register(registry, &key, b"new", 1).await;
    let again = register(registry, &key, b"new", 2).await;
    let current = registry.current(&key.material_type, &key.subject, None).await.unwrap();
    let old = registry.version(&old.id).await.unwrap().unwrap();

    assert_eq!(again.id, new.id);
    assert_eq!(current.iter().map(|version| version.id).collect::<Vec<_>>(), [new.id]);
    assert!(!old.current, "two versions are current");
}

pub(super) async fn a_confirmation_never_moves_backwards(registry: &dyn Registry) {
    let version = register(registry, &key("N-1"), b"held", 100).await;

    registry.confirm(&version.id, later(200), Status::Valid).await.unwrap();
    registry.confirm(&version.id, later(150), Status::Valid).await.unwrap();

    let confirmed = registry.version(&version.id).await.unwrap().unwrap();
    assert_eq!(confirmed.confirmed_at, later(200));
}

pub(super) async fn current_versions_come_by_number(registry: &dyn Registry) {
    let first = key("N-1");
    let second = MaterialKey { number: "N-2".parse().unwrap(), ..first.clone() };
    register(registry, &second, b"two", 0).await;
    register(registry, &first, b"one", 0).await;

    let all = registry.current(&first.material_type, &first.subject, None).await.unwrap();
    let other = registry.current(&first.material_type, &key("N-1").subject, None).await.unwrap();

    let numbers: Vec<_> = all.iter().map(|version| version.number.as_str()).collect();
    assert_eq!(numbers, ["N-1", "N-2"]);
    assert!(other.is_empty(), "another subject's versions are found");
    assert_eq!(start(), all[0].confirmed_at);
}

pub(super) async fn a_status_is_noted_and_no_older_word_counts(registry: &dyn Registry) {
    let version = register(registry, &key("N-1"), b"held", 100).await;
    let status = async || registry.version(&version.id).await.unwrap().unwrap().status;

    registry.confirm(&version.id, later(200), Status::Suspended).await.unwrap();
    let confirmed = status().await;
    registry.note_status(&version.id, later(150), Status::Valid).await.unwrap();
    let older = status().await;
    registry.note_status(&version.id, later(300), Status::Valid).await.unwrap();

    assert_eq!(
        (version.status, confirmed, older),
        (Status::Valid, Status::Suspended, Status::Suspended)
    );
    let noted = registry.version(&version.id).await.unwrap().unwrap();
    assert_eq!((noted.status, noted.confirmed_at), (Status::Valid, later(200)));
    assert_eq!(noted.registered_at, later(100));
}

pub(super) async fn a_revocation_is_for_ever(registry: &dyn Registry) {
    let key = key("N-1");
    let version = register(registry, &key, b"held", 0).await;
    let content = version.manifest.content;
    let before = registry.revoked_content(&key, &content).await.unwrap();

    let first = registry.revoke(&version.id, &revoked(1)).await.unwrap().unwrap();
    let other = Revoked { at: later(2), reason: Revocation::Error };
    let again = registry.revoke(&version.id, &other).await.unwrap().unwrap();
    let registered = register(registry, &key, b"held", 3).await;
    let unknown = crate::VersionId::from_digest(crate::Digest::of(b"unknown"));
    let none = registry.revoke(&unknown, &other).await.unwrap();

    assert_eq!((first.revoked, first.current), (Some(revoked(1)), true));
    assert_eq!(again, first, "a second revocation took the place of the first");
    assert_eq!(registered.revoked, first.revoked, "it was taken back");
    assert_eq!((before, none), (None, None));
    let found = registry.revoked_content(&key, &content).await.unwrap();
    assert_eq!(found.map(|version| version.id), Some(version.id));
    let other = super::key("N-1");
    assert_eq!(registry.revoked_content(&other, &content).await.unwrap(), None);
}
