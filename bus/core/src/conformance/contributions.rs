//! Contributions: versions beside the one of their source.

use super::{key, later, register, revoked, staged, start, upload_of, uploads::commit};
use crate::{
    Committed, CorrectionId, CorrectionState, Intake, MaterialKey, NewUpload, Registry,
    UploadException, Version,
};

pub(super) async fn a_contribution_is_registered_and_never_current(registry: &dyn Registry) {
    let key = key("N-1");
    let held = register(registry, &key, b"held", 0).await;
    let new = excepted(registry, &key, b"brought").await;

    let committed = commit(registry, &new, b"brought").await;
    let again = commit(registry, &new, b"brought").await;

    let Committed::Contributed { version, .. } = &committed else { panic!("{committed:?}") };
    assert_eq!(again, committed, "a repeated commit answers otherwise");
    assert!(version.sealed && !version.current);
    assert_eq!(version.holder, new.holder);
    let current = registry.current(&key.material_type, &key.subject, None).await.unwrap();
    assert_eq!(current, std::slice::from_ref(&held), "it replaced what the holder has");
    let contribution = registry.contribution(&version.id).await.unwrap().unwrap();
    assert_eq!(contribution.correction, CorrectionId(new.id.0));
    assert_eq!(contribution.department, new.holder);
    assert_eq!(contribution.exception, Some(UploadException::HolderDown));
    assert_eq!((contribution.state, contribution.opened_at), (CorrectionState::Open, start()));
    let about = registry.contributions(&key.material_type, &key.subject).await.unwrap();
    assert_eq!(about, [(version.clone(), contribution)]);
    assert_eq!(registry.contribution(&held.id).await.unwrap(), None);
    let latest = registry.change_span().await.unwrap().latest;
    let told = registry.changes(latest - 1, 1).await.unwrap();
    assert_eq!(told[0].version, held.id, "a contribution is told as a change of what is current");
}

pub(super) async fn others_than_the_source_contribute_beside_its_version(registry: &dyn Registry) {
    let key = key("N-1");
    let other = || Intake::Other { source: "source".parse().unwrap() };
    let first = begun(registry, &key, "other", b"first", other(), None).await;
    let Committed::New { version: first, .. } = commit(registry, &first, b"first").await else {
        panic!("nobody had it, and the counter is stuck")
    };
    let own = begun(registry, &key, "source", b"own", Intake::Source, Some(&first)).await;
    let Committed::New { version: own, .. } = commit(registry, &own, b"own").await else {
        panic!("the source could not replace what another had brought")
    };
    let named = begun(registry, &key, "other", b"named", other(), Some(&own)).await;
    let unnamed = begun(registry, &key, "other", b"unnamed", other(), None).await;

    let named = commit(registry, &named, b"named").await;
    let unnamed = commit(registry, &unnamed, b"unnamed").await;

    assert!(matches!(named, Committed::Contributed { .. }), "{named:?}");
    assert_eq!(unnamed, Committed::Conflict { current: Some(own.id) });
    let current = registry.current(&key.material_type, &key.subject, None).await.unwrap();
    assert_eq!(current, [own]);
}

pub(super) async fn a_correction_is_closed_once(registry: &dyn Registry) {
    let key = key("N-1");
    let first = contributed(registry, &key, b"first").await;
    let second = contributed(registry, &key, b"second").await;

    let (matched, differs) = (CorrectionState::Matched, CorrectionState::Differs);
    let closed = registry.close_contribution(&first.id, matched, later(5)).await.unwrap();
    let again = registry.close_contribution(&first.id, differs, later(6)).await.unwrap();
    registry.revoke(&second.id, &revoked(7)).await.unwrap();
    registry.revoke(&first.id, &revoked(8)).await.unwrap();

    assert!(closed && !again);
    let state = async |version: &Version| {
        let contribution = registry.contribution(&version.id).await.unwrap().unwrap();
        (contribution.state, contribution.closed_at)
    };
    assert_eq!(state(&first).await, (matched, Some(later(5))));
    assert_eq!(state(&second).await, (CorrectionState::Withdrawn, Some(later(7))));
}

pub(super) async fn open_ones_come_oldest_first_from_a_cursor_on(registry: &dyn Registry) {
    let key = key("N-1");
    let mut made = Vec::new();
    for content in [b"one", b"two", b"sex"] {
        made.push(contributed(registry, &key, content).await.id);
    }
    let closed = made.pop().unwrap();
    registry.close_contribution(&closed, CorrectionState::Differs, later(1)).await.unwrap();

    let all = registry.open_contributions(None, 1_000).await.unwrap();
    let first = registry.open_contributions(None, 1).await.unwrap();
    let rest = registry.open_contributions(Some(first[0].1.correction), 1_000).await.unwrap();

    assert!(all.is_sorted_by_key(|(_, contribution)| contribution.correction));
    let open: Vec<_> = all.iter().map(|(version, _)| version.id).collect();
    assert!(made.iter().all(|id| open.contains(id)) && !open.contains(&closed));
    assert_eq!([first, rest].concat(), all);
}

pub(super) async fn what_its_source_brings_too_is_the_source_s(registry: &dyn Registry) {
    let key = key("N-1");
    let brought = excepted(registry, &key, b"the same").await;
    let Committed::Contributed { version, .. } = commit(registry, &brought, b"the same").await
    else {
        panic!("it is no contribution")
    };

    let held = register(registry, &key, b"the same", 9).await;

    assert_eq!(held.id, version.id);
    assert_eq!((held.holder.as_str(), held.sealed, held.current), ("market", false, true));
    let superfluous = registry.abandon(start(), 10_000).await.unwrap();
    let copy = superfluous.iter().find(|discard| discard.upload.begun.id == brought.id);
    assert!(copy.is_some_and(|discard| discard.sealed), "the contributor's copy stays for ever");
    let about = registry.contributions(&key.material_type, &key.subject).await.unwrap();
    assert!(about.is_empty(), "what is current is told as a contribution");
}

async fn begun(
    registry: &dyn Registry,
    key: &MaterialKey,
    holder: &str,
    content: &[u8],
    intake: Intake,
    expected: Option<&Version>,
) -> NewUpload {
    let new = upload_of(registry, key, holder, content).await;
    let new = NewUpload { intake, expected: expected.map(|version| version.id), ..new };
    staged(registry, &new, content).await;
    new
}

async fn excepted(registry: &dyn Registry, key: &MaterialKey, content: &[u8]) -> NewUpload {
    let intake = Intake::Excepted { exception: UploadException::HolderDown };
    begun(registry, key, "brings", content, intake, None).await
}

async fn contributed(registry: &dyn Registry, key: &MaterialKey, content: &[u8]) -> Version {
    let new = excepted(registry, key, content).await;
    match commit(registry, &new, content).await {
        Committed::Contributed { version, .. } => version,
        other => panic!("{other:?}"),
    }
}
