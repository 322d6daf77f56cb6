//! Uploads, from begin to commit or discard.

use futures_util::future::join_all;
use oncebus_trail::Receipt;

use super::{key, later, record, revoked, staged, start, upload_of, uuid};
use crate::{
    ChunkDigests, Committed, Manifest, NewUpload, Registry, RegistryError, UploadId, UploadState,
    Version, VersionId,
};

const CONTENT: &[u8] = b"content";

pub(super) async fn beginning_twice_is_one_upload(registry: &dyn Registry) {
    let first = upload_of(registry, &key("N-1"), "twice", CONTENT).await;
    let second = NewUpload { id: UploadId(uuid()), intent: 8, ..first.clone() };
    let other = NewUpload {
        id: UploadId(uuid()),
        document: super::document("N-1", b"other"),
        ..first.clone()
    };

    let none = registry.pending_upload(&first).await.unwrap();
    let begun = registry.begin_upload(&first, 1_000).await.unwrap();
    let again = registry.begin_upload(&second, 1_000).await.unwrap();
    let pending = registry.pending_upload(&second).await.unwrap().unwrap();
    let apart = registry.begin_upload(&other, 1_000).await.unwrap();

    assert_eq!(none, None);
    assert_eq!(begun.begun, first);
    assert_eq!((again.begun.id, pending.begun.id), (first.id, first.id));
    assert_eq!(apart.begun.id, other.id);
    assert!(registry.names_intent(7).await.unwrap());
    assert!(!registry.names_intent(8).await.unwrap(), "a second upload was begun");
}

pub(super) async fn a_department_has_a_limit(registry: &dyn Registry) {
    let first = upload_of(registry, &key("N-1"), "limited", CONTENT).await;
    let second = upload_of(registry, &key("N-2"), "limited", CONTENT).await;
    registry.begin_upload(&first, 1).await.unwrap();

    let refused = registry.begin_upload(&second, 1).await;

    assert!(matches!(refused, Err(RegistryError::TooManyUploads { limit: 1, .. })), "{refused:?}");
}

pub(super) async fn chunks_go_only_where_they_belong(registry: &dyn Registry) {
    let new = upload_of(registry, &key("N-1"), "chunks", CONTENT).await;
    registry.begin_upload(&new, 1_000).await.unwrap();
    let (one, two) = (ChunkDigests::of(b"one"), ChunkDigests::of(b"two"));

    let early = registry.add_chunks(new.id, 1, &two, start()).await.unwrap();
    let racing = (0..8).map(|_| registry.add_chunks(new.id, 0, &one, start()));
    let first = join_all(racing).await;
    let next = registry.add_chunks(new.id, 1, &two, start()).await.unwrap();
    let stranger = registry.add_chunks(UploadId(uuid()), 0, &one, start()).await.unwrap();

    assert!(!early && next && !stranger);
    let added = first.iter().filter(|added| *added.as_ref().unwrap()).count();
    assert_eq!(added, 1, "one place took several chunks");
    let upload = registry.upload(new.id).await.unwrap().unwrap();
    assert_eq!([upload.chunks.at(0), upload.chunks.at(1)], [one.at(0), two.at(0)]);
}

pub(super) async fn lost_chunks_are_dropped(registry: &dyn Registry) {
    let new = upload_of(registry, &key("N-1"), "lost", CONTENT).await;
    registry.begin_upload(&new, 1_000).await.unwrap();
    let chunks = ChunkDigests::of(&vec![1; 3 * crate::CHUNK_BYTES]);
    registry.add_chunks(new.id, 0, &chunks, start()).await.unwrap();

    registry.truncate_chunks(new.id, 2).await.unwrap();
    registry.truncate_chunks(new.id, 5).await.unwrap();

    assert_eq!(registry.upload(new.id).await.unwrap().unwrap().chunks.len(), 2);
    assert!(registry.add_chunks(new.id, 2, &chunks, start()).await.unwrap());
}

pub(super) async fn only_a_commit_makes_visible(registry: &dyn Registry) {
    let key = key("N-1");
    let new = upload_of(registry, &key, "visible", CONTENT).await;
    let (manifest, chunks) = staged(registry, &new, CONTENT).await;

    let before = registry.current(&key.material_type, &key.subject, None).await.unwrap();
    let committed = commit(registry, &new, CONTENT).await;
    let after = registry.current(&key.material_type, &key.subject, None).await.unwrap();

    assert!(before.is_empty(), "an upload is visible before its commit");
    let Committed::New { version, .. } = committed else { panic!("{committed:?}") };
    assert_eq!(after, std::slice::from_ref(&version));
    assert_eq!((&version.manifest, &version.chunks), (&manifest, &chunks));
    assert!(version.sealed && version.current);
}

pub(super) async fn a_repeated_commit_answers_the_same(registry: &dyn Registry) {
    let new = upload_of(registry, &key("N-1"), "repeated", CONTENT).await;
    staged(registry, &new, CONTENT).await;

    let first = commit(registry, &new, CONTENT).await;
    let again = commit(registry, &new, CONTENT).await;
    let gone = upload_of(registry, &key("N-2"), "repeated", CONTENT).await;
    let gone = commit(registry, &gone, CONTENT).await;

    assert_eq!(first, again, "the outcome's id moved");
    assert_eq!(gone, Committed::Gone);
}

pub(super) async fn an_expected_version_is_superseded(registry: &dyn Registry) {
    let key = key("N-1");
    let old = published(registry, &key, "superseded", b"old").await;
    let unnamed = upload_of(registry, &key, "superseded", b"unnamed").await;
    staged(registry, &unnamed, b"unnamed").await;
    let new = upload_of(registry, &key, "superseded", b"new").await;
    let new = NewUpload { expected: Some(old.id), ..new };
    staged(registry, &new, b"new").await;

    let conflict = commit(registry, &unnamed, b"unnamed").await;
    let replaced = commit(registry, &new, b"new").await;

    assert_eq!(conflict, Committed::Conflict { current: Some(old.id) });
    let Committed::New { version, .. } = replaced else { panic!("{replaced:?}") };
    let current = registry.current(&key.material_type, &key.subject, None).await.unwrap();
    assert_eq!(ids(&current), [version.id]);
    assert!(!registry.version(&old.id).await.unwrap().unwrap().current);
}

pub(super) async fn revoked_content_is_not_published_again(registry: &dyn Registry) {
    let key = key("N-1");
    let old = published(registry, &key, "revoking", b"old").await;
    let new = upload_of(registry, &key, "revoking", b"new").await;
    let new = NewUpload { expected: Some(old.id), ..new };
    staged(registry, &new, b"new").await;
    let Committed::New { version: new, .. } = commit(registry, &new, b"new").await else {
        panic!()
    };
    registry.revoke(&old.id, &revoked(1)).await.unwrap();
    registry.revoke(&new.id, &revoked(2)).await.unwrap();

    for (content, version) in [(b"old", &old), (b"new", &new)] {
        let upload = upload_of(registry, &key, "revoking", content).await;
        let upload = NewUpload { expected: Some(new.id), ..upload };
        staged(registry, &upload, content).await;

        let refused = commit(registry, &upload, content).await;

        let Committed::Revoked { version: named } = refused else { panic!("{refused:?}") };
        assert_eq!(named.id, version.id);
        let state = registry.upload(upload.id).await.unwrap().unwrap().state;
        assert_eq!(state, UploadState::Discarding);
    }
    let current = registry.current(&key.material_type, &key.subject, None).await.unwrap();
    assert_eq!(ids(&current), [new.id]);
}

pub(super) async fn an_older_version_becomes_current_again(registry: &dyn Registry) {
    let key = key("N-1");
    let old = published(registry, &key, "again", b"old").await;
    let new = upload_of(registry, &key, "again", b"new").await;
    let new = NewUpload { expected: Some(old.id), ..new };
    staged(registry, &new, b"new").await;
    let Committed::New { version: new, .. } = commit(registry, &new, b"new").await else {
        panic!()
    };
    let unnamed = upload_of(registry, &key, "again", b"old").await;
    staged(registry, &unnamed, b"old").await;
    let named = upload_of(registry, &key, "again", b"old").await;
    let named = NewUpload { expected: Some(new.id), ..named };
    staged(registry, &named, b"old").await;

    let conflict = commit(registry, &unnamed, b"old").await;
    let again = commit(registry, &named, b"old").await;

    assert_eq!(conflict, Committed::Conflict { current: Some(new.id) });
    let Committed::New { version, .. } = again else { panic!("{again:?}") };
    assert_eq!((version.id, version.registered_at), (old.id, old.registered_at));
    let current = registry.current(&key.material_type, &key.subject, None).await.unwrap();
    assert_eq!(ids(&current), [old.id]);
}

pub(super) async fn of_different_contents_one_wins(registry: &dyn Registry) {
    let key = key("N-1");
    let contents: Vec<_> = (0..32).map(|at| format!("content {at}")).collect();
    let mut uploads = Vec::new();
    for content in &contents {
        let new = upload_of(registry, &key, "race", content.as_bytes()).await;
        staged(registry, &new, content.as_bytes()).await;
        uploads.push((new, content.as_bytes()));
    }

    let commits = uploads.iter().map(|(new, content)| commit(registry, new, content));
    let ended = join_all(commits).await;

    let new = ended.iter().filter(|end| matches!(end, Committed::New { .. })).count();
    let lost = ended.iter().filter(|end| matches!(end, Committed::Conflict { .. })).count();
    assert_eq!((new, lost), (1, 31));
    let current = registry.current(&key.material_type, &key.subject, None).await.unwrap();
    assert_eq!(current.len(), 1);
}

pub(super) async fn of_equal_contents_one_version_is_made(registry: &dyn Registry) {
    let key = key("N-1");
    let mut uploads = Vec::new();
    for _ in 0..32 {
        let new = upload_of(registry, &key, "equal", CONTENT).await;
        staged(registry, &new, CONTENT).await;
        uploads.push(new);
    }

    let ended = join_all(uploads.iter().map(|new| commit(registry, new, CONTENT))).await;

    let mut versions = Vec::new();
    let mut new = 0;
    for end in ended {
        match end {
            Committed::New { version, .. } => {
                new += 1;
                versions.push(version.id);
            }
            Committed::AlreadyHeld { version, .. } => versions.push(version.id),
            other => panic!("{other:?}"),
        }
    }
    versions.dedup();
    assert_eq!((new, versions.len()), (1, 1));
}

pub(super) async fn an_idle_upload_is_given_up_until_it_is_discarded(registry: &dyn Registry) {
    let idle = upload_of(registry, &key("N-1"), "idle", b"idle").await;
    staged(registry, &idle, b"idle").await;
    let busy = upload_of(registry, &key("N-1"), "idle", b"busy").await;
    staged(registry, &busy, b"busy").await;
    registry.add_chunks(busy.id, 1, &ChunkDigests::of(b"x"), later(50)).await.unwrap();

    let given_up = discards(registry, later(10)).await;
    let still = discards(registry, later(10)).await;
    let commit = commit(registry, &idle, b"idle").await;
    registry.discarded(idle.id).await.unwrap();
    let done = discards(registry, later(10)).await;

    assert!(given_up.contains(&(idle.id, true)) && still.contains(&(idle.id, true)));
    assert!(!given_up.iter().any(|(id, _)| *id == busy.id), "progress does not count");
    assert_eq!(commit, Committed::Gone);
    assert!(!done.iter().any(|(id, _)| *id == idle.id));
    let state = registry.upload(idle.id).await.unwrap().unwrap().state;
    assert_eq!(state, UploadState::Discarded);
    registry.discard_now(busy.id).await.unwrap();
    registry.discarded(busy.id).await.unwrap();
}

pub(super) async fn needed_content_is_not_discarded(registry: &dyn Registry) {
    published(registry, &key("N-1"), "needed", b"of a version").await;
    let same = upload_of(registry, &key("N-2"), "needed", b"of a version").await;
    staged(registry, &same, b"of a version").await;
    let one = upload_of(registry, &key("N-3"), "needed", b"of an upload").await;
    staged(registry, &one, b"of an upload").await;
    let two = upload_of(registry, &key("N-4"), "needed", b"of an upload").await;
    staged(registry, &two, b"of an upload").await;

    let version = registry.discard_now(same.id).await.unwrap().unwrap();
    let upload = registry.discard_now(one.id).await.unwrap().unwrap();
    let last = registry.discard_now(two.id).await.unwrap().unwrap();

    assert!(!version.sealed, "a version lost its content");
    assert!(!upload.sealed, "a pending upload lost its content");
    assert!(last.sealed, "content that nobody needs is kept");
    for id in [same.id, one.id, two.id] {
        registry.discarded(id).await.unwrap();
    }
}

pub(super) async fn content_being_discarded_takes_no_upload(registry: &dyn Registry) {
    let leaving = upload_of(registry, &key("N-1"), "leaving", CONTENT).await;
    staged(registry, &leaving, CONTENT).await;
    let coming = upload_of(registry, &key("N-2"), "leaving", CONTENT).await;
    let elsewhere = upload_of(registry, &key("N-2"), "staying", CONTENT).await;
    let other = upload_of(registry, &key("N-2"), "leaving", b"other").await;
    assert!(registry.discard_now(leaving.id).await.unwrap().unwrap().sealed);

    let refused = registry.begin_upload(&coming, 1_000).await;
    let unrelated = [&elsewhere, &other].map(|new| registry.begin_upload(new, 1_000));
    let unrelated = join_all(unrelated).await;
    registry.discarded(leaving.id).await.unwrap();
    staged(registry, &coming, CONTENT).await;
    let free = commit(registry, &coming, CONTENT).await;

    assert!(matches!(refused, Err(RegistryError::Discarding)), "{refused:?}");
    assert!(unrelated.iter().all(Result::is_ok), "{unrelated:?}");
    assert!(matches!(free, Committed::New { .. }), "{free:?}");
}

pub(super) async fn a_copy_found_held_elsewhere_is_discarded(registry: &dyn Registry) {
    let key = key("N-1");
    let second = upload_of(registry, &key, "elsewhere", CONTENT).await;
    staged(registry, &second, CONTENT).await;
    let first = published(registry, &key, "first", CONTENT).await;

    let held = commit(registry, &second, CONTENT).await;
    let copy = registry.discard_now(second.id).await.unwrap().unwrap();
    let state = registry.upload(second.id).await.unwrap().unwrap().state;
    registry.discarded(second.id).await.unwrap();
    let after = registry.upload(second.id).await.unwrap().unwrap().state;
    let done = registry.discard_now(second.id).await.unwrap();

    let Committed::AlreadyHeld { version, .. } = held else { panic!("{held:?}") };
    assert_eq!(version.id, first.id);
    assert!(copy.sealed);
    assert!(matches!(state, UploadState::Committed { already_held: true, .. }), "{state:?}");
    assert_eq!(after, state, "the upload's end moved");
    assert_eq!(done, None, "a copy is discarded twice");
}

/// A gateway may die between the commit and the discard.
pub(super) async fn a_copy_found_held_elsewhere_is_listed_at_once(registry: &dyn Registry) {
    let key = key("N-1");
    let second = upload_of(registry, &key, "elsewhere", CONTENT).await;
    staged(registry, &second, CONTENT).await;
    published(registry, &key, "first", CONTENT).await;

    commit(registry, &second, CONTENT).await;
    let listed = discards(registry, start()).await;
    registry.discarded(second.id).await.unwrap();
    let done = discards(registry, start()).await;

    assert!(listed.contains(&(second.id, true)), "{listed:?}");
    assert!(!done.iter().any(|(id, _)| *id == second.id));
}

pub(super) async fn what_cannot_be_discarded_holds_up_nothing(registry: &dyn Registry) {
    for (left, _) in discards(registry, later(1_000)).await {
        registry.discarded(left).await.unwrap();
    }
    let mut uploads = Vec::new();
    for content in [b"one", b"two"] {
        let new = upload_of(registry, &key("N-1"), "dead", content).await;
        staged(registry, &new, content).await;
        registry.discard_now(new.id).await.unwrap();
        uploads.push(new.id);
    }

    let mut listed = Vec::new();
    for seconds in 1_001..1_005 {
        for discard in registry.abandon(later(seconds), 1).await.unwrap() {
            listed.push(discard.upload.begun.id);
        }
    }

    assert_eq!(listed.len(), 4);
    assert_eq!((listed[0], listed[1]), (listed[2], listed[3]), "they do not take turns");
    assert!(uploads.iter().all(|id| listed.contains(id)), "an upload waits for ever");
    for id in uploads {
        registry.discarded(id).await.unwrap();
    }
}

pub(super) async fn another_manifest_is_refused(registry: &dyn Registry) {
    let new = upload_of(registry, &key("N-1"), "foreign", CONTENT).await;
    let (manifest, chunks) = staged(registry, &new, CONTENT).await;
    let foreign = ChunkDigests::of(b"foreign");
    let mut others = vec![(manifest.clone(), foreign.clone())];
    others.push((Manifest { chunk_root: foreign.root(), ..manifest.clone() }, foreign));
    others.extend(
        [
            Manifest { material: super::fresh(), ..manifest.clone() },
            Manifest { material_type: "other".parse().unwrap(), ..manifest.clone() },
            Manifest { content: crate::Digest::of(b"foreign"), ..manifest.clone() },
            Manifest { size_bytes: 1, ..manifest.clone() },
        ]
        .map(|manifest| (manifest, chunks.clone())),
    );

    for (manifest, chunks) in others {
        let refused = registry.commit_upload(new.id, &manifest, &chunks, record(), start()).await;
        assert!(matches!(refused, Err(RegistryError::Corrupt { .. })), "{manifest:?}: {refused:?}");
    }

    let own = commit(registry, &new, CONTENT).await;
    assert!(matches!(own, Committed::New { .. }), "{own:?}");
}

pub(super) async fn a_publication_without_receipt_is_listed(registry: &dyn Registry) {
    let new = upload_of(registry, &key("N-1"), "receipt", CONTENT).await;
    staged(registry, &new, CONTENT).await;
    commit(registry, &new, CONTENT).await;
    let receipt = Receipt {
        origin: "oncebus.test/gateway/g1".parse().unwrap(),
        index: 3,
        tree_size: 5,
        inclusion_path: vec![[7; 32], [8; 32]],
        checkpoint: "oncebus.test/gateway/g1\n5\nroot\n".to_owned(),
        leaf: b"{}".to_vec(),
    };
    let listed = |found: Vec<crate::Upload>| found.iter().any(|upload| upload.begun.id == new.id);

    let before = listed(registry.unrecorded(10_000).await.unwrap());
    registry.outcome_recorded(new.id, &receipt).await.unwrap();
    let after = listed(registry.unrecorded(10_000).await.unwrap());

    assert!(before && !after);
    let state = registry.upload(new.id).await.unwrap().unwrap().state;
    let UploadState::Committed { receipt: kept, .. } = state else { panic!("{state:?}") };
    assert_eq!(kept, Some(receipt));
}

async fn published(
    registry: &dyn Registry,
    key: &crate::MaterialKey,
    holder: &str,
    content: &[u8],
) -> Version {
    let new = upload_of(registry, key, holder, content).await;
    staged(registry, &new, content).await;
    match commit(registry, &new, content).await {
        Committed::New { version, .. } => version,
        other => panic!("{other:?}"),
    }
}

pub(super) async fn commit(registry: &dyn Registry, new: &NewUpload, content: &[u8]) -> Committed {
    let chunks = ChunkDigests::of(content);
    let manifest = Manifest::new(new.material, &new.material_type, &new.document, &chunks);
    registry.commit_upload(new.id, &manifest, &chunks, record(), start()).await.unwrap()
}

async fn discards(registry: &dyn Registry, before: jiff::Timestamp) -> Vec<(UploadId, bool)> {
    let discards = registry.abandon(before, 10_000).await.unwrap();
    discards.iter().map(|discard| (discard.upload.begun.id, discard.sealed)).collect()
}

fn ids(versions: &[Version]) -> Vec<VersionId> {
    versions.iter().map(|version| version.id).collect()
}
