//! Stops asking an adapter that fails, and finds out soon when it works again.

use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use oncebus_core::DeptId;
use tokio::time::Instant;

use super::window::Window;

/// From the opening to the first probe.
const FIRST_PROBE: Duration = Duration::from_secs(1);
/// Longest time from the start of one probe to the next. With the probe's own way there and back an
/// adapter is used again within 5 s of its return.
const PROBE_EVERY: Duration = Duration::from_secs(4);

/// Stands before the calls of one adapter, from all cores together.
///
/// While it is open, one call in [`FIRST_PROBE`] to [`PROBE_EVERY`] is let through as a probe. Probes
/// come by the clock and not one after the other: a probe that hangs, or whose caller is gone, keeps
/// nobody from sending the next, and a slow adapter has its whole time to answer one.
#[derive(Debug)]
pub(super) struct Breaker {
    holder: DeptId,
    limits: BreakerLimits,
    state: Mutex<State>,
}

/// When an adapter counts as failing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BreakerLimits {
    /// Failures in a row.
    pub(crate) failures: u32,
    /// Calls in ten seconds of which half must work; fewer say nothing.
    pub(crate) calls: u32,
}

/// What a call speaks for or against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The adapter does its work; what it answers may be a refusal.
    Works,
    /// The adapter failed.
    Fails,
    /// The call says nothing of the adapter.
    Nothing,
}

/// A call's leave to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pass {
    /// The opening or closing since which the call began: it speaks of that time only.
    turn: u64,
    /// Probes sent before the call, with itself. See [`Pass::connections`].
    probes: u64,
    probe: bool,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    turn: u64,
    probes: u64,
}

#[derive(Debug)]
enum Phase {
    Closed { failures: u32, window: Window },
    Open { probe_at: Instant, pause: Duration },
}

// === impl BreakerLimits ===

impl Default for BreakerLimits {
    fn default() -> Self {
        Self { failures: 7, calls: 20 }
    }
}

// === impl Pass ===

impl Pass {
    /// Returns whether the call is to find out if the adapter works again.
    pub(super) fn is_probe(self) -> bool {
        self.probe
    }

    /// Returns which connections the call may use: those made for a pass of the same number or a
    /// higher one. What broke the calls may be the connection, which a lost network leaves silent for
    /// longer than it is away; so each probe has a new one, and so has what follows it.
    pub(super) fn connections(self) -> u64 {
        self.probes
    }
}

// === impl Breaker ===

impl Breaker {
    pub(super) fn new(holder: DeptId, limits: BreakerLimits) -> Self {
        let state = State { phase: Phase::closed(), turn: 0, probes: 0 };
        Self { holder, limits, state: Mutex::new(state) }
    }

    /// Tells whether a call would be let through now, as a probe or as any other.
    pub(super) fn is_ready(&self) -> bool {
        match &self.state().phase {
            Phase::Closed { .. } => true,
            Phase::Open { probe_at, .. } => *probe_at <= Instant::now(),
        }
    }

    /// Lets a call through, or `None` while the adapter is not asked.
    pub(super) fn admit(&self) -> Option<Pass> {
        let mut state = self.state();
        let probe = match &mut state.phase {
            Phase::Closed { .. } => false,
            Phase::Open { probe_at, pause } => {
                let now = Instant::now();
                if now < *probe_at {
                    return None;
                }
                *pause = (*pause * 2).min(PROBE_EVERY);
                *probe_at = now + *pause;
                true
            }
        };
        state.probes += u64::from(probe);
        Some(Pass { turn: state.turn, probes: state.probes, probe })
    }

    /// Notes how a call ended. One that began before the last opening or closing says nothing now.
    pub(super) fn note(&self, pass: Pass, verdict: Verdict) {
        let mut state = self.state();
        if pass.turn != state.turn {
            return;
        }
        let turned = match (&mut state.phase, verdict) {
            (_, Verdict::Nothing) | (Phase::Open { .. }, Verdict::Fails) => None,
            (Phase::Open { .. }, Verdict::Works) => Some(Phase::closed()),
            (Phase::Closed { failures, window }, Verdict::Works) => {
                *failures = 0;
                window.worked();
                window.mostly_failed(self.limits.calls).then(Phase::open)
            }
            (Phase::Closed { failures, window }, Verdict::Fails) => {
                *failures += 1;
                window.failed();
                let mostly_failed = window.mostly_failed(self.limits.calls);
                (*failures >= self.limits.failures || mostly_failed).then(Phase::open)
            }
        };
        if let Some(phase) = turned {
            self.turn(&mut state, phase);
        }
    }

    /// Notes that a call works that has not ended yet. A probe that does ends the opening, and goes on
    /// as any other call.
    pub(super) fn note_alive(&self, pass: &mut Pass) {
        if !mem::take(&mut pass.probe) {
            return;
        }
        let mut state = self.state();
        if pass.turn == state.turn {
            self.turn(&mut state, Phase::closed());
            pass.turn = state.turn;
        }
    }

    fn turn(&self, state: &mut State, phase: Phase) {
        let department = &self.holder;
        match &phase {
            Phase::Open { .. } => tracing::warn!(%department, "the adapter fails and is not asked"),
            Phase::Closed { .. } => tracing::info!(%department, "the adapter works again"),
        }
        state.turn += 1;
        state.phase = phase;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Phase ===

impl Phase {
    fn closed() -> Self {
        Self::Closed { failures: 0, window: Window::new() }
    }

    fn open() -> Self {
        Self::Open { probe_at: Instant::now() + FIRST_PROBE, pause: FIRST_PROBE }
    }
}

#[cfg(test)]
mod tests;
