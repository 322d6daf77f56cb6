//! Request ids.

use super::{boot, later, start, uuid};
use crate::{Digest, Registry, RequestId, RequestScope, RequestState, SystemId};

pub(super) async fn a_request_id_is_claimed_once(registry: &dyn Registry) {
    let scope = scope();
    let other_method = RequestScope { method: "Other", ..scope.clone() };
    let (payload, other) = (Digest::of(b"payload"), Digest::of(b"other"));
    let (ours, next) = (boot(), boot());
    let claim = |scope, payload, boot| registry.begin_request(scope, payload, boot, start());

    let first = claim(&scope, &payload, ours).await.unwrap();
    let running = claim(&scope, &payload, ours).await.unwrap();
    let reused = claim(&scope, &other, ours).await.unwrap();
    let elsewhere = claim(&other_method, &other, ours).await.unwrap();
    let after_restart = claim(&scope, &payload, next).await.unwrap();
    registry.release_request(&scope).await.unwrap();
    let freed = claim(&scope, &payload, next).await.unwrap();
    registry.finish_request(&scope).await.unwrap();
    registry.release_request(&scope).await.unwrap();
    let done = claim(&scope, &payload, next).await.unwrap();

    assert_eq!(first, RequestState::Claimed);
    assert_eq!(running, RequestState::Running);
    assert_eq!(reused, RequestState::Reused);
    assert_eq!(elsewhere, RequestState::Claimed);
    assert_eq!(after_restart, RequestState::Claimed, "a dead gateway's claim blocks");
    assert_eq!(freed, RequestState::Claimed);
    assert_eq!(done, RequestState::Done);
}

pub(super) async fn old_request_ids_expire(registry: &dyn Registry) {
    let (old, young) = (scope(), scope());
    let (payload, boot) = (Digest::of(b"payload"), boot());
    registry.begin_request(&old, &payload, boot, later(1_000_000)).await.unwrap();
    registry.begin_request(&young, &payload, boot, later(1_000_020)).await.unwrap();

    registry.expire_requests(later(1_000_010), 1_000).await.unwrap();

    let now = later(1_000_030);
    let old = registry.begin_request(&old, &Digest::of(b"another"), boot, now).await.unwrap();
    let young = registry.begin_request(&young, &payload, boot, now).await.unwrap();
    assert_eq!((old, young), (RequestState::Claimed, RequestState::Running));
}

fn scope() -> RequestScope {
    let system = SystemId::verified("spiffe://test/dept/housing/system/a".to_owned());
    RequestScope { system, method: "Begin", id: RequestId(uuid()) }
}
