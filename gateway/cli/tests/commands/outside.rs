//! Programs that nobody here wrote, on a log that the gateway wrote through gRPC: Go's own
//! transparency log packages and aics-tlog verify it, aics-witness witnesses it.

mod damage;
mod log;
mod verifiers;
mod witness;

use self::{
    damage::{DAMAGES, Damage},
    log::{Log, WrittenLog},
    verifiers::Verifier,
    witness::{Asked, Witness},
};

/// Parts in which a log is written; it is read during all but the first.
const ROUNDS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outside_verifiers_agree_with_a_log_that_is_and_was_written_through_grpc() {
    let verifiers = Verifier::all();
    if verifiers.is_empty() {
        return;
    }
    let records = scaled(2_000, 70_000);
    let log = Log::start().await;

    log.write(records / ROUNDS).await;
    for _ in 1..ROUNDS {
        log.keep_checkpoint();
        let readings: Vec<_> = verifiers.iter().map(|verifier| verifier.read_on(&log)).collect();
        log.write(records / ROUNDS).await;
        for reading in readings {
            reading.await.unwrap().unwrap();
        }
    }
    let log = log.stop();
    let verified: Vec<_> = verifiers.iter().map(|verifier| verifier.verify(&log)).collect();

    for verified in verified {
        let verified = verified.unwrap();
        let (size, kept) = (log.newest().checkpoint.size, log.kept());
        assert!(records as u64 <= size, "{size} records of {records}");
        assert_eq!(verified["records"], size);
        assert_eq!(verified["bundles"], size.div_ceil(256));
        assert_eq!(verified["receipts"], kept.receipts);
        assert_eq!(verified["checkpoints"], kept.checkpoints);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outside_verifiers_find_whatever_is_changed_in_the_files_of_a_log() {
    let verifiers = Verifier::all();
    if verifiers.is_empty() {
        return;
    }
    let log = written(1_000).await;
    let mut damages = Damage::all(&log);
    const { assert!(DAMAGES <= 10, "make test inflicts every kind") };

    for number in 0..scaled(10, 50) {
        let damage = damages.next(number);
        damage.inflict();
        for verifier in &verifiers {
            let found = verifier.verify(&log);
            let fault = found.err().unwrap_or_else(|| panic!("{verifier:?} misses {damage}"));
            assert!(fault.starts_with("fault: "), "{verifier:?} on {damage}: {fault}");
        }
        damage.undo();
    }

    for verifier in &verifiers {
        verifier.verify(&log).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_of_another_log_is_refused_by_outside_verifiers() {
    let verifiers = Verifier::all();
    if verifiers.is_empty() {
        return;
    }
    let log = written(300).await;
    let fork = log.fork(400).await;
    log.keep(&fork.receipt);

    for verifier in &verifiers {
        let fault = verifier.verify(&log).unwrap_err();
        assert!(fault.contains(".tlog-proof"), "{verifier:?}: {fault}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_cosigns_growth_and_refuses_a_stale_a_rolled_back_and_a_forked_log() {
    let Some(witness) = Witness::find() else { return };
    let log = written(300).await;
    let (old, new) = (log.oldest(), log.newest());
    let growth = log.growth_from(old.checkpoint.size).await;
    let fork = log.fork(new.checkpoint.size + 20).await;
    let (first, size) = (old.checkpoint.size, new.checkpoint.size);
    let mut wrong = growth.clone();
    wrong[0][0] ^= 1;

    let answers = witness.ask(
        &log.vkey,
        &[
            Asked { old: 0, proof: &[], checkpoint: &old.note },
            Asked { old: first, proof: &wrong, checkpoint: &new.note },
            Asked { old: first, proof: &growth, checkpoint: &new.note },
            Asked { old: first, proof: &growth, checkpoint: &new.note },
            Asked { old: 0, proof: &[], checkpoint: &old.note },
            Asked { old: size, proof: &[], checkpoint: &old.note },
            Asked { old: size, proof: &fork.growth_from(size).await, checkpoint: &fork.note() },
        ],
    );

    assert_eq!(answers.statuses(), [200, 422, 200, 409, 409, 400, 422], "{answers:?}");
    assert_eq!(answers.body(3), format!("{size}\n"));
    for (at, signed) in [(0, &old), (2, &new)] {
        let cosigned = format!("{}{}", signed.note, answers.body(at));
        answers.check(&cosigned).unwrap();
        log.check(&cosigned).unwrap();
    }
    let swapped = format!("{}{}", old.note, answers.body(2));
    let refused = answers.check(&swapped).unwrap_err().to_string();
    assert!(refused.contains("is not of this note"), "{refused}");
}

/// Has a gateway write a log, and stops it.
async fn written(records: usize) -> WrittenLog {
    let log = Log::start().await;
    log.write(records).await;
    log.stop()
}

/// Returns `small` in `make test`, and `large` where `ONCEBUS_TEST_SCALE` asks for more.
fn scaled(small: usize, large: usize) -> usize {
    let scale = std::env::var("ONCEBUS_TEST_SCALE").map_or(1, |scale| scale.parse().unwrap());
    if scale > 1 { large } else { small }
}

/// Skips what needs a tool that is not there; where CI=true that is an error.
fn missing(tool: &str) {
    assert!(!std::env::var("CI").is_ok_and(|ci| ci == "true"), "{tool} is missing");
    oncebus_tests::skipped(&format!("{tool} is not installed"));
}
