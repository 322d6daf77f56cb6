//! When a breaker opens, and how it closes.

use tokio::time::advance;

use super::*;

/// Failures in a row that open it.
const FAILURES: u32 = 7;

const SECOND: Duration = Duration::from_secs(1);

fn closed() -> Breaker {
    Breaker::new("market".parse().unwrap(), BreakerLimits::default())
}

fn open() -> Breaker {
    let breaker = closed();
    note(&breaker, Verdict::Fails, FAILURES);
    assert_eq!(breaker.admit(), None, "the breaker is not open");
    breaker
}

fn note(breaker: &Breaker, verdict: Verdict, times: u32) {
    for _ in 0..times {
        breaker.note(breaker.admit().unwrap(), verdict);
    }
}

#[tokio::test(start_paused = true)]
async fn seven_failures_in_a_row_open_it_and_six_do_not() {
    let breaker = closed();

    for _ in 0..2 {
        note(&breaker, Verdict::Fails, FAILURES - 1);
        note(&breaker, Verdict::Nothing, 1);
        assert!(breaker.admit().is_some());
        note(&breaker, Verdict::Works, 4 * FAILURES);
    }
    note(&breaker, Verdict::Fails, FAILURES);

    assert_eq!(breaker.admit(), None);
}

#[tokio::test(start_paused = true)]
async fn it_opens_when_fewer_than_half_of_twenty_work() {
    let breaker = closed();
    for _ in 0..9 {
        note(&breaker, Verdict::Fails, 1);
        note(&breaker, Verdict::Works, 1);
    }
    note(&breaker, Verdict::Fails, 1);
    assert!(breaker.admit().is_some(), "19 calls opened it");

    note(&breaker, Verdict::Fails, 1);

    assert_eq!(breaker.admit(), None);
}

#[tokio::test(start_paused = true)]
async fn probes_come_after_one_two_and_then_every_four_seconds() {
    let breaker = open();
    let opened = Instant::now();

    let mut probes = Vec::new();
    while opened.elapsed() < SECOND * 16 {
        advance(SECOND / 10).await;
        if let Some(probe) = breaker.admit() {
            assert!(probe.is_probe());
            breaker.note(probe, Verdict::Fails);
            probes.push(opened.elapsed().as_millis());
        }
    }

    assert_eq!(probes, [1000, 3000, 7000, 11_000, 15_000]);
}

#[tokio::test(start_paused = true)]
async fn one_probe_that_works_closes_it() {
    let breaker = open();
    advance(SECOND).await;

    breaker.note(breaker.admit().unwrap(), Verdict::Works);

    assert!(breaker.admit().is_some_and(|pass| !pass.is_probe()));
    note(&breaker, Verdict::Fails, FAILURES - 1);
    assert!(breaker.admit().is_some(), "failures of before were counted");
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_hangs_or_is_given_up_holds_nothing_up() {
    let breaker = open();
    advance(SECOND).await;
    let hanging = breaker.admit().unwrap();
    assert_eq!(breaker.admit(), None, "two probes went at once");
    advance(SECOND * 2).await;

    let next = breaker.admit().unwrap();
    breaker.note(next, Verdict::Nothing);
    assert_eq!(breaker.admit(), None);
    breaker.note(hanging, Verdict::Works);

    assert!(breaker.admit().is_some_and(|pass| !pass.is_probe()));
}

#[tokio::test(start_paused = true)]
async fn calls_of_before_a_turn_say_nothing_after_it() {
    let breaker = closed();
    let early: Vec<_> = (0..20).map(|_| breaker.admit().unwrap()).collect();
    note(&breaker, Verdict::Fails, FAILURES);

    breaker.note(early[0], Verdict::Works);
    assert_eq!(breaker.admit(), None, "a call of before closed it");
    advance(SECOND).await;
    breaker.note(breaker.admit().unwrap(), Verdict::Works);
    early.iter().for_each(|&pass| breaker.note(pass, Verdict::Fails));

    assert!(breaker.admit().is_some(), "calls of before opened it again");
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_alive_closes_it_and_may_still_fail() {
    let breaker = open();
    advance(SECOND).await;
    let mut probe = breaker.admit().unwrap();

    breaker.note_alive(&mut probe);
    assert!(breaker.admit().is_some_and(|pass| !pass.is_probe()));
    note(&breaker, Verdict::Fails, FAILURES - 1);
    breaker.note(probe, Verdict::Fails);

    assert_eq!(breaker.admit(), None);
}

#[tokio::test(start_paused = true)]
async fn each_probe_and_what_follows_has_new_connections() {
    let breaker = closed();
    let before = breaker.admit().unwrap();
    note(&breaker, Verdict::Fails, FAILURES);

    advance(SECOND).await;
    let first = breaker.admit().unwrap();
    advance(SECOND * 2).await;
    let second = breaker.admit().unwrap();
    breaker.note(second, Verdict::Works);
    let after = breaker.admit().unwrap();

    let numbers = [before, first, second, after].map(Pass::connections);
    assert_eq!(numbers, [0, 1, 2, 2]);
}
