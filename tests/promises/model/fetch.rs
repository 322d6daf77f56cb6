//! One fetch: what it brought, and whether that is right.

use std::sync::{Arc, Mutex};

use oncebus_proto::v1 as pb;
use oncebus_tests::{Client, receipt};
use tonic::{Status, Streaming};
use tonic_types::StatusExt as _;

use super::{
    answers::{AMBIGUOUS, Answer, REVOKED, Way},
    city::{City, Paper, Standing, Version},
    divergence::{Divergence, Flaw},
    ledger::Ledger,
};

/// The trail, for all who look at it.
pub(super) type Trail = Arc<Mutex<Ledger>>;

/// What a fetch brought.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) caller: &'static str,
    request: String,
    /// Whether it asked for a version by name.
    named: bool,
    offset: usize,
    info: Option<pb::MaterialInfo>,
    content: Vec<u8>,
    receipt: Option<pb::Receipt>,
    error: Option<Status>,
    /// Whether a part was here before the record that lets it leave.
    early: bool,
}

/// Fetches to the end, or to an error.
pub(super) async fn fetch(
    caller: &'static str,
    client: Client,
    request: pb::FetchMaterialRequest,
    trail: Trail,
) -> Got {
    let mut got = Got {
        caller,
        request: request.request_id.clone(),
        named: !request.version.is_empty(),
        offset: request.offset as usize,
        info: None,
        content: Vec::new(),
        receipt: None,
        error: None,
        early: false,
    };
    if let Err(error) = got.take(client, request, &trail).await {
        got.error = Some(error);
    }
    got
}

impl Got {
    async fn take(
        &mut self,
        client: Client,
        request: pb::FetchMaterialRequest,
        trail: &Trail,
    ) -> Result<(), Status> {
        let mut transfer = client.transfer;
        let mut stream: Streaming<_> = transfer.fetch_material(request).await?.into_inner();
        while let Some(message) = stream.message().await? {
            if self.info.is_none() {
                self.early = !trail.lock().unwrap().releases(&self.request);
                self.info = message.info;
            }
            self.content.extend_from_slice(&message.data);
            self.receipt = message.receipt;
        }
        Ok(())
    }

    /// Returns the registered reason that it ended with; empty where it did not.
    pub(super) fn reason(&self) -> String {
        let info = self.error.as_ref().and_then(|error| error.get_details_error_info());
        info.map(|info| info.reason).unwrap_or_default()
    }

    /// Tells whether it brought this version, from somewhere on.
    pub(super) fn brought(&self, version: &Version) -> bool {
        let named = |info: &pb::MaterialInfo| Some(&info.version) == version.name.as_ref();
        self.is_whole() && self.info.as_ref().is_some_and(named)
    }

    /// Returns where its bytes came from.
    pub(super) fn cache(&self) -> pb::CacheResult {
        self.info.as_ref().map(pb::MaterialInfo::cache).unwrap_or_default()
    }

    /// Tells whether it ended with neither an answer nor a reason, as when the gateway dies.
    pub(super) fn is_cut(&self) -> bool {
        self.error.is_some() && self.reason().is_empty()
    }

    /// Tells whether it brought all that it was to bring.
    pub(super) fn is_whole(&self) -> bool {
        self.error.is_none()
    }

    /// Tells whether it is told as older than its type allows.
    pub(super) fn is_stale(&self) -> bool {
        self.info.as_ref().is_some_and(|info| info.freshness() == pb::Freshness::Stale)
    }

    /// Judges a call that must be denied.
    pub(super) fn denied(&self, trail: &Trail) -> Result<(), Divergence> {
        let flaw = match self.reason().as_str() {
            "ACCESS_DENIED" if self.content.is_empty() => return self.recorded(trail),
            "" => Flaw::ServedThoughDenied,
            _ => Flaw::WrongAnswer,
        };
        Err(flaw.because(format!("{} had to be denied: {}", self.caller, self.told())))
    }

    /// Judges an answer by the right ones, learns names from it, and returns what may be registered
    /// now.
    pub(super) fn judge(
        &self,
        city: &mut City,
        at: usize,
        ways: &[Way],
        trail: &Trail,
    ) -> Result<Vec<Standing>, Divergence> {
        let mut after: Vec<Standing> = Vec::new();
        let mut wrong = None;
        let now_ms = city.now_ms;
        for way in ways {
            let paper = &mut city.papers[at];
            if !self.fits(paper, way.answer) {
                continue;
            }
            match self.misjudged(paper, way, now_ms) {
                None if after.contains(&way.after) => {}
                None => after.push(way.after),
                what => wrong = what,
            }
        }
        if after.is_empty() {
            let misjudged = wrong.map(|what| Flaw::WrongVerdict.because(what));
            return Err(misjudged.unwrap_or_else(|| self.differs(city, at, ways)));
        }
        self.recorded(trail)?;
        Ok(after)
    }

    fn fits(&self, paper: &mut Paper, answer: Answer) -> bool {
        let (at, stale) = match answer {
            Answer::Refused(reason) => return self.reason() == reason && self.is_part_of(paper),
            Answer::Version { at, stale } => (at, stale),
        };
        let Some(info) = self.info.as_ref().filter(|_| self.error.is_none()) else { return false };
        let personal = paper.of.personal;
        let version = &mut paper.versions[at];
        let fits = self.content == version.content.bytes()[self.offset..]
            && version.name.as_ref().is_none_or(|name| *name == info.version)
            && self.is_stale() == stale
            && info.holder == version.holder
            && !(personal && self.cache() != pb::CacheResult::Miss);
        if fits {
            version.name.get_or_insert_with(|| info.version.clone());
        }
        fits
    }

    /// Tells what is wrong with how its version is said to stand, and with how long that is known.
    fn misjudged(&self, paper: &Paper, way: &Way, now_ms: i64) -> Option<String> {
        let (Answer::Version { at, .. }, Some(info)) = (way.answer, &self.info) else {
            return None;
        };
        let is_current = way.after.current == Some(at);
        let age_ms = now_ms.saturating_sub(way.after.confirmed_ms);
        if paper.of.held_by.is_some() && is_current && info.age_ms != age_ms {
            return Some(format!("{paper} is confirmed {} ms ago, not {age_ms}", info.age_ms));
        }
        paper.misjudged(at, !self.named || is_current, info, now_ms)
    }

    /// Returns whether it was good, as it is told.
    pub(super) fn validity(&self) -> Option<pb::Validity> {
        self.info.as_ref().map(pb::MaterialInfo::validity)
    }

    /// Tells whether what came before an error is the begin of a version.
    fn is_part_of(&self, paper: &Paper) -> bool {
        let is_part = |bytes: Vec<u8>| {
            bytes.get(self.offset..).is_some_and(|rest| rest.starts_with(&self.content))
        };
        self.content.is_empty() || paper.versions.iter().any(|v| is_part(v.content.bytes()))
    }

    fn differs(&self, city: &mut City, at: usize, ways: &[Way]) -> Divergence {
        let right: Vec<_> = ways.iter().map(|way| way.answer).collect();
        let earlier = city.earlier(&city.papers[at]);
        let paper = &mut city.papers[at];
        // One of several documents, where there were not several before.
        let was_alone = self.is_whole() && right.iter().all(|right| *right == AMBIGUOUS);
        let was_right = was_alone || earlier.into_iter().any(|answer| self.fits(paper, answer));
        let flaw = match was_right {
            true if !self.named => Flaw::OldVersion,
            true if right.contains(&REVOKED) => Flaw::GoodThoughRevoked,
            _ => Flaw::WrongAnswer,
        };
        let (caller, told) = (self.caller, self.told());
        flaw.because(format!("{caller} may get {right:?} of {paper}, and got {told}"))
    }

    fn told(&self) -> String {
        let (cache, bytes, reason) = (self.cache(), self.content.len(), self.reason());
        let text = self.error.as_ref().map(Status::message).unwrap_or_default();
        let name = self.info.as_ref().map(|info| info.version.as_str()).unwrap_or_default();
        format!("{reason} {text:?}, {bytes} bytes, {cache:?}, {name:?}, {}", self.request)
    }

    /// Checks what the trail has of the call, now that its answer is here.
    fn recorded(&self, trail: &Trail) -> Result<(), Divergence> {
        let mut trail = trail.lock().unwrap();
        if self.early {
            return Err(Flaw::ReleasedBeforeOutcome.because(self.request.clone()));
        }
        let given = match &self.error {
            // The record of a stream that was cut follows the answer.
            Some(_) if self.info.is_some() => return Ok(()),
            Some(error) => receipt(error),
            None => self.receipt.clone(),
        };
        let Some(given) = given else {
            return Err(Flaw::ReleasedBeforeOutcome.because("there is no receipt"));
        };
        let Some(record) = trail.record(given.index).cloned() else {
            let what = format!("record {} is not on the trail", given.index);
            return Err(Flaw::ReleasedBeforeOutcome.because(what));
        };
        let own = trail.of(&self.request).contains(&&record);
        let left = record["bytes_authorised"].as_u64().unwrap_or_default() as usize;
        let covers = left >= self.content.len() || !record["follows"].is_null();
        let reason = record["reason"].as_str().unwrap_or_default();
        if own && covers && reason == self.reason() && record["department"] == self.caller {
            return Ok(());
        }
        Err(Flaw::WrongRecord.because(format!("{} names {record}", self.request)))
    }
}
