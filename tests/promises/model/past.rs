//! Steps that ask what was current on a day that is over, or on today's.

use oncebus_proto::v1 as pb;

use super::{
    days::{day_of, end_of, text_of},
    divergence::{Divergence, Flaw},
    drive::Drive,
    publish::reason_of,
    verdict::{At, judged},
};

impl Drive {
    /// Finds what was current at the end of a day, as the bus knew it then.
    pub(super) async fn find_as_of(&mut self) -> Result<(), Divergence> {
        let (at, who) = self.draw_fetch();
        let (alone, day) = (self.dice.once_in(2), self.draw_day(at));
        let as_of = text_of(day);
        self.note(format!("{who} finds {} as of {as_of}", self.city.papers[at]));
        let request = pb::FindMaterialsRequest { as_of, ..self.find_request(at, alone) };
        let id = request.request_id.clone();
        let asked = self.bus.adapter_calls();
        let answer = self.clients[who].material.clone().find_materials(request).await;
        let answer = answer.map(tonic::Response::into_inner);
        let receipt = answer.as_ref().ok().and_then(|found| found.receipt.clone());
        let found = answer.map(|found| found.materials);
        let Some(found) = self.let_in(at, who, &id, receipt, found)? else { return Ok(()) };
        if self.bus.adapter_calls() != asked {
            return Err(Flaw::WrongPast.because("somebody was asked about the past"));
        }
        match (found, day > day_of(self.city.now_ms)) {
            (Ok(found), false) => self.was_found(at, alone, day, &found),
            (Err(status), true) if reason_of(&status) == "INVALID_FIELD" => {
                self.count("as_of a day to come");
                Ok(())
            }
            (other, _) => Err(Flaw::WrongPast.because(format!("as of day {day}: {other:?}"))),
        }
    }

    /// Draws a day: to come, today, before anything was known, any since, or at or before a change.
    fn draw_day(&mut self, at: usize) -> i64 {
        let today = day_of(self.city.now_ms);
        let within = |days: usize| i64::try_from(days).unwrap();
        match self.dice.below(6) {
            0 => today + 1 + within(self.dice.below(3)),
            1 => today,
            2 => -1 - within(self.dice.below(3)),
            3 => within(self.dice.below(usize::try_from(today).unwrap() + 1)),
            _ => {
                let paper = &self.city.papers[at];
                let became = paper.history.iter().map(|became| became.from_ms);
                let revoked = paper.versions.iter().filter_map(|version| version.revoked);
                let moments = became.chain(revoked.map(|revoked| revoked.at_ms));
                let days: Vec<_> = moments.map(day_of).collect();
                let day = if days.is_empty() { today } else { self.dice.pick(&days) };
                day - within(self.dice.below(2))
            }
        }
    }

    /// Compares what was found with what the model kept.
    fn was_found(
        &mut self,
        at: usize,
        alone: bool,
        day: i64,
        found: &[pb::MaterialInfo],
    ) -> Result<(), Divergence> {
        self.each_once(found)?;
        let papers = self.asked_for(at, alone);
        let mut known = 0;
        for &at in &papers {
            let number = self.city.papers[at].number;
            let info = found.iter().find(|info| info.number == number);
            known += usize::from(info.is_some());
            self.was_current(at, day, info)?;
        }
        if known != found.len() {
            return Err(Flaw::WrongPast.because(format!("as of day {day}: {found:?}")));
        }
        self.count("as_of");
        Ok(())
    }

    fn was_current(
        &mut self,
        at: usize,
        day: i64,
        info: Option<&pb::MaterialInfo>,
    ) -> Result<(), Divergence> {
        let paper = &self.city.papers[at];
        let right = paper.current_before(end_of(day));
        let Some(info) = info else {
            let what = format!("of {paper} nothing as of day {day}, not {right:?}");
            let may_be = right.contains(&None);
            return if may_be { Ok(()) } else { Err(Flaw::NotOneCurrent.because(what)) };
        };
        let is = |version: &usize| paper.versions[*version].is_told_by(info);
        let Some(version) = right.iter().copied().flatten().find(is) else {
            let what = format!("of {paper} as of day {day} not {right:?} but {info:?}");
            return Err(Flaw::WrongPast.because(what));
        };
        if let Some(wrong) = paper.misjudged_by_all(version, info, self.city.now_ms) {
            return Err(Flaw::WrongVerdict.because(wrong));
        }
        let then = info.then.clone().unwrap_or_default();
        let of = &paper.versions[version];
        let revoked = of.revoked.is_some_and(|revoked| revoked.at_ms < end_of(day));
        let judged =
            judged(paper.of.kind, of.days, At { day, current: true, revoked, age_ms: None });
        let told = (then.validity(), then.valid_until.as_str(), then.status.as_str());
        if told != (judged, of.days.until_text().as_str(), "01") {
            let what = format!("version {version} of {paper} as of {day} not {judged:?}: {told:?}");
            return Err(Flaw::WrongPast.because(what));
        }
        let changed = paper.standings.iter().any(|standing| standing.current != Some(version));
        let revoked_since = of.revoked.is_some() && !revoked;
        if changed {
            self.count("as_of what was superseded since");
        }
        if revoked_since {
            self.count("as_of before a revocation");
        }
        Ok(())
    }
}
