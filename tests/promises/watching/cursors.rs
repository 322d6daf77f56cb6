//! A watch goes on where another ended.

use super::*;

#[tokio::test]
async fn a_watch_goes_on_behind_the_last_message_with_nothing_lost_or_doubled() {
    let mut bus = TestBus::start().await;
    let (mut watch, first) = open(&bus.client("planning"), contracts(), "").await.unwrap();
    let one = publish(&bus, "C-1", "one", "").await;
    let events = take(&mut watch, 1).await;
    drop(watch);
    let two = publish(&bus, "C-1", "two", &one).await;

    let cursor = &events[0].cursor;
    let (mut watch, again) = open(&bus.client("planning"), contracts(), cursor).await.unwrap();
    let superseded = take(&mut watch, 1).await;
    drop(watch);
    bus.restart().await;
    let three = publish(&bus, "C-1", "three", &two).await;
    let cursor = &superseded[0].cursor;
    let (mut watch, _) = open(&bus.client("planning"), contracts(), cursor).await.unwrap();
    let rest = take(&mut watch, 3).await;
    let (mut watch, _) = open(&bus.client("planning"), contracts(), &first.cursor).await.unwrap();
    let all = take(&mut watch, 5).await;

    assert_eq!(again.cursor, events[0].cursor, "it began somewhere else");
    let expected = [
        ("mine", Kind::Published, &*one),
        ("mine", Kind::Superseded, &*one),
        ("mine", Kind::Published, &*two),
        ("mine", Kind::Superseded, &*two),
        ("mine", Kind::Published, &*three),
    ];
    assert_eq!(said(&[events, superseded, rest].concat()), expected);
    assert_eq!(said(&all), expected);
}

#[tokio::test]
async fn a_cursor_is_of_one_caller_and_of_one_set_of_materials() {
    let bus = TestBus::start().await;
    let both = || vec![watched("M23", "one"), watched("M19", "two")];
    let (_, first) = open(&bus.client("planning"), both(), "").await.unwrap();
    let other = if first.cursor.starts_with('A') { "B" } else { "A" };
    let forged = format!("{other}{}", &first.cursor[1..]);

    for (department, watched, cursor) in [
        ("market", both(), &*first.cursor),
        ("planning", contracts(), &first.cursor),
        ("planning", both(), &forged),
        ("planning", both(), "no cursor"),
        ("planning", both(), &"A".repeat(4_096)),
    ] {
        let mut material = bus.client(department).material;
        let refused = material.watch_materials(request(watched, cursor)).await.unwrap_err();

        let said = (refused.code(), reason(&refused));
        assert_eq!(said, (Code::InvalidArgument, "INVALID_FIELD".to_owned()), "{department}");
        assert!(refused.message().starts_with("cursor "), "{refused:?}");
    }
    let turned = vec![watched("geotech_survey_report", "2"), watched("M23", "1")];
    let version = publish(&bus, "C-1", "a contract", "").await;
    let (mut watch, _) = open(&bus.client("planning"), turned, &first.cursor).await.unwrap();
    let events = take(&mut watch, 1).await;
    assert_eq!(said(&events), [("1", Kind::Published, &*version)]);
}

#[tokio::test]
async fn a_cursor_is_refused_once_what_followed_it_is_too_long_ago() {
    let bus = TestBus::builder().tables("[limits]\nwatch_retention_days = 1\n").start().await;
    let planning = bus.client("planning");
    let (mut watch, first) = open(&planning, contracts(), "").await.unwrap();
    let one = publish(&bus, "C-1", "one", "").await;
    let told = take(&mut watch, 1).await;

    open(&planning, contracts(), &first.cursor).await.unwrap();
    a_day_passes(&bus);
    let request = request(contracts(), &first.cursor);
    let refused = planning.material.clone().watch_materials(request).await.unwrap_err();
    let (mut resumed, _) = open(&planning, contracts(), &told[0].cursor).await.unwrap();
    let two = publish(&bus, "C-1", "two", &one).await;
    let (rest, running) = (take(&mut resumed, 2).await, take(&mut watch, 2).await);

    assert_expired(&refused);
    let expected = [("mine", Kind::Superseded, &*one), ("mine", Kind::Published, &*two)];
    assert_eq!(said(&rest), expected, "a cursor that missed nothing was refused or wrong");
    assert_eq!(said(&running), expected);
}

#[tokio::test]
async fn a_cursor_is_refused_whose_changes_were_dropped_and_a_watch_that_runs_loses_nothing() {
    let bus = TestBus::builder().tables("[limits]\nhistory_days = 366\n").start().await;
    let planning = bus.client("planning");
    let (mut watch, first) = open(&planning, contracts(), "").await.unwrap();
    let one = publish(&bus, "C-1", "one", "").await;
    let two = publish(&bus, "C-1", "two", &one).await;
    let told = take(&mut watch, 3).await;

    let within = bus.gateway().drop_old_changes().await.unwrap();
    bus.clock.advance(SignedDuration::from_hours(367 * 24));
    let dropped = bus.gateway().drop_old_changes().await.unwrap();
    let request = request(contracts(), &first.cursor);
    let refused = planning.material.clone().watch_materials(request).await.unwrap_err();
    let three = publish(&bus, "C-1", "three", &two).await;
    let (mut resumed, _) = open(&planning, contracts(), &told[2].cursor).await.unwrap();
    let (rest, running) = (take(&mut resumed, 2).await, take(&mut watch, 2).await);

    assert_eq!((within, dropped), (0, 2), "that one was current, and was superseded");
    assert_expired(&refused);
    let expected = [("mine", Kind::Superseded, &*two), ("mine", Kind::Published, &*three)];
    assert_eq!(said(&rest), expected);
    assert_eq!(said(&running), expected);
}

fn assert_expired(refused: &Status) {
    let got = (refused.code(), reason(refused));
    assert_eq!(got, (Code::OutOfRange, "CURSOR_EXPIRED".to_owned()), "{refused:?}");
    assert!(refused.message().contains("resolve again"), "{refused:?}");
    assert!(oncebus_tests::receipt(refused).is_some(), "the refusal is not on record");
}
