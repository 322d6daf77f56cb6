//! Steps in which something happens to the city or to the bus.

use std::time::Duration;

use futures_util::future::join_all;
use oncebus_proto::v1 as pb;
use oncebus_tests::{Fault, Words};
use tokio::{
    task::{JoinHandle, yield_now},
    time::{sleep, timeout},
};
use tonic::Status;

use super::{
    answers::{Answer, Way},
    city::{City, DEPARTMENTS, Right, Version},
    days::{DAY_MS, Days, day_of},
    divergence::{Divergence, Flaw},
    drive::{Drive, SOON},
    fetches::Call,
    publish::{Expect, Upload},
};

/// A commit is over after so many microseconds, mostly.
const COMMIT_US: usize = 15_000;
const SECOND_MS: i64 = 1_000;
/// How long an upload may lie, with a minute to spare.
const UPLOAD_MS: i64 = 59 * 60 * SECOND_MS;
const HOUR_MS: i64 = 3_600 * SECOND_MS;

impl Drive {
    /// Gives a department a permission, or takes one from it.
    pub(super) async fn change_right(&mut self) {
        let all = City::all_rights();
        let missing: Vec<_> = all.iter().filter(|r| !self.city.rights.contains(*r)).collect();
        let grants = missing.len() > self.dice.below(6);
        let right = if grants { *self.dice.pick(&missing) } else { self.dice.pick(&all) };
        let granted = !self.city.rights.remove(&right) && self.city.rights.insert(right);
        let what = if granted { "granted" } else { "withdrawn" };
        self.note(format!("{right:?} is {what}"));
        self.count(what);
        self.put_rights_in_force().await;
    }

    /// Withdraws a permission while a call that has it waits for a holder.
    pub(super) async fn withdraw_meanwhile(&mut self) -> Result<(), Divergence> {
        let (at, who) = self.draw_fetch();
        let of = self.city.papers[at].of;
        if !self.city.may(who, of, Right::Fetch) {
            return Ok(());
        }
        self.note(format!("{who} fetches {} and loses the right", self.city.papers[at]));
        self.hold_back(true);
        let calls = vec![self.begin_fetch(at, who)];
        self.asked_or_done(&calls).await;
        let waits = !calls[0].is_finished();
        let mut ways = self.city.current(&self.city.papers[at]);
        self.unseen(at, who);
        self.city.rights.remove(&(who, of.code, Right::Fetch));
        self.put_rights_in_force().await;
        self.hold_back(false);
        let got = join_all(calls).await.remove(0).expect("a call ends");
        if waits {
            self.count("withdrawn meanwhile");
            ways.retain(|way| matches!(way.answer, Answer::Refused(_)));
        }
        match got.reason().as_str() {
            "" if waits => Err(Flaw::ServedThoughDenied.because(format!("{who} lost the right"))),
            "ACCESS_DENIED" if waits => got.denied(&self.trail),
            _ => got.judge(&mut self.city, at, &ways, &self.trail).map(drop),
        }
    }

    pub(super) fn holder_down_or_up(&mut self) {
        let away: Vec<_> = DEPARTMENTS.into_iter().filter(|d| !self.city.is_up(d)).collect();
        if away.is_empty() || self.dice.once_in(3) {
            let holder = self.dice.pick(&DEPARTMENTS);
            self.note(format!("{holder} is away"));
            self.send_away(holder);
        } else {
            let holder = self.dice.pick(&away);
            self.note(format!("{holder} is back"));
            self.call_back(holder);
        }
    }

    pub(super) fn call_back(&mut self, holder: &'static str) {
        self.city.away.remove(holder);
        self.bus.adapter(holder).mend();
    }

    pub(super) fn send_away(&mut self, holder: &'static str) {
        self.city.away.insert(holder);
        self.bus.adapter(holder).break_by(Fault::Away);
        self.count("away");
    }

    /// An issuer has another content from now on; the bus learns it when it asks again.
    pub(super) fn issuer_changes(&mut self) {
        let papers = self.city.papers.iter().enumerate();
        let held: Vec<_> = papers.filter_map(|(at, paper)| Some((at, paper.of.held_by?))).collect();
        let (at, holder) = self.dice.pick(&held);
        let content = self.city.content(&mut self.dice);
        self.note(format!("{holder} changes {}", self.city.papers[at]));
        let days = Days::draw(&mut self.dice, day_of(self.city.now_ms));
        let paper = &mut self.city.papers[at];
        paper.versions.push(Version::new(content, days, holder));
        let words = Words {
            issued: days.issued_text().leak(),
            valid_until: days.spelt().leak(),
            ..Words::default()
        };
        self.bus.adapter(holder).hold_as(paper.of.code, paper.number, content.bytes(), words);
        self.count("changed by its issuer");
    }

    /// Lets time pass: less than an upload may lie, or so much that all of them are given up.
    pub(super) async fn time_passes(&mut self) -> Result<(), Divergence> {
        let minutes = 60 * SECOND_MS;
        let spans =
            [SECOND_MS, 31 * SECOND_MS, 5 * minutes, 31 * minutes, 55 * minutes, 65 * minutes];
        let ms = self.dice.pick(&spans);
        if self.may_pass(ms) {
            self.note(format!("{} s pass", ms / SECOND_MS));
            self.pass(ms);
            return Ok(());
        }
        self.night().await
    }

    /// The clock jumps, by hours or by months. All uploads are given up before.
    pub(super) async fn clock_jumps(&mut self) -> Result<(), Divergence> {
        if !self.uploads.is_empty() {
            self.night().await?;
        }
        let spans = [7 * HOUR_MS, DAY_MS, 9 * DAY_MS, 31 * DAY_MS, 100 * DAY_MS];
        let ms = self.dice.pick(&spans);
        self.note(format!("the clock jumps by {} hours", ms / HOUR_MS));
        self.pass(ms);
        self.count("clock jumped");
        Ok(())
    }

    /// Lets so much time pass that all uploads are given up.
    pub(super) async fn night(&mut self) -> Result<(), Divergence> {
        self.note("a night passes, uploads are given up");
        DEPARTMENTS.into_iter().for_each(|department| self.call_back(department));
        self.pass(2 * HOUR_MS);
        self.count("night");
        let ends: Vec<_> = self.uploads.drain(..).map(|upload| upload.intent).collect();
        // The gateway's own sweep may be at it at the same moment.
        let swept = async {
            while ends.iter().any(|intent| self.trail.lock().unwrap().open().contains(intent)) {
                self.bus.gateway().sweep().await.unwrap();
                yield_now().await;
            }
        };
        let in_time = timeout(SOON, swept).await;
        in_time.map_err(|_elapsed| Flaw::OpenIntent.because(format!("{ends:?} after a sweep")))
    }

    /// Tells whether so much time may pass without any upload being given up.
    pub(super) fn may_pass(&self, ms: i64) -> bool {
        let oldest = self.uploads.iter().map(|upload| upload.begun_ms).min();
        oldest.is_none_or(|begun| self.city.now_ms + ms - begun < UPLOAD_MS)
    }

    pub(super) async fn settle(&mut self) {
        self.note("sweep and settlement");
        self.bus.gateway().sweep().await.unwrap();
        self.bus.gateway().settle().await.unwrap();
    }

    pub(super) async fn restart(&mut self) {
        self.note("the gateway starts anew");
        self.count("restarted");
        self.bus.restart().await;
        self.begin_run();
    }

    pub(super) async fn crash(&mut self) {
        self.note("the gateway crashes");
        self.count("crashed");
        self.bus.crash().await;
        self.begin_run();
    }

    /// Crashes while holders are asked.
    pub(super) async fn crash_while_fetching(&mut self) -> Result<(), Divergence> {
        let at = self.dice.below(self.city.papers.len());
        let callers = 1 + self.dice.below(4);
        self.note(format!("the gateway crashes while {callers} fetch {}", self.city.papers[at]));
        self.count("crashed while fetching");
        self.hold_back(true);
        let calls = self.begin_fetches(at, callers);
        self.asked_or_done(&calls).await;
        if self.dice.once_in(2) {
            self.hold_back(false);
            for _ in 0..self.dice.below(300) {
                yield_now().await;
            }
        }
        self.bus.crash().await;
        self.hold_back(false);
        let ways = self.city.current(&self.city.papers[at]);
        let mut callers = Vec::new();
        for got in join_all(calls).await {
            let got = got.expect("a call ends");
            if !got.is_cut() {
                self.judge(at, &got, &ways)?;
            }
            callers.push(got.caller);
        }
        callers.into_iter().for_each(|who| self.unseen(at, who));
        self.begin_run();
        Ok(())
    }

    /// Crashes while a version is committed: it is there or not, and the commit can be repeated.
    pub(super) async fn crash_while_committing(&mut self) -> Result<(), Divergence> {
        let Some(upload) = self.ready_upload("crashes while it commits").await? else {
            return Ok(());
        };
        self.count("crashed while committing");
        let commit = self.spawn_commit(&upload);
        // Not for any state: any moment of a commit will do.
        sleep(Duration::from_micros(self.dice.below(COMMIT_US) as u64)).await;
        self.bus.crash().await;
        let answer = commit.await.unwrap();
        let new = self.add_version(&upload);
        let after = self.standing_after(&upload, new);
        let standings = &mut self.city.papers[upload.paper].standings;
        match &answer {
            Ok(committed) => {
                self.count("answered before the crash");
                self.committed(&upload, new, committed)?;
            }
            Err(_) => standings.push(after),
        }
        self.begin_run();
        self.fetch_by_all(upload.paper).await?;
        self.commit_again(&upload, new).await
    }

    /// Commits a version while others fetch the one before.
    pub(super) async fn supersede_under_fetches(&mut self) -> Result<(), Divergence> {
        let Some(upload) = self.ready_upload("is superseded under fetches").await? else {
            return Ok(());
        };
        let at = upload.paper;
        let mut calls = self.begin_fetches(at, 3);
        for _ in 0..self.dice.below(200) {
            yield_now().await;
        }
        let commit = self.spawn_commit(&upload);
        calls.extend(self.begin_fetches(at, 3));
        let new = self.add_version(&upload);
        let before = self.city.papers[at].standings.clone();
        let after = self.standing_after(&upload, new);
        self.city.papers[at].standings.push(after);
        let ways = self.city.current(&self.city.papers[at]);
        let committed = commit.await.unwrap();
        // Whoever calls from now on gets the new one.
        let later = self.begin_fetches(at, 2);
        self.judge_each(at, calls, &ways).await?;
        match committed {
            Ok(answer) => self.committed(&upload, new, &answer)?,
            Err(status) => {
                self.city.papers[at].standings = before;
                return Err(Flaw::WrongAnswer.because(format!("a commit got {status:?}")));
            }
        }
        self.count("superseded under fetches");
        let ways = self.city.current(&self.city.papers[at]);
        self.judge_each(at, later, &ways).await
    }

    /// Commits what was cut once more: the answer is the same whether it was there or not.
    async fn commit_again(&mut self, upload: &Upload, new: usize) -> Result<(), Divergence> {
        let answer = self.spawn_commit(upload).await.unwrap();
        let Ok(answer) = answer else {
            return Err(Flaw::WrongAnswer.because(format!("a repeated commit got {answer:?}")));
        };
        let given = answer.receipt.as_ref().map_or(-1, |receipt| receipt.index);
        let record = self.trail.lock().unwrap().record(given).cloned().unwrap_or_default();
        if record["intent"] != upload.intent || record["kind"] != "outcome" {
            let what = format!("a repeated commit names {given}: {record}");
            return Err(Flaw::WrongRecord.because(what));
        }
        if record["outcome"] == "recovered" {
            self.count("recovered");
        }
        self.committed(upload, new, &answer)
    }

    /// Opens an upload and sends all of it, where that is possible.
    async fn ready_upload(&mut self, why: &str) -> Result<Option<Upload>, Divergence> {
        let (at, who) = self.draw_upload();
        let paper = &self.city.papers[at];
        if !self.city.may(who, paper.of, Right::Publish) || !self.city.is_up(who) {
            return Ok(None);
        }
        self.note(format!("{who}: {paper} {why}"));
        let Some(mut upload) = self.begin(at, who, Expect::Current, None).await? else {
            return Ok(None);
        };
        Ok(self.put(&mut upload).await?.then_some(upload))
    }

    /// Judges calls that ran while something changed: each by itself.
    async fn judge_each(
        &mut self,
        at: usize,
        calls: Vec<Call>,
        ways: &[Way],
    ) -> Result<(), Divergence> {
        for got in join_all(calls).await {
            self.judge(at, &got.expect("a call ends"), ways)?;
        }
        Ok(())
    }

    pub(super) fn spawn_commit(
        &self,
        upload: &Upload,
    ) -> JoinHandle<Result<pb::CommitPublishResponse, Status>> {
        let mut transfer = self.clients[upload.who].transfer.clone();
        let request = upload.document.commit(&upload.name);
        tokio::spawn(async move { Ok(transfer.commit_publish(request).await?.into_inner()) })
    }

    async fn fetch_by_all(&mut self, at: usize) -> Result<(), Divergence> {
        for who in DEPARTMENTS {
            let ways = self.city.current(&self.city.papers[at]);
            self.judge_all(at, vec![self.begin_fetch(at, who)], &ways).await?;
        }
        Ok(())
    }
}
