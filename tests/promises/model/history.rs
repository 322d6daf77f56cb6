//! What the model knows of when which version became current, and what that says of a day.

use super::city::Paper;

/// That a version became current. Where nobody saw how a call ended there are two moments: before the
/// first it was not, and by the second it was, if it ever was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Became {
    pub(super) version: usize,
    pub(super) from_ms: i64,
    pub(super) by_ms: Option<i64>,
}

impl Paper {
    /// Writes down what was committed: it is current from now on.
    pub(super) fn became(&mut self, version: usize, now_ms: i64) {
        if self.history.last().is_none_or(|last| last.version != version) {
            self.history.push(Became { version, from_ms: now_ms, by_ms: Some(now_ms) });
        }
    }

    /// Writes down what a fetch from the issuer may have made current, or surely has.
    pub(super) fn note_fetched(&mut self, now_ms: i64) {
        let currents: Vec<_> = self.standings.iter().map(|standing| standing.current).collect();
        for version in currents.iter().copied().flatten() {
            if !self.history.iter().any(|became| became.version == version) {
                self.history.push(Became { version, from_ms: now_ms, by_ms: None });
            }
        }
        let sure = |version| currents.iter().all(|current| *current == Some(version));
        for became in self.history.iter_mut().filter(|became| sure(became.version)) {
            became.by_ms.get_or_insert(now_ms);
        }
    }

    /// Returns all that may have been current just before a moment, as the bus knew it then.
    pub(super) fn current_before(&self, ms: i64) -> Vec<Option<usize>> {
        let begun = |became: &&Became| became.from_ms < ms;
        let known: Vec<_> = self.history.iter().filter(begun).collect();
        let surely = |became: &&Became| became.by_ms.is_some_and(|by| by < ms);
        let sure = known.iter().rposition(surely);
        let nothing = sure.is_none().then_some(None);
        let may_be = known[sure.unwrap_or(0)..].iter().map(|became| Some(became.version));
        nothing.into_iter().chain(may_be).collect()
    }
}
