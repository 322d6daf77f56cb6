//! Each event is decided by the permissions that are in force when it is told.

use super::*;
use crate::reload::reload;

/// How planning's permission begins.
const PLANNINGS: &str = "[[permission]]\ndepartment = \"planning\"";

/// Takes types from what planning may fetch, and back.
fn without(text: &str, types: &str) -> String {
    let (before, its) = text.split_once(PLANNINGS).unwrap();
    format!("{before}{PLANNINGS}{}", its.replacen(types, "", 1))
}

#[tokio::test]
async fn what_is_withdrawn_is_told_once_for_each_type_and_the_others_go_on() {
    let bus = TestBus::start().await;
    let numbered = |number: &str, reference| pb::WatchedMaterial {
        number: number.to_owned(),
        ..watched("M23", reference)
    };
    let three = vec![numbered("C-1", "one"), numbered("C-2", "two"), watched("M19", "survey")];
    let (mut watch, _) = open(&bus.client("planning"), three.clone(), "").await.unwrap();
    let before = publish(&bus, "C-2", "before", "").await;
    let allowed = take(&mut watch, 1).await;

    bus.edit_config(|text| without(&text, "\"M23\", "));
    reload(&bus.operator()).await.unwrap();
    let withdrawn = take(&mut watch, 1).await;
    publish(&bus, "C-1", "unseen", "").await;
    let unseen = publish(&bus, "C-2", "unseen too", &before).await;
    let survey = Document::new("geotech_survey_report", "S-1", "a survey");
    let survey = bus.client("housing").publish(&survey).await.unwrap().info.unwrap().version;
    let other = take(&mut watch, 1).await;
    let (mut late, _) = open(&bus.client("planning"), three, "").await.unwrap();
    let at_once = take(&mut late, 1).await;
    bus.edit_config(|text| text.replace("fetch = [\"M01\"", "fetch = [\"M23\", \"M01\""));
    reload(&bus.operator()).await.unwrap();
    let again = publish(&bus, "C-2", "seen again", &unseen).await;
    let back = take(&mut watch, 2).await;

    assert_eq!(said(&allowed), [("two", Kind::Published, &*before)]);
    assert_eq!(said(&withdrawn), [("one", Kind::Withdrawn, "")]);
    let event = withdrawn[0].event.as_ref().unwrap();
    let rest = (event.number.as_str(), event.status.as_str(), event.time);
    assert_eq!((event.material_type.as_str(), rest), ("construction_contract", ("", "", None)));
    assert_eq!(said(&other), [("survey", Kind::Published, &*survey)]);
    assert_eq!(said(&at_once), [("one", Kind::Withdrawn, "")]);
    let expected = [("two", Kind::Superseded, &*unseen), ("two", Kind::Published, &*again)];
    assert_eq!(said(&back), expected);
    let receipt = proof(withdrawn[0].receipt.as_ref().unwrap());
    receipt.verify(bus.verifier()).unwrap();
    let records = bus.client("audit").outcomes("watch").await;
    let denied: Vec<_> = records.iter().filter(|record| record.outcome == "denied").collect();
    assert_eq!(denied.len(), 2, "once for each watch: {denied:?}");
    assert_eq!(denied[0].index as u64, receipt.index);
    let why = (denied[0].reason.as_str(), denied[0].material_type.as_str());
    assert_eq!(why, ("ACCESS_DENIED", "construction_contract"));
}

#[tokio::test]
async fn who_may_see_none_of_the_types_watches_nothing() {
    let bus = TestBus::start().await;

    let request = request(contracts(), "");
    let refused = bus.client("audit").material.watch_materials(request).await.unwrap_err();

    let said = (refused.code(), reason(&refused));
    assert_eq!(said, (Code::PermissionDenied, "ACCESS_DENIED".to_owned()));
    let receipt = oncebus_tests::receipt(&refused).expect("the refusal is on record");
    let record = bus.client("audit").outcomes("watch").await.pop().unwrap();
    assert_eq!((record.outcome.as_str(), record.index), ("denied", receipt.index));
}
