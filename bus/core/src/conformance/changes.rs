//! Changes of what is current and good, and the past that they tell.

use jiff::Timestamp;

use super::{key, later, register, revoked};
use crate::{Change, ChangeKind, MaterialKey, Registry, Status, VersionId};

pub(super) async fn every_change_is_told_once_in_its_order(registry: &dyn Registry) {
    let key = key("N-1");
    let from = registry.change_span().await.unwrap().latest;

    let old = register(registry, &key, b"old", 1).await;
    registry.confirm(&old.id, later(2), Status::Valid).await.unwrap();
    registry.confirm(&old.id, later(3), Status::Suspended).await.unwrap();
    register(registry, &key, b"old", 4).await;
    let new = register(registry, &key, b"new", 5).await;
    register(registry, &key, b"new", 6).await;
    registry.revoke(&new.id, &revoked(7)).await.unwrap();
    registry.revoke(&new.id, &revoked(8)).await.unwrap();

    let changes = registry.changes(from, 100).await.unwrap();
    let told: Vec<_> = changes.iter().map(|c| (c.kind, c.version, c.status, c.at)).collect();
    let expected = [
        (ChangeKind::Published, old.id, Status::Valid, later(1)),
        (ChangeKind::Status, old.id, Status::Suspended, later(3)),
        (ChangeKind::Status, old.id, Status::Valid, later(4)),
        (ChangeKind::Superseded, old.id, Status::Valid, later(5)),
        (ChangeKind::Published, new.id, Status::Valid, later(5)),
        (ChangeKind::Revoked, new.id, Status::Valid, later(7)),
    ];
    assert_eq!(told, expected);
    assert!(changes.is_sorted_by(|one, next| one.sequence < next.sequence));
    for Change { material_type, subject, number, holder, .. } in &changes {
        assert_eq!(
            (material_type, subject, number),
            (&key.material_type, &key.subject, &key.number)
        );
        assert_eq!(holder.as_str(), "market");
    }
    let rest = registry.changes(changes[3].sequence, 1).await.unwrap();
    assert_eq!(rest, changes[4..5]);
    let latest = registry.change_span().await.unwrap().latest;
    assert_eq!(latest, changes[5].sequence);
}

pub(super) async fn the_past_is_what_was_known_then(registry: &dyn Registry) {
    let key = key("N-1");
    let old = register(registry, &key, b"old", 10).await;
    let other = MaterialKey { number: "N-0".parse().unwrap(), ..key.clone() };
    let other = register(registry, &other, b"other", 15).await;
    registry.confirm(&old.id, later(20), Status::Suspended).await.unwrap();
    registry.revoke(&old.id, &revoked(30)).await.unwrap();
    let new = register(registry, &key, b"new", 40).await;
    let again = register(registry, &key, b"old", 50).await;

    let past = async |seconds| past(registry, &key, later(seconds)).await;

    let (valid, suspended) = (Status::Valid, Status::Suspended);
    assert!(past(10).await.is_empty(), "what became known at a moment was known before it");
    assert_eq!(past(11).await, [(old.id, valid, false)]);
    assert_eq!(past(16).await, [(other.id, valid, false), (old.id, valid, false)]);
    assert_eq!(past(21).await[1], (old.id, suspended, false));
    assert_eq!(past(31).await[1], (old.id, suspended, true));
    assert_eq!(past(41).await[1], (new.id, valid, false));
    assert_eq!(past(51).await[1], (again.id, valid, true));
}

pub(super) async fn expired_changes_leave_what_the_past_needs(registry: &dyn Registry) {
    let key = key("N-1");
    let old = register(registry, &key, b"old", 60).await;
    let new = register(registry, &key, b"new", 61).await;
    registry.confirm(&new.id, later(62), Status::Suspended).await.unwrap();
    registry.confirm(&new.id, later(63), Status::Lapsed).await.unwrap();
    let before = past(registry, &key, later(64)).await;
    let latest = registry.change_span().await.unwrap().latest;

    let mut dropped = 0;
    loop {
        match registry.expire_changes(later(64), 2).await.unwrap() {
            0 => break,
            some => dropped += some,
        }
    }

    // Published and superseded of the old one, and one status of the new one; of other tests as well.
    assert!(dropped >= 3, "{dropped}");
    assert_eq!(past(registry, &key, later(64)).await, before);
    assert_eq!(before, [(new.id, Status::Lapsed, false)]);
    let span = registry.change_span().await.unwrap();
    assert_eq!((span.latest, span.since), (latest, later(64)));
    assert!(0 < span.expired && span.expired < latest, "{span:?}");
    let left = registry.changes(span.expired, 100).await.unwrap();
    assert!(left.iter().all(|change| change.version != old.id), "{left:?}");
    assert_eq!(registry.expire_changes(later(60), 100).await.unwrap(), 0);
    assert_eq!(registry.change_span().await.unwrap(), span, "the span went back");
}

/// What was current, how it stood, and whether it was revoked.
async fn past(
    registry: &dyn Registry,
    key: &MaterialKey,
    before: Timestamp,
) -> Vec<(VersionId, Status, bool)> {
    let past = registry.past(&key.material_type, &key.subject, before).await.unwrap();
    past.into_iter().map(|then| (then.version.id, then.status, then.revoked.is_some())).collect()
}
