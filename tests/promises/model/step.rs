//! What happens in one step.

use super::dice::Dice;

/// One step. What it is about is drawn when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Fetch,
    FetchNamed,
    FetchTogether,
    FetchStale,
    CancelFetch,
    Publish,
    PublishOnWrongVersion,
    PublishAgain,
    PublishInPart,
    GoOnWithUpload,
    SupersedeUnderFetches,
    TwoWriters,
    PublishEarlier,
    Revoke,
    Find,
    Get,
    FindAsOf,
    ClockJumps,
    ChangeRight,
    WithdrawMeanwhile,
    HolderDownOrUp,
    IssuerChanges,
    TimePasses,
    Settle,
    Restart,
    Crash,
    CrashWhileFetching,
    CrashWhileCommitting,
}

/// How often each is made, beside the others.
const WEIGHTS: [(Step, usize); 28] = [
    (Step::Fetch, 280),
    (Step::FetchStale, 25),
    (Step::FetchNamed, 80),
    (Step::FetchTogether, 60),
    (Step::CancelFetch, 40),
    (Step::Publish, 120),
    (Step::PublishOnWrongVersion, 30),
    (Step::PublishAgain, 30),
    (Step::PublishInPart, 30),
    (Step::GoOnWithUpload, 35),
    (Step::SupersedeUnderFetches, 30),
    (Step::TwoWriters, 35),
    (Step::PublishEarlier, 35),
    (Step::Revoke, 35),
    (Step::Find, 60),
    (Step::Get, 40),
    (Step::FindAsOf, 80),
    (Step::ClockJumps, 20),
    (Step::ChangeRight, 60),
    (Step::WithdrawMeanwhile, 30),
    (Step::HolderDownOrUp, 30),
    (Step::IssuerChanges, 25),
    (Step::TimePasses, 35),
    (Step::Settle, 10),
    (Step::Restart, 15),
    (Step::Crash, 15),
    (Step::CrashWhileFetching, 15),
    (Step::CrashWhileCommitting, 20),
];

impl Step {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let mut left = dice.below(WEIGHTS.iter().map(|(_, weight)| weight).sum());
        for (step, weight) in WEIGHTS {
            match left.checked_sub(weight) {
                Some(rest) => left = rest,
                None => return step,
            }
        }
        unreachable!("the weights add up")
    }
}
