//! Steps that fetch.

use futures_util::future::join_all;
use oncebus_proto::v1 as pb;
use oncebus_tests::{purpose, request_id};
use tokio::{
    task::{JoinHandle, yield_now},
    time::timeout,
};

use super::{
    answers::{AMBIGUOUS, Way},
    city::{DEPARTMENTS, Paper, Right, Standing},
    divergence::{Divergence, Flaw},
    drive::{Drive, SOON},
    fetch::{Got, fetch},
};

/// Turns that others get, to come as far as they can.
const TURNS: usize = 300;

/// A fetch under way, and its caller.
pub(super) type Call = JoinHandle<Got>;

impl Drive {
    /// One fetch of a current version, by all that a caller may give.
    pub(super) async fn fetch(&mut self) -> Result<(), Divergence> {
        let (at, who) = self.draw_fetch();
        let mut request = self.current_request(at);
        let mut ways = self.city.current(&self.city.papers[at]);
        if self.dice.once_in(4)
            && let Some(others) = self.without_number(at)
        {
            request.number = String::new();
            ways = others;
        }
        let number = if request.number.is_empty() { " without its number" } else { "" };
        self.note(format!("{who} fetches {}{number}", self.city.papers[at]));
        self.fetch_alone(at, who, request, ways).await
    }

    /// One fetch of any version that there ever was, from anywhere in it.
    pub(super) async fn fetch_named(&mut self) -> Result<(), Divergence> {
        let (at, who) = self.draw_fetch();
        let Some(version) = self.draw_named(at) else { return Ok(()) };
        let size = self.city.papers[at].versions[version].content.size;
        let offset = match self.dice.below(4) {
            0 => 0,
            1 => size,
            2 => self.dice.below(size),
            _ => self.dice.below(size + 2),
        };
        self.fetch_version(at, who, version, offset).await
    }

    pub(super) async fn fetch_version(
        &mut self,
        at: usize,
        who: &'static str,
        version: usize,
        offset: usize,
    ) -> Result<(), Divergence> {
        let paper = &self.city.papers[at];
        let request = pb::FetchMaterialRequest {
            version: paper.versions[version].name.clone().unwrap_or_default(),
            offset: offset as i64,
            purpose: Some(purpose()),
            request_id: request_id(),
            ..Default::default()
        };
        let ways = self.city.named(paper, version, offset);
        self.note(format!("{who} fetches version {version} of {paper} from {offset} on"));
        self.fetch_alone(at, who, request, ways).await
    }

    /// Several fetches of one paper at the same time, by whoever may or may not.
    pub(super) async fn fetch_together(&mut self) -> Result<(), Divergence> {
        let at = self.dice.below(self.city.papers.len());
        let callers = 2 + self.dice.below(7);
        self.note(format!("{callers} fetch {} together", self.city.papers[at]));
        let holds = self.dice.once_in(2);
        if holds {
            self.hold_back(true);
        }
        let calls = self.begin_fetches(at, callers);
        if holds {
            self.asked_or_done(&calls).await;
            self.hold_back(false);
        }
        let ways = self.city.current(&self.city.papers[at]);
        self.judge_all(at, calls, &ways).await
    }

    /// A fetch whose caller hangs up on the way.
    pub(super) async fn cancel_fetch(&mut self) -> Result<(), Divergence> {
        let (at, who) = self.draw_fetch();
        self.note(format!("{who} fetches {} and hangs up", self.city.papers[at]));
        self.hold_back(true);
        let calls = vec![self.begin_fetch(at, who)];
        self.asked_or_done(&calls).await;
        if self.dice.once_in(2) {
            // Some of it may come before the caller is gone.
            self.hold_back(false);
            for _ in 0..self.dice.below(TURNS) {
                yield_now().await;
            }
        }
        calls.iter().for_each(JoinHandle::abort);
        self.hold_back(false);
        self.count("hung up");
        self.unseen(at, who);
        Ok(())
    }

    /// A fetch of what its holder confirmed a little too long ago, and cannot confirm now.
    pub(super) async fn fetch_stale(&mut self) -> Result<(), Divergence> {
        let papers = self.city.papers.iter().enumerate();
        let may_be: Vec<_> =
            papers.filter(|(_, paper)| paper.of.stale_ms > 0).map(|(at, _)| at).collect();
        let (at, who) = (self.dice.pick(&may_be), self.dice.pick(&DEPARTMENTS));
        let of = self.city.papers[at].of;
        let Some(issuer) = of.held_by else { return Ok(()) };
        if !self.may_pass(of.relied_on_ms) {
            self.night().await?;
        }
        self.note(format!("{who} fetches {} twice, {issuer} is away then", self.city.papers[at]));
        self.call_back(issuer);
        self.fetch_once(at, who).await?;
        self.send_away(issuer);
        self.pass(of.relied_on_ms);
        self.fetch_once(at, who).await
    }

    pub(super) async fn fetch_once(
        &mut self,
        at: usize,
        who: &'static str,
    ) -> Result<(), Divergence> {
        let ways = self.city.current(&self.city.papers[at]);
        self.fetch_alone(at, who, self.current_request(at), ways).await
    }

    /// Sends a request of one caller alone, and judges all that can be told then.
    async fn fetch_alone(
        &mut self,
        at: usize,
        who: &'static str,
        request: pb::FetchMaterialRequest,
        ways: Vec<Way>,
    ) -> Result<(), Divergence> {
        let id = request.request_id.clone();
        let got = fetch(who, self.clients[who].clone(), request, self.trail.clone()).await;
        let is_hit = got.is_whole() && got.cache() == pb::CacheResult::Hit;
        if is_hit && self.hit_asked(&id) {
            return Err(Flaw::WrongAnswer.because("a hit asked the holder"));
        }
        if let Some(after) = self.judge(at, &got, &ways)? {
            self.city.papers[at].standings = after;
            self.note_fetched(at);
        }
        Ok(())
    }

    /// Writes down what may have become current, of what its issuer holds.
    pub(super) fn note_fetched(&mut self, at: usize) {
        let (paper, now_ms) = (&mut self.city.papers[at], self.city.now_ms);
        if paper.of.held_by.is_some() {
            paper.note_fetched(now_ms);
        }
    }

    /// Tells whether a hit asked its holder for bytes, by its own record.
    ///
    /// Not counted at the holders: what a caller who hung up had asked for may come in much later.
    fn hit_asked(&self, request: &str) -> bool {
        let trail = self.trail.lock().unwrap();
        let hits = trail.of(request).into_iter().filter(|record| record["cache"] == "hit");
        hits.filter_map(|hit| hit["adapter_calls"]["fetch"].as_u64()).any(|fetches| fetches > 0)
    }

    /// Judges one answer; returns what may be registered after it, if it says anything on that.
    pub(super) fn judge(
        &mut self,
        at: usize,
        got: &Got,
        ways: &[Way],
    ) -> Result<Option<Vec<Standing>>, Divergence> {
        if !self.city.may(got.caller, self.city.papers[at].of, Right::Fetch) {
            self.count("denied");
            return got.denied(&self.trail).map(|()| None);
        }
        let trail = self.trail.clone();
        let after = got.judge(&mut self.city, at, ways, &trail)?;
        let cache = format!("{:?}", got.cache()).to_lowercase();
        self.count(if got.is_whole() { cache } else { got.reason() });
        self.note_cache(at, got);
        if got.is_stale() {
            self.count("stale");
        }
        if let Some(validity) = got.validity() {
            self.count(validity.as_str_name());
        }
        Ok(Some(after))
    }

    /// Judges calls that ran at the same time: what is registered then, all of them must allow.
    pub(super) async fn judge_all(
        &mut self,
        at: usize,
        calls: Vec<Call>,
        ways: &[Way],
    ) -> Result<(), Divergence> {
        let mut after = self.city.papers[at].standings.clone();
        let mut told = false;
        for got in join_all(calls).await {
            let got = got.expect("a call ends");
            let Some(allowed) = self.judge(at, &got, ways)? else { continue };
            if told {
                after.retain(|standing| allowed.contains(standing));
            } else {
                after = allowed;
            }
            told = true;
        }
        self.city.papers[at].standings = after;
        self.note_fetched(at);
        Ok(())
    }

    /// Nobody saw how a call of this caller ended: it may have done all or nothing.
    pub(super) fn unseen(&mut self, at: usize, who: &str) {
        let paper = &self.city.papers[at];
        if !self.city.may(who, paper.of, Right::Fetch) {
            return;
        }
        let after: Vec<_> = self.city.current(paper).iter().map(|way| way.after).collect();
        let paper = &mut self.city.papers[at];
        paper.unseen_ms = Some(self.city.now_ms);
        for standing in after {
            if !paper.standings.contains(&standing) {
                paper.standings.push(standing);
            }
        }
        self.note_fetched(at);
    }

    pub(super) fn draw_fetch(&mut self) -> (usize, &'static str) {
        (self.dice.below(self.city.papers.len()), self.dice.pick(&DEPARTMENTS))
    }

    pub(super) fn begin_fetch(&self, at: usize, who: &'static str) -> Call {
        let request = self.current_request(at);
        tokio::spawn(fetch(who, self.clients[who].clone(), request, self.trail.clone()))
    }

    pub(super) fn begin_fetches(&mut self, at: usize, callers: usize) -> Vec<Call> {
        let callers: Vec<_> = (0..callers).map(|_| self.dice.pick(&DEPARTMENTS)).collect();
        callers.into_iter().map(|who| self.begin_fetch(at, who)).collect()
    }

    /// Waits until an adapter is asked, or no call goes on; then lets all come as far as they can.
    pub(super) async fn asked_or_done(&self, calls: &[Call]) {
        let before = self.bus.adapter_calls();
        let waits = async {
            while self.bus.adapter_calls() == before && !calls.iter().all(JoinHandle::is_finished) {
                yield_now().await;
            }
        };
        timeout(SOON, waits).await.expect("a call asks or ends");
        for _ in 0..TURNS {
            yield_now().await;
        }
    }

    pub(super) fn hold_back(&self, back: bool) {
        for department in DEPARTMENTS {
            let adapter = self.bus.adapter(department);
            if back { adapter.hang() } else { adapter.answer() }
        }
    }

    fn current_request(&self, at: usize) -> pb::FetchMaterialRequest {
        let paper = &self.city.papers[at];
        pb::FetchMaterialRequest {
            material_type: paper.of.code.to_owned(),
            subject: Some(paper.subject()),
            number: paper.number.to_owned(),
            purpose: Some(purpose()),
            request_id: request_id(),
            ..Default::default()
        }
    }

    /// Returns the right answers if the number is left out, where that can be told of this paper.
    fn without_number(&self, at: usize) -> Option<Vec<Way>> {
        let paper = &self.city.papers[at];
        if paper.of.held_by.is_some() {
            return Some(self.city.current(paper));
        }
        match &self.city.beside(paper)[..] {
            [] => Some(self.city.current(paper)),
            [only] if std::ptr::eq::<Paper>(*only, paper) => Some(self.city.current(paper)),
            [_] => None,
            [..] => {
                let way = |&after: &Standing| Way { answer: AMBIGUOUS, after };
                Some(paper.standings.iter().map(way).collect())
            }
        }
    }

    /// Counts what was forgotten: sent before, and asked for again.
    fn note_cache(&mut self, at: usize, got: &Got) {
        let paper = &self.city.papers[at];
        let sent = paper.versions.iter().find(|version| got.brought(version));
        let Some(content) = sent.map(|version| version.content) else { return };
        let before = !self.sent.insert(content);
        if before && got.cache() == pb::CacheResult::Miss && !self.city.papers[at].of.personal {
            self.count("forgotten");
        }
    }
}
