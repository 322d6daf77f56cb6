//! Materials, and versions that a department holds.

use futures_util::future::join_all;

use super::{department, document, fresh, key, later, start};
use crate::{ChunkDigests, Manifest, MaterialKey, Registry, Version};

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

    registry.confirm(&version.id, later(200)).await.unwrap();
    registry.confirm(&version.id, later(150)).await.unwrap();

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

async fn register(
    registry: &dyn Registry,
    key: &MaterialKey,
    content: &[u8],
    seconds: i64,
) -> Version {
    let material = registry.material(key, fresh()).await.unwrap();
    let chunks = ChunkDigests::of(content);
    let document = document(key.number.as_str(), content);
    let manifest = Manifest::new(material, &key.material_type, &document, &chunks);
    let holder = department("market");
    registry.register_held(&manifest, &chunks, &holder, later(seconds)).await.unwrap()
}
