//! Steps that look at what is held without moving a byte of it.

use oncebus_proto::v1 as pb;
use oncebus_tests::{purpose, request_id};
use tonic::Status;

use super::{
    answers::AWAY,
    city::{Paper, Standing},
    divergence::{Divergence, Flaw},
    drive::Drive,
    publish::reason_of,
};

/// What a find may tell of an issuer's document.
struct Telling {
    /// What it tells, or that the issuer is away.
    told: Option<Told>,
    after: Standing,
}

/// One document as a find tells it.
#[derive(Clone, Copy)]
struct Told {
    version: usize,
    /// Whether it is registered: what nobody fetched yet has no name.
    named: bool,
    stale: bool,
}

impl Drive {
    /// Finds what is current, of one number or of all.
    pub(super) async fn find(&mut self) -> Result<(), Divergence> {
        let (at, who) = self.draw_fetch();
        let number = self.dice.once_in(2);
        self.find_paper(at, who, number).await
    }

    /// Finds a paper, alone or with those of other numbers.
    pub(super) async fn find_paper(
        &mut self,
        at: usize,
        who: &'static str,
        alone: bool,
    ) -> Result<(), Divergence> {
        self.note(format!("{who} finds {}", self.city.papers[at]));
        let request = self.find_request(at, alone);
        let id = request.request_id.clone();
        let answer = self.clients[who].material.clone().find_materials(request).await;
        let answer = answer.map(tonic::Response::into_inner);
        let receipt = answer.as_ref().ok().and_then(|found| found.receipt.clone());
        let found = answer.map(|found| found.materials);
        let Some(found) = self.let_in(at, who, &id, receipt, found)? else { return Ok(()) };
        if self.city.papers[at].of.held_by.is_some() {
            return self.found_at_issuer(at, who, found).await;
        }
        let found = found.map_err(|status| Flaw::WrongAnswer.because(format!("{status:?}")))?;
        self.found_uploads(at, alone, &found)
    }

    /// Describes a version by its name.
    pub(super) async fn get(&mut self) -> Result<(), Divergence> {
        let (at, who) = self.draw_fetch();
        let Some(version) = self.draw_named(at) else { return Ok(()) };
        self.get_version(at, who, version).await
    }

    pub(super) async fn get_version(
        &mut self,
        at: usize,
        who: &'static str,
        version: usize,
    ) -> Result<(), Divergence> {
        self.note(format!("{who} gets version {version} of {}", self.city.papers[at]));
        let name = self.city.papers[at].versions[version].name.clone();
        let request = pb::GetMaterialRequest {
            version: name.unwrap_or_default(),
            purpose: Some(purpose()),
            request_id: request_id(),
        };
        let id = request.request_id.clone();
        let answer = self.clients[who].material.clone().get_material(request).await;
        let answer = answer.map(tonic::Response::into_inner);
        let receipt = answer.as_ref().ok().and_then(|got| got.receipt.clone());
        let info = answer.map(|got| got.info.unwrap_or_default());
        let Some(info) = self.let_in(at, who, &id, receipt, info)? else { return Ok(()) };
        let info = info.map_err(|status| Flaw::WrongAnswer.because(format!("{status:?}")))?;
        self.count(info.validity().as_str_name());
        let paper = &self.city.papers[at];
        let Some(wrong) = paper.misjudged_by_all(version, &info, self.city.now_ms) else {
            return Ok(());
        };
        let revoked = paper.versions[version].revoked.is_some();
        let good = revoked && info.validity() != pb::Validity::Revoked;
        Err(if good { Flaw::GoodThoughRevoked } else { Flaw::WrongVerdict }.because(wrong))
    }

    /// Draws a version that has a name.
    pub(super) fn draw_named(&mut self, at: usize) -> Option<usize> {
        let versions = self.city.papers[at].versions.iter().enumerate();
        let named: Vec<_> =
            versions.filter(|(_, version)| version.name.is_some()).map(|(at, _)| at).collect();
        (!named.is_empty()).then(|| self.dice.pick(&named))
    }

    /// Checks that a call was denied if it had to be, and its record; returns the answer of one that
    /// was not.
    pub(super) fn let_in<T>(
        &mut self,
        at: usize,
        who: &str,
        id: &str,
        receipt: Option<pb::Receipt>,
        answer: Result<T, Status>,
    ) -> Result<Option<Result<T, Status>>, Divergence> {
        let reason = answer.as_ref().err().map(reason_of).unwrap_or_default();
        let receipt = receipt.or_else(|| oncebus_tests::receipt(answer.as_ref().err()?));
        self.recorded(id, receipt, &reason)?;
        if self.city.may_look(who, self.city.papers[at].of) {
            return Ok(Some(answer));
        }
        self.count("denied");
        match reason.as_str() {
            "ACCESS_DENIED" => Ok(None),
            "" => Err(Flaw::ServedThoughDenied.because(format!("{who} looked"))),
            _ => Err(Flaw::WrongAnswer.because(format!("{who} had to be denied: {reason}"))),
        }
    }

    /// Returns the papers that a request with this paper's type and subject is about, by number.
    pub(super) fn asked_for(&self, at: usize, alone: bool) -> Vec<usize> {
        let this = &self.city.papers[at];
        let papers = self.city.papers.iter().enumerate();
        let same = papers.filter(|(other, paper)| {
            let about = paper.of == this.of && paper.subject == this.subject;
            about && (!alone || *other == at)
        });
        same.map(|(at, _)| at).collect()
    }

    /// Compares what was found of uploads: the registry's word on them is final.
    fn found_uploads(
        &mut self,
        at: usize,
        alone: bool,
        found: &[pb::MaterialInfo],
    ) -> Result<(), Divergence> {
        let papers: Vec<_> =
            self.asked_for(at, alone).into_iter().map(|at| &self.city.papers[at]).collect();
        self.each_once(found)?;
        let old = |what: String| Err(Flaw::OldVersion.because(what));
        let right =
            papers.iter().filter_map(|paper| Some((*paper, paper.only_standing().current?)));
        let right: Vec<_> = right.collect();
        let names = found.iter().map(|info| Some(&info.version));
        if !names.eq(right.iter().map(|(paper, at)| paper.versions[*at].name.as_ref())) {
            return old(format!("of {} was found {found:?}", self.city.papers[at]));
        }
        for ((paper, version), info) in right.iter().zip(found) {
            if let Some(wrong) = paper.misjudged(*version, true, info, self.city.now_ms) {
                let revoked =
                    paper.versions[*version].revoked.is_some() && info.revoked_at.is_none();
                let flaw = if revoked { Flaw::OldVersion } else { Flaw::WrongVerdict };
                return Err(flaw.because(wrong));
            }
        }
        found.iter().for_each(|info| self.count(info.validity().as_str_name()));
        Ok(())
    }

    /// Checks that no material was found twice.
    pub(super) fn each_once(&self, found: &[pb::MaterialInfo]) -> Result<(), Divergence> {
        let twice = found.windows(2).any(|pair| pair[0].number >= pair[1].number);
        if twice {
            return Err(Flaw::NotOneCurrent.because(format!("found {found:?}")));
        }
        Ok(())
    }

    /// Compares what was found at an issuer. What nobody fetched yet is fetched then, and must be that.
    async fn found_at_issuer(
        &mut self,
        at: usize,
        who: &'static str,
        found: Result<Vec<pb::MaterialInfo>, Status>,
    ) -> Result<(), Divergence> {
        let paper = &self.city.papers[at];
        let tellings: Vec<_> =
            paper.standings.iter().flat_map(|s| self.tellings(paper, *s)).collect();
        let mut after = Vec::new();
        let mut wrong = None;
        for telling in tellings {
            match self.tells(paper, &found, &telling) {
                Ok(()) if !after.contains(&telling.after) => after.push(telling.after),
                Ok(()) => {}
                Err(what) => wrong = Some(what),
            }
        }
        if after.is_empty() {
            // Whatever was once right of it is older than it may be.
            let known = |info: &pb::MaterialInfo| {
                let named = |name: &String| *name == info.version;
                let mut names = paper.versions.iter().filter_map(|version| version.name.as_ref());
                info.version.is_empty() || names.any(named)
            };
            let was_right = found.as_ref().is_ok_and(|found| found.iter().all(known));
            let flaw = if was_right { Flaw::OldVersion } else { Flaw::WrongAnswer };
            return Err(flaw.because(format!("{paper}: {wrong:?}, found {found:?}")));
        }
        self.city.papers[at].standings = after;
        self.note_fetched(at);
        let Ok(found) = found else { return Ok(()) };
        self.learn_names(at, &found);
        found.iter().for_each(|info| self.count(info.validity().as_str_name()));
        if found.iter().any(|info| info.version.is_empty()) {
            self.count("found before it was fetched");
            return self.fetch_once(at, who).await;
        }
        Ok(())
    }

    /// Learns the names of versions that calls fetched which nobody saw end.
    fn learn_names(&mut self, at: usize, found: &[pb::MaterialInfo]) {
        for info in found.iter().filter(|info| !info.version.is_empty()) {
            let mut versions = self.city.papers[at].versions.iter_mut();
            if let Some(version) = versions.find(|version| version.is_told_by(info)) {
                version.name.get_or_insert_with(|| info.version.clone());
            }
        }
    }

    /// Returns what may be told of an issuer's document if this is registered.
    fn tellings(&self, paper: &Paper, standing: Standing) -> Vec<Telling> {
        let now_ms = self.city.now_ms;
        let known_for = now_ms.saturating_sub(standing.confirmed_ms);
        let (relied_on, held) = (paper.of.relied_on_ms, paper.held());
        let is_up = paper.of.held_by.is_some_and(|issuer| self.city.is_up(issuer));
        let fresh = |version, named| Some(Told { version, named, stale: false });
        let same = |told| Telling { told, after: standing };
        // A call that nobody saw end may have been told of a document, and not have fetched it.
        let behind = standing.current.map_or(0, |current| current + 1);
        let unseen = paper.unseen_ms.is_some_and(|ms| now_ms - ms < relied_on);
        let overheard = (behind..=held).filter(|_| unseen).map(|at| same(fresh(at, false)));
        let told = match standing.current {
            Some(at) if known_for < relied_on => same(fresh(at, true)),
            Some(at) if is_up && at == held => {
                let after = Standing { confirmed_ms: now_ms, ..standing };
                Telling { told: fresh(at, true), after }
            }
            _ if is_up => same(fresh(held, false)),
            Some(version) if known_for < relied_on + paper.of.stale_ms => {
                same(Some(Told { version, named: true, stale: true }))
            }
            _ => same(None),
        };
        overheard.chain([told]).collect()
    }

    fn tells(
        &self,
        paper: &Paper,
        found: &Result<Vec<pb::MaterialInfo>, Status>,
        telling: &Telling,
    ) -> Result<(), String> {
        let (info, told) = match (found, telling.told) {
            (Err(status), None) if reason_of(status) == AWAY => return Ok(()),
            (Ok(found), Some(told)) if found.len() == 1 => (&found[0], told),
            _ => return Err("another answer".to_owned()),
        };
        let named = !info.version.is_empty();
        let stale = info.freshness() == pb::Freshness::Stale;
        let is_it = paper.versions[told.version].is_told_by(info);
        if !is_it || named != told.named || stale != told.stale {
            return Err(format!("not version {}", told.version));
        }
        paper.misjudged(told.version, true, info, self.city.now_ms).map_or(Ok(()), Err)
    }

    pub(super) fn find_request(&self, at: usize, alone: bool) -> pb::FindMaterialsRequest {
        let paper = &self.city.papers[at];
        pb::FindMaterialsRequest {
            material_type: paper.of.code.to_owned(),
            subject: Some(paper.subject()),
            number: if alone { paper.number.to_owned() } else { String::new() },
            purpose: Some(purpose()),
            request_id: request_id(),
            ..Default::default()
        }
    }
}
