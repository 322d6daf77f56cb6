//! Steps that revoke.

use oncebus_proto::v1 as pb;
use oncebus_tests::{purpose, request_id};
use tonic::Status;

use super::{
    city::{DEPARTMENTS, Right},
    divergence::{Divergence, Flaw},
    drive::Drive,
    publish::reason_of,
    verdict::Revoked,
};

const REASONS: [pb::Revocation; 3] =
    [pb::Revocation::Error, pb::Revocation::Fraud, pb::Revocation::WithdrawnByPrincipal];

impl Drive {
    /// Revokes a version, mostly as its holder; whoever asks then gets it as good no more.
    pub(super) async fn revoke(&mut self) -> Result<(), Divergence> {
        let at = self.draw_revocable();
        let Some(version) = self.draw_version(at) else { return Ok(()) };
        let holder = self.city.papers[at].versions[version].holder;
        let who = if self.dice.once_in(2) { self.dice.pick(&DEPARTMENTS) } else { holder };
        self.note(format!("{who} revokes version {version} of {}", self.city.papers[at]));
        let paper = &self.city.papers[at];
        let may = self.city.may(who, paper.of, Right::Publish) || paper.of.held_by == Some(who);
        if !(may && who == holder) {
            return self.revocation_is_refused(at, who, version).await;
        }
        for _ in 0..1 + self.dice.below(2) {
            self.revoke_once(at, who, version).await?;
        }
        let reader = self.dice.pick(&DEPARTMENTS);
        self.fetch_version(at, reader, version, 0).await?;
        self.get_version(at, reader, version).await?;
        self.fetch_once(at, reader).await?;
        self.find_paper(at, reader, true).await
    }

    /// Mostly an upload: what its issuer holds cannot be replaced by another department.
    fn draw_revocable(&mut self) -> usize {
        let issued = self.dice.once_in(12);
        let papers = self.city.papers.iter().enumerate();
        let papers = papers.filter(|(_, paper)| paper.of.held_by.is_some() == issued);
        let papers: Vec<_> = papers.map(|(at, _)| at).collect();
        self.dice.pick(&papers)
    }

    /// Mostly the current version, if that is known and has a name.
    fn draw_version(&mut self, at: usize) -> Option<usize> {
        let paper = &self.city.papers[at];
        let current = paper.standings[0].current;
        let current = current.filter(|version| paper.versions[*version].name.is_some());
        if self.dice.once_in(4) {
            self.draw_named(at)
        } else {
            current.or_else(|| self.draw_named(at))
        }
    }

    async fn revoke_once(
        &mut self,
        at: usize,
        who: &'static str,
        version: usize,
    ) -> Result<(), Divergence> {
        let reason = self.dice.pick(&REASONS);
        let (id, answer) = self.send_revocation(at, who, version, reason).await;
        let answer = answer.map_err(|status| {
            Flaw::WrongAnswer.because(format!("{who} revoked and got {status:?}"))
        })?;
        self.recorded(&id, answer.receipt.clone(), "")?;
        let now_ms = self.city.now_ms;
        let revoked = &mut self.city.papers[at].versions[version].revoked;
        let again = revoked.is_some();
        // The first one stays.
        revoked.get_or_insert(Revoked { at_ms: now_ms, reason });
        let info = answer.info.unwrap_or_default();
        if let Some(wrong) = self.city.papers[at].misjudged_by_all(version, &info, now_ms) {
            return Err(Flaw::WrongVerdict.because(wrong));
        }
        self.count(if again { "revoked again" } else { "revoked" });
        Ok(())
    }

    async fn revocation_is_refused(
        &mut self,
        at: usize,
        who: &'static str,
        version: usize,
    ) -> Result<(), Divergence> {
        let (id, answer) = self.send_revocation(at, who, version, REASONS[0]).await;
        match answer {
            Err(status) if reason_of(&status) == "ACCESS_DENIED" => {
                self.count("revocation refused");
                self.recorded(&id, oncebus_tests::receipt(&status), "ACCESS_DENIED")
            }
            Ok(answer) => {
                Err(Flaw::ServedThoughDenied.because(format!("{who} revoked {answer:?}")))
            }
            Err(status) => {
                Err(Flaw::WrongAnswer.because(format!("{who} may not revoke: {status:?}")))
            }
        }
    }

    async fn send_revocation(
        &self,
        at: usize,
        who: &str,
        version: usize,
        reason: pb::Revocation,
    ) -> (String, Result<pb::RevokeMaterialResponse, Status>) {
        let name = self.city.papers[at].versions[version].name.clone();
        let request = pb::RevokeMaterialRequest {
            version: name.unwrap_or_default(),
            reason: reason.into(),
            note: String::new(),
            purpose: Some(purpose()),
            request_id: request_id(),
        };
        let id = request.request_id.clone();
        let answer = self.clients[who].material.clone().revoke_material(request).await;
        (id, answer.map(tonic::Response::into_inner))
    }
}
