//! Random operations on a whole bus, and beside it a model that says what each must answer.
//!
//! The model is plain data. It calls no code of `oncebus-core`: what it knows of the bus comes over the
//! wire, and from the trail's files. `ONCEBUS_TEST_SEED` repeats a run, `ONCEBUS_TEST_SCALE` makes
//! more of them.

mod answers;
mod city;
mod days;
mod dice;
mod divergence;
mod drive;
mod events;
mod fetch;
mod fetches;
mod finds;
mod history;
mod ledger;
mod past;
mod publish;
mod revoke;
mod step;
mod verdict;
mod writers;

use std::io::Write as _;

use oncebus_core::Bug;

use self::{divergence::Flaw, drive::run};

/// Steps of a run. `ONCEBUS_TEST_SCALE` makes so many runs, each from an empty bus: a seed that fails
/// is repeated in the time of one.
const STEPS: usize = 1_000;
/// What happens in every run of so many steps, or the run has shown too little.
const MUST_HAPPEN: [&str; 40] = [
    "hit",
    "miss",
    "joined",
    "forgotten",
    "denied",
    "stale",
    "hung up",
    "committed",
    "held already",
    "upload resumed",
    "superseded under fetches",
    "granted",
    "withdrawn",
    "withdrawn meanwhile",
    "away",
    "changed by its issuer",
    "restarted",
    "crashed",
    "crashed while fetching",
    "crashed while committing",
    "VERSION_CONFLICT",
    "ADAPTER_UNAVAILABLE",
    "MATERIAL_NOT_FOUND",
    "superseded",
    "superseded by two writers",
    "superseded what was revoked",
    "an earlier version again",
    "out of date order",
    "revoked",
    "revoked again",
    "revocation refused",
    "VERSION_REVOKED",
    "clock jumped",
    "as_of",
    "as_of a day to come",
    "as_of what was superseded since",
    "VALIDITY_EXPIRING",
    "VALIDITY_EXPIRED",
    "VALIDITY_OUTDATED",
    "VALIDITY_REVOKED",
];

#[tokio::test]
async fn the_bus_answers_as_the_model_whatever_happens() {
    let runs = std::env::var("ONCEBUS_TEST_SCALE").map_or(1, |scale| scale.parse().unwrap());
    let first = dice::seed();
    for seed in (0..runs).map(|run: u64| first.wrapping_add(run)) {
        say(&format!("model: {STEPS} steps with ONCEBUS_TEST_SEED={seed}"));

        let happened = run(seed, STEPS, None).await.unwrap();

        say(&format!("model: 0 divergences; {happened:?}"));
        let never = MUST_HAPPEN.iter().filter(|what| !happened.contains_key(**what));
        let never: Vec<_> = never.collect();
        assert!(never.is_empty(), "seed {seed} never saw {never:?}");
    }
}

#[tokio::test]
async fn the_model_finds_a_hit_without_a_decision() {
    let found = found(Bug::HitWithoutDecision).await;

    // Of a caller who hung up, or whose gateway crashed, only the record tells.
    let shown = [Flaw::ServedThoughDenied, Flaw::RecordedUndecided];
    assert!(shown.contains(&found), "{found:?}");
}

#[tokio::test]
async fn the_model_finds_a_missing_generation_check() {
    assert_eq!(found(Bug::MissingGenerationCheck).await, Flaw::OldVersion);
}

#[tokio::test]
async fn the_model_finds_an_outcome_written_after_release() {
    assert_eq!(found(Bug::OutcomeAfterRelease).await, Flaw::ReleasedBeforeOutcome);
}

#[tokio::test]
async fn the_model_finds_a_pointer_to_what_was_revoked() {
    let found = found(Bug::RevokedPointerForgotten).await;

    // By type and subject, or by name.
    assert!([Flaw::OldVersion, Flaw::GoodThoughRevoked].contains(&found), "{found:?}");
}

#[tokio::test]
async fn the_model_finds_a_past_that_is_the_present() {
    assert_eq!(found(Bug::PastIsPresent).await, Flaw::WrongPast);
}

/// Returns what the model finds first in a bus with this bug.
async fn found(bug: Bug) -> Flaw {
    let seed = dice::seed();
    say(&format!("model: {bug:?} with ONCEBUS_TEST_SEED={seed}"));
    let failure = run(seed, STEPS, Some(bug)).await.expect_err("the model finds nothing");
    say(&format!("model: {bug:?}, {failure:?}"));
    failure.divergence.flaw
}

/// Says it past the capture: whoever must repeat a run needs its seed, however it ended.
fn say(what: &str) {
    writeln!(std::io::stderr(), "{what}").expect("stderr takes a line");
}
