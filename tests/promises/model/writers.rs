//! What supersedes what: two who publish at once, and what was current before and is again.

use futures_util::future::join;
use tonic::Status;
use tonic_types::StatusExt as _;

use super::{
    city::{DEPARTMENTS, Right},
    divergence::{Divergence, Flaw},
    drive::Drive,
    publish::{Expect, Upload, reason_of},
};

impl Drive {
    /// Two commit at the same time on the same version: one wins, and the other is told which.
    pub(super) async fn two_writers(&mut self) -> Result<(), Divergence> {
        let (at, _) = self.draw_upload();
        let paper = &self.city.papers[at];
        let may = |who: &&str| {
            let may_publish = self.city.may(who, paper.of, Right::Publish);
            may_publish && self.city.is_up(who) && paper.may_be_replaced_by(who)
        };
        let writers: Vec<_> = DEPARTMENTS.into_iter().filter(may).collect();
        if writers.is_empty() {
            return Ok(());
        }
        let (one, other) = (self.dice.pick(&writers), self.dice.pick(&writers));
        self.note(format!("{one} and {other} publish {} at once", self.city.papers[at]));
        let mut uploads = Vec::new();
        for who in [one, other] {
            let begun = self.begin(at, who, Expect::Current, None).await?;
            let Some(mut upload) = begun else { return Ok(()) };
            self.put(&mut upload).await?;
            uploads.push(upload);
        }
        let commits = join(self.spawn_commit(&uploads[0]), self.spawn_commit(&uploads[1])).await;
        let (winner, committed, loser, refused) = match (commits.0.unwrap(), commits.1.unwrap()) {
            (Ok(committed), Err(refused)) => (0, committed, 1, refused),
            (Err(refused), Ok(committed)) => (1, committed, 0, refused),
            other => return Err(Flaw::WrongAnswer.because(format!("two writers got {other:?}"))),
        };
        let version = self.add_version(&uploads[winner]);
        self.committed(&uploads[winner], version, &committed)?;
        self.lost(&uploads[loser], &refused)?;
        self.count("superseded by two writers");
        let reader = self.dice.pick(&DEPARTMENTS);
        self.find_paper(at, reader, true).await
    }

    fn lost(&mut self, upload: &Upload, refused: &Status) -> Result<(), Divergence> {
        self.uploads.retain(|other| other.name != upload.name);
        if reason_of(refused) != "VERSION_CONFLICT" {
            return Err(Flaw::WrongAnswer.because(format!("the slower writer got {refused:?}")));
        }
        self.names_current(upload.paper, refused)
    }

    /// Publishes the content of an earlier version: it becomes current again, under its own name.
    pub(super) async fn publish_earlier(&mut self) -> Result<(), Divergence> {
        let (at, _) = self.draw_upload();
        let paper = &self.city.papers[at];
        let Some(current) = paper.only_standing().current.filter(|_| paper.versions.len() > 1)
        else {
            return Ok(());
        };
        let earlier: Vec<_> = (0..paper.versions.len()).filter(|at| *at != current).collect();
        let version = self.dice.pick(&earlier);
        let version = self.city.papers[at].versions[version].clone();
        let who = version.holder;
        let is_pending = self.uploads.iter().any(|upload| upload.content == version.content);
        if is_pending || version.contributed || !self.city.papers[at].may_be_replaced_by(who) {
            return Ok(());
        }
        self.note(format!("{who} publishes an earlier version of {}", self.city.papers[at]));
        let same = Some((version.content, version.days));
        if let Some(mut upload) = self.begin(at, who, Expect::Current, same).await?
            && self.put(&mut upload).await?
        {
            self.commit(upload).await?;
        }
        Ok(())
    }

    /// Counts what a commit did to the version that was current before.
    pub(super) fn count_supersession(&mut self, paper: usize, before: Option<usize>, at: usize) {
        let Some(before) = before.filter(|before| *before != at) else { return };
        let versions = &self.city.papers[paper].versions;
        let (old, new) = (&versions[before], &versions[at]);
        let out_of_order = old.days.issued.zip(new.days.issued).is_some_and(|(old, new)| new < old);
        let was_revoked = old.revoked.is_some();
        if out_of_order {
            self.count("out of date order");
        }
        if was_revoked {
            self.count("superseded what was revoked");
        }
        self.count(if at < before { "an earlier version again" } else { "superseded" });
    }

    /// Checks that a conflict names the version that is current.
    pub(super) fn names_current(&self, at: usize, status: &Status) -> Result<(), Divergence> {
        if reason_of(status) != "VERSION_CONFLICT" {
            return Ok(());
        }
        let paper = &self.city.papers[at];
        let current = paper.only_standing().current;
        let right = current.and_then(|version| paper.versions[version].name.clone());
        let info = status.get_details_error_info();
        let named = info.and_then(|info| info.metadata.get("current_version").cloned());
        if named == right {
            return Ok(());
        }
        Err(Flaw::WrongAnswer.because(format!("a conflict names {named:?}, not {right:?}")))
    }
}
