//! What the bus may answer, by the model's own word.

use super::city::{City, Paper, Standing};

/// One answer that is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// This version's bytes, and whether they are told to be stale.
    Version { at: usize, stale: bool },
    /// A refusal or failure with this reason.
    Refused(&'static str),
}

/// An answer, and what is registered after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) answer: Answer,
    pub(super) after: Standing,
}

/// What a holder's absence is told as.
pub(super) const AWAY: &str = "ADAPTER_UNAVAILABLE";
/// What is told where a version was taken back.
pub(super) const REVOKED: Answer = Answer::Refused("VERSION_REVOKED");
/// What is told where a call without a number means several documents.
pub(super) const AMBIGUOUS: Answer = Answer::Refused("MATERIAL_AMBIGUOUS");

impl City {
    /// Returns all right answers to a call for the current version.
    pub(super) fn current(&self, paper: &Paper) -> Vec<Way> {
        paper.standings.iter().flat_map(|standing| self.from(paper, *standing)).collect()
    }

    /// Returns all right answers to a call for this version from `offset` on.
    pub(super) fn named(&self, paper: &Paper, at: usize, offset: usize) -> Vec<Way> {
        let size = paper.versions[at].content.size;
        let answers = match offset {
            _ if paper.versions[at].revoked.is_some() => vec![REVOKED],
            _ if offset > size => vec![Answer::Refused("INVALID_FIELD")],
            _ if offset == size => vec![Answer::Version { at, stale: false }],
            _ => self.bytes(paper, at, false),
        };
        let all = |answer: Answer| paper.standings.iter().map(move |&after| Way { answer, after });
        answers.into_iter().flat_map(all).collect()
    }

    /// Returns what was right at some time, or may have been.
    pub(super) fn earlier(&self, paper: &Paper) -> Vec<Answer> {
        let versions = 0..paper.versions.len();
        let mut answers: Vec<_> =
            versions.flat_map(|at| self.good_bytes(paper, at, false)).collect();
        answers.push(Answer::Refused("MATERIAL_NOT_FOUND"));
        answers
    }

    fn from(&self, paper: &Paper, standing: Standing) -> Vec<Way> {
        let same = |answers: Vec<Answer>| {
            answers.into_iter().map(|answer| Way { answer, after: standing }).collect()
        };
        let Some(issuer) = paper.of.held_by else {
            return same(match standing.current {
                Some(at) => self.bytes(paper, at, false),
                None => vec![Answer::Refused("MATERIAL_NOT_FOUND")],
            });
        };
        let known_for = self.now_ms.saturating_sub(standing.confirmed_ms);
        let (relied_on, stale) = (paper.of.relied_on_ms, paper.of.stale_ms);
        match standing.current {
            Some(at) if known_for < relied_on => same(self.bytes(paper, at, false)),
            _ if self.is_up(issuer) => {
                let at = paper.held();
                let after = Standing { current: Some(at), confirmed_ms: self.now_ms };
                let revoked = paper.versions[at].revoked.is_some();
                let answer = if revoked { REVOKED } else { Answer::Version { at, stale: false } };
                vec![Way { answer, after }]
            }
            Some(at) if stale > 0 && known_for < relied_on + stale => {
                same(self.bytes(paper, at, true))
            }
            _ => same(vec![Answer::Refused(AWAY)]),
        }
    }

    /// Returns what may become of asking for a version's bytes: nobody is given what was revoked.
    fn bytes(&self, paper: &Paper, at: usize, stale: bool) -> Vec<Answer> {
        match paper.versions[at].revoked {
            Some(_) => vec![REVOKED],
            None => self.good_bytes(paper, at, stale),
        }
    }

    /// The same of what was never revoked. What is remembered may be forgotten at any time, except
    /// personal content, which is never remembered.
    fn good_bytes(&self, paper: &Paper, at: usize, stale: bool) -> Vec<Answer> {
        let version = Answer::Version { at, stale };
        if !self.is_up(paper.versions[at].holder) {
            let away = Answer::Refused(AWAY);
            return if paper.of.personal { vec![away] } else { vec![version, away] };
        }
        if paper.of.held_by.is_some() && at != paper.held() {
            // Its issuer has another content in its place now.
            let gone = ["DIGEST_MISMATCH", "SIZE_MISMATCH"].map(Answer::Refused);
            return vec![version, gone[0], gone[1]];
        }
        vec![version]
    }
}
