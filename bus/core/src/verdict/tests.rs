//! All six kinds of validity, from their first day to behind their last.

use std::sync::Arc;

use super::*;
use crate::{Fact, FactKind};

const STARTED: &str = "work_started";

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn noon(text: &str) -> Timestamp {
    format!("{text}T04:00:00Z").parse().unwrap()
}

fn fixed(months: Option<u32>) -> ValidityKind {
    ValidityKind::FixedUntil { months }
}

fn start_within() -> ValidityKind {
    let started = STARTED.to_owned();
    ValidityKind::StartWithin { months: 3, extensions: 2, extension_months: 3, started }
}

fn live() -> ValidityKind {
    ValidityKind::LiveStatus { max_age: Duration::from_secs(3_600) }
}

fn bound_to(to: Option<&str>) -> ValidityKind {
    ValidityKind::VersionBound { to: to.map(|code| code.parse().unwrap()) }
}

fn version(byte: u8) -> VersionId {
    VersionId::from_digest(crate::Digest::from_bytes([byte; 32]))
}

/// Issued on 2026-01-31, in force, just told, current; valid until `until`.
fn known(until: &str) -> Known {
    Known {
        issued: Some(day("2026-01-31")),
        valid_until: (!until.is_empty()).then(|| until.parse().unwrap()),
        status: Status::Valid,
        told_at: noon("2026-03-02"),
        revoked: false,
        current: true,
        names: Vec::new(),
    }
}

fn started(text: &str) -> Facts {
    let fact = Fact {
        key: STARTED.to_owned(),
        kind: FactKind::Day,
        question_zh: String::new(),
        question_en: String::new(),
    };
    Facts::read(&[fact], (!text.is_empty()).then_some((STARTED, text))).unwrap()
}

fn judged(
    kind: &ValidityKind,
    known: &Known,
    on: &str,
    work_started: &str,
) -> (&'static str, String) {
    let facts = started(work_started);
    let when = When::Now(noon(on));
    let under = Circumstances {
        kind,
        when,
        facts: &facts,
        expiring_days: 30,
        bound: None,
        catalog: Arc::default(),
    };
    let Judgement { verdict, until } = judge(known, &under);
    (verdict.code(), until.map(|until| until.to_string()).unwrap_or_default())
}

#[test]
fn a_fixed_end_is_the_documents_or_the_types_period_and_silence_is_told() {
    let cases = [
        (fixed(None), "2026-12-31", "2026-03-02", "VALID", "2026-12-31"),
        (fixed(None), "2026-12-31", "2026-11-30", "VALID", "2026-12-31"),
        (fixed(None), "2026-12-31", "2026-12-01", "EXPIRING", "2026-12-31"),
        (fixed(None), "2026-12-31", "2026-12-31", "EXPIRING", "2026-12-31"),
        (fixed(None), "2026-12-31", "2027-01-01", "EXPIRED", "2026-12-31"),
        (fixed(Some(36)), "2026-12-31", "2027-01-01", "EXPIRED", "2026-12-31"),
        (fixed(Some(36)), "", "2029-01-31", "EXPIRING", "2029-01-31"),
        (fixed(Some(36)), "", "2029-02-01", "EXPIRED", "2029-01-31"),
        (fixed(Some(1)), "", "2026-02-28", "EXPIRING", "2026-02-28"),
        (fixed(None), "长期", "2096-03-02", "VALID", "long_term"),
        (fixed(None), "", "2026-03-02", "UNDATED", ""),
        (fixed(None), "2026-12-31", "2026-01-30", "NOT_YET_VALID", "2026-12-31"),
        (ValidityKind::TermOfContract, "2026-12-31", "2026-12-31", "EXPIRING", "2026-12-31"),
        (ValidityKind::TermOfContract, "2026-12-31", "2027-01-01", "EXPIRED", "2026-12-31"),
        (ValidityKind::TermOfContract, "", "2026-03-02", "UNDATED", ""),
        (ValidityKind::OpenUntilChanged, "", "2096-03-02", "VALID", ""),
        (ValidityKind::OpenUntilChanged, "2026-12-31", "2027-01-01", "EXPIRED", "2026-12-31"),
    ];

    for (kind, until, on, verdict, end) in cases {
        let said = judged(&kind, &known(until), on, "");

        assert_eq!(said, (verdict, end.to_owned()), "{kind:?} {until:?} on {on}");
    }
}

#[test]
fn what_must_start_is_good_until_its_last_day_and_for_ever_once_it_did() {
    let cases = [
        ("", "2026-03-02", "", "VALID_IF_STARTED", "2026-04-30"),
        ("", "2026-04-30", "", "VALID_IF_STARTED", "2026-04-30"),
        ("", "2026-05-01", "", "LAPSED", "2026-04-30"),
        ("", "2036-05-01", "2026-04-30", "VALID", "2026-04-30"),
        ("", "2036-05-01", "2026-05-01", "LAPSED", "2026-04-30"),
        // Not started yet, whatever is planned.
        ("", "2026-03-02", "2026-04-01", "VALID_IF_STARTED", "2026-04-30"),
        // Extended, but never beyond what the law allows.
        ("2026-07-31", "2026-07-31", "", "VALID_IF_STARTED", "2026-07-31"),
        ("2030-01-01", "2026-11-01", "", "LAPSED", "2026-10-31"),
        ("长期", "2026-05-01", "", "LAPSED", "2026-04-30"),
    ];

    for (until, on, start, verdict, end) in cases {
        let said = judged(&start_within(), &known(until), on, start);

        assert_eq!(said, (verdict, end.to_owned()), "{until:?} on {on}, started {start:?}");
    }
    let undated = Known { issued: None, ..known("") };
    assert_eq!(judged(&start_within(), &undated, "2026-03-02", "").0, "UNDATED");
}

#[test]
fn a_live_status_counts_for_its_age_and_never_in_the_past() {
    let facts = Facts::default();
    let verdict = |known: &Known, when| {
        let kind = live();
        let under = Circumstances {
            kind: &kind,
            when,
            facts: &facts,
            expiring_days: 30,
            bound: None,
            catalog: Arc::default(),
        };
        judge(known, &under).verdict.code()
    };
    let told = known("长期");
    let after = |seconds| When::Now(told.told_at + jiff::SignedDuration::from_secs(seconds));

    assert_eq!(verdict(&told, after(3_599)), "VALID");
    assert_eq!(verdict(&told, after(3_600)), "UNKNOWN");
    assert_eq!(verdict(&told, When::Then(day("2026-03-02"))), "UNKNOWN");
    let revoked = Known { revoked: true, ..told };
    assert_eq!(verdict(&revoked, When::Then(day("2026-03-02"))), "REVOKED");
    assert_eq!(verdict(&known("2026-03-01"), after(0)), "EXPIRED");
}

#[test]
fn what_is_bound_is_outdated_once_that_moved_on() {
    let facts = Facts::default();
    let verdict = |known: &Known, to: Option<&str>, bound: Option<Bound>| {
        let kind = bound_to(to);
        let when = When::Now(noon("2026-03-02"));
        let under = Circumstances {
            kind: &kind,
            when,
            facts: &facts,
            expiring_days: 30,
            bound,
            catalog: Arc::default(),
        };
        judge(known, &under).verdict.code()
    };
    let bound =
        |issued: &str| Some(Bound { current: vec![version(1)], issued: issued.parse().ok() });
    let to = Some("engineering_planning_permit");
    let names = |byte| Known { names: vec![version(byte)], ..known("") };

    assert_eq!(verdict(&known(""), to, None), "VALID");
    assert_eq!(verdict(&known(""), to, bound("2026-01-31")), "VALID");
    assert_eq!(verdict(&known(""), to, bound("2026-02-01")), "OUTDATED");
    assert_eq!(verdict(&known(""), to, bound("")), "VALID");
    assert_eq!(verdict(&names(1), to, bound("2026-02-01")), "VALID");
    assert_eq!(verdict(&names(2), to, bound("2026-01-01")), "OUTDATED");
    assert_eq!(verdict(&known(""), None, None), "VALID");
    assert_eq!(verdict(&Known { current: false, ..known("") }, None, None), "OUTDATED");
}

#[test]
fn only_status_01_is_good_and_revoked_is_never() {
    let kinds = [
        fixed(Some(36)),
        start_within(),
        ValidityKind::OpenUntilChanged,
        live(),
        bound_to(None),
        ValidityKind::TermOfContract,
    ];
    let facts = Facts::default();

    for kind in &kinds {
        for code in ["01", "02", "03", "04", "05", "06", "07", "99"] {
            for revoked in [false, true] {
                let known = Known { status: code.parse().unwrap(), revoked, ..known("2026-04-30") };
                let when = When::Now(known.told_at);
                let under = Circumstances {
                    kind,
                    when,
                    facts: &facts,
                    expiring_days: 30,
                    bound: None,
                    catalog: Arc::default(),
                };

                let verdict = judge(&known, &under).verdict;

                assert_eq!(
                    verdict.is_good(),
                    code == "01" && !revoked,
                    "{kind:?} {code} {verdict:?}"
                );
            }
        }
    }
}

#[test]
fn a_day_begins_and_ends_in_shanghai() {
    let last_moment = "2026-12-31T15:59:59.999Z".parse().unwrap();
    let next = "2026-12-31T16:00:00Z".parse().unwrap();
    let facts = Facts::default();

    let verdicts = [last_moment, next].map(|now| {
        let (kind, when) = (fixed(None), When::Now(now));
        let under = Circumstances {
            kind: &kind,
            when,
            facts: &facts,
            expiring_days: 0,
            bound: None,
            catalog: Arc::default(),
        };
        judge(&known("2026-12-31"), &under).verdict
    });

    assert_eq!(verdicts, [Verdict::Expiring, Verdict::Expired]);
}
