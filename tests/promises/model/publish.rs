//! Steps that publish.

use oncebus_proto::v1 as pb;
use oncebus_tests::Document;
use tonic::Status;
use tonic_types::StatusExt as _;

use super::{
    city::{Content, DEPARTMENTS, Paper, Right, Standing, Version},
    days::{Days, day_of},
    divergence::{Divergence, Flaw},
    drive::Drive,
};

/// An announced version, until it is committed or given up.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) paper: usize,
    pub(super) who: &'static str,
    pub(super) content: Content,
    days: Days,
    pub(super) document: Document,
    /// The version that it is to replace.
    expected: Option<usize>,
    pub(super) name: String,
    pub(super) intent: u64,
    whole: bool,
    pub(super) begun_ms: i64,
}

/// What a begin must answer.
enum Begin {
    Refused(&'static str),
    Held(usize),
    Upload,
}

impl Drive {
    pub(super) async fn publish(&mut self) -> Result<(), Divergence> {
        let (paper, who) = self.draw_upload();
        self.note(format!("{who} publishes {}", self.city.papers[paper]));
        if let Some(mut upload) = self.begin(paper, who, Expect::Current, None).await?
            && self.put(&mut upload).await?
        {
            self.commit(upload).await?;
        }
        Ok(())
    }

    pub(super) async fn publish_on_wrong_version(&mut self) -> Result<(), Divergence> {
        let (paper, who) = self.draw_upload();
        self.note(format!("{who} publishes {} on a wrong version", self.city.papers[paper]));
        self.begin(paper, who, Expect::Another, None).await.map(drop)
    }

    pub(super) async fn publish_again(&mut self) -> Result<(), Divergence> {
        let (paper, who) = self.draw_upload();
        let current = self.city.papers[paper].only_standing().current;
        let Some(at) = current else { return Ok(()) };
        self.note(format!("{who} publishes {} again", self.city.papers[paper]));
        let version = &self.city.papers[paper].versions[at];
        let same = Some((version.content, version.days));
        self.begin(paper, who, Expect::Another, same).await.map(drop)
    }

    pub(super) async fn publish_in_part(&mut self) -> Result<(), Divergence> {
        if self.uploads.len() == 4 {
            return Ok(());
        }
        let (paper, who) = self.draw_upload();
        self.note(format!("{who} publishes {} in part", self.city.papers[paper]));
        if let Some(mut upload) = self.begin(paper, who, Expect::Current, None).await?
            && self.dice.once_in(2)
        {
            self.put(&mut upload).await?;
        }
        Ok(())
    }

    pub(super) async fn go_on_with_upload(&mut self) -> Result<(), Divergence> {
        if self.uploads.is_empty() {
            return Ok(());
        }
        let at = self.dice.below(self.uploads.len());
        let mut upload = self.uploads[at].clone();
        let (paper, who) = (upload.paper, upload.who);
        let begins = self.dice.once_in(2);
        let way = if begins { "begins again" } else { "goes on" };
        self.note(format!("{who} {way} with {} of {}", upload.name, self.city.papers[paper]));
        self.count("upload resumed");
        if begins && !self.begin_again(&upload).await? {
            return Ok(());
        }
        if !self.dice.once_in(4) && !self.put(&mut upload).await? {
            return Ok(());
        }
        self.commit(upload).await
    }

    /// Draws an uploaded paper and who publishes it: mostly somebody who may.
    pub(super) fn draw_upload(&mut self) -> (usize, &'static str) {
        let papers = self.city.papers.iter().enumerate();
        let uploaded: Vec<_> =
            papers.filter(|(_, paper)| paper.of.held_by.is_none()).map(|(at, _)| at).collect();
        let paper = self.dice.pick(&uploaded);
        let may = |who: &&str| self.city.may(who, self.city.papers[paper].of, Right::Publish);
        let publishers: Vec<_> = DEPARTMENTS.into_iter().filter(may).collect();
        match publishers[..] {
            [_, ..] if !self.dice.once_in(8) => (paper, self.dice.pick(&publishers)),
            _ => (paper, self.dice.pick(&DEPARTMENTS)),
        }
    }

    /// Announces a version. What it opens is kept among the uploads.
    pub(super) async fn begin(
        &mut self,
        at: usize,
        who: &'static str,
        expect: Expect,
        known: Option<(Content, Days)>,
    ) -> Result<Option<Upload>, Divergence> {
        let (content, days) = known.unwrap_or_else(|| {
            let days = Days::draw(&mut self.dice, day_of(self.city.now_ms));
            (self.city.content(&mut self.dice), days)
        });
        let paper = &self.city.papers[at];
        let Standing { current, .. } = paper.only_standing();
        let expected = match expect {
            Expect::Current => current,
            // Any other there is: an older one, or none.
            Expect::Another => current.and_then(|now| now.checked_sub(1)),
        };
        let mut document = paper.document(content);
        let name = |at: usize| paper.versions[at].name.clone().unwrap_or_default();
        document.expected = expected.map(name).unwrap_or_default();
        let right = if !self.city.may(who, paper.of, Right::Publish) {
            Begin::Refused("ACCESS_DENIED")
        } else if paper.is_revoked(content) {
            Begin::Refused("VERSION_REVOKED")
        } else if let Some(now) = current.filter(|now| paper.versions[*now].content == content) {
            Begin::Held(now)
        } else if expected != current {
            Begin::Refused("VERSION_CONFLICT")
        } else {
            Begin::Upload
        };
        let request = self.begin_request(at, &document, days);
        let id = request.request_id.clone();
        let answer = self.clients[who].transfer.clone().begin_publish(request).await;
        let answer = answer.map(tonic::Response::into_inner);
        match (right, &answer) {
            (Begin::Refused(reason), Err(status)) if reason_of(status) == reason => {
                self.count(reason);
                self.recorded(&id, oncebus_tests::receipt(status), reason)?;
                self.names_current(at, status)?;
                Ok(None)
            }
            (
                Begin::Held(now),
                Ok(pb::BeginPublishResponse { held_version: Some(info), receipt, .. }),
            ) if info.version == name(now) => {
                if let Some(wrong) = paper.misjudged(now, true, info, self.city.now_ms) {
                    return Err(Flaw::WrongVerdict.because(wrong));
                }
                self.count("held already");
                self.recorded(&id, receipt.clone(), "")?;
                Ok(None)
            }
            (Begin::Upload, Ok(begun)) if begun.held_version.is_none() => {
                self.recorded(&id, begun.receipt.clone(), "")?;
                let intent = begun.receipt.as_ref().map(|receipt| receipt.index as u64);
                let upload = Upload {
                    paper: at,
                    who,
                    content,
                    days,
                    document,
                    expected,
                    name: begun.upload.clone(),
                    intent: intent.unwrap_or_default(),
                    whole: false,
                    begun_ms: self.city.now_ms,
                };
                self.keep(upload.clone());
                Ok(Some(upload))
            }
            (Begin::Refused("ACCESS_DENIED"), Ok(_)) => {
                Err(Flaw::ServedThoughDenied.because(format!("{who} began {answer:?}")))
            }
            _ => Err(Flaw::WrongAnswer.because(format!("{who} began and got {answer:?}"))),
        }
    }

    /// Announces an upload a second time; tells whether it may go on.
    async fn begin_again(&mut self, upload: &Upload) -> Result<bool, Divergence> {
        let paper = &self.city.papers[upload.paper];
        let right = if !self.city.may(upload.who, paper.of, Right::Publish) {
            "ACCESS_DENIED"
        } else if paper.is_revoked(upload.content) {
            "VERSION_REVOKED"
        } else if paper.only_standing().current != upload.expected {
            "VERSION_CONFLICT"
        } else if !self.city.is_up(upload.who) {
            "ADAPTER_UNAVAILABLE"
        } else {
            ""
        };
        let request = self.begin_request(upload.paper, &upload.document, upload.days);
        let id = request.request_id.clone();
        let answer = self.clients[upload.who].transfer.clone().begin_publish(request).await;
        let (reason, receipt) = match &answer {
            Ok(begun) if begun.get_ref().upload == upload.name => {
                (String::new(), begun.get_ref().receipt.clone())
            }
            Ok(_) => ("another upload".to_owned(), None),
            Err(status) => (reason_of(status), oncebus_tests::receipt(status)),
        };
        if reason != right {
            let what = format!("{} began again and got {answer:?}, not {right:?}", upload.who);
            return Err(Flaw::WrongAnswer.because(what));
        }
        self.recorded(&id, receipt, right)?;
        Ok(right.is_empty())
    }

    /// Sends what is not sent; tells whether all of it is there then.
    pub(super) async fn put(&mut self, upload: &mut Upload) -> Result<bool, Divergence> {
        let paper = &self.city.papers[upload.paper];
        let may = self.city.may(upload.who, paper.of, Right::Publish);
        let right = match (may, upload.whole, self.city.is_up(upload.who)) {
            (false, ..) => "ACCESS_DENIED",
            // The offset that it begins at is behind what is there.
            (true, true, _) => "UPLOAD_OFFSET",
            (true, false, false) => "ADAPTER_UNAVAILABLE",
            (true, false, true) => "",
        };
        let request = pb::PutChunkRequest {
            upload: upload.name.clone(),
            offset: 0,
            data: upload.document.content.clone(),
        };
        let answer = self.clients[upload.who].transfer.clone().put_chunk(request).await;
        let reason = answer.as_ref().err().map(reason_of).unwrap_or_default();
        let again = right.is_empty() && reason == "UPLOAD_OFFSET";
        if reason != right && !again {
            let what = format!("{} put and got {answer:?}, not {right:?}", upload.who);
            return Err(Flaw::WrongAnswer.because(what));
        }
        if right.is_empty() || right == "UPLOAD_OFFSET" {
            upload.whole = true;
            upload.begun_ms = self.city.now_ms;
            self.keep(upload.clone());
        }
        Ok(upload.whole)
    }

    /// Commits an upload.
    pub(super) async fn commit(&mut self, upload: Upload) -> Result<(), Divergence> {
        let paper = &self.city.papers[upload.paper];
        let right = if !self.city.may(upload.who, paper.of, Right::Publish) {
            "ACCESS_DENIED"
        } else if !upload.whole {
            "SIZE_MISMATCH"
        } else if !self.city.is_up(upload.who) {
            "ADAPTER_UNAVAILABLE"
        } else if paper.is_revoked(upload.content) {
            "VERSION_REVOKED"
        } else if paper.only_standing().current != upload.expected {
            "VERSION_CONFLICT"
        } else {
            ""
        };
        let request = upload.document.commit(&upload.name);
        let id = request.request_id.clone();
        let answer = self.clients[upload.who].transfer.clone().commit_publish(request).await;
        match answer.map(tonic::Response::into_inner) {
            Ok(committed) if right.is_empty() => {
                self.recorded(&id, committed.receipt.clone(), "")?;
                let at = self.add_version(&upload);
                self.committed(&upload, at, &committed)
            }
            Err(status) if reason_of(&status) == right => {
                if matches!(right, "VERSION_CONFLICT" | "VERSION_REVOKED") {
                    self.names_current(upload.paper, &status)?;
                    self.uploads.retain(|other| other.name != upload.name);
                }
                self.count(right);
                self.recorded(&id, oncebus_tests::receipt(&status), right)
            }
            other => {
                let what = format!("{} committed and got {other:?}, not {right:?}", upload.who);
                Err(Flaw::WrongAnswer.because(what))
            }
        }
    }

    /// Adds what is being committed to the versions, unless it is an earlier one; which one is current is
    /// another matter.
    pub(super) fn add_version(&mut self, upload: &Upload) -> usize {
        let Paper { of, versions, .. } = &mut self.city.papers[upload.paper];
        if let Some(same) = versions.iter().position(|v| v.content == upload.content) {
            return same;
        }
        let of_source = upload.expected.is_some_and(|now| versions[now].holder == of.source);
        let contributed = of_source && upload.who != of.source;
        let new = Version::new(upload.content, upload.days, upload.who);
        versions.push(Version { contributed, ..new });
        versions.len() - 1
    }

    /// Returns what is registered once an upload is committed as the version `at`.
    pub(super) fn standing_after(&self, upload: &Upload, at: usize) -> Standing {
        let contributed = self.city.papers[upload.paper].versions[at].contributed;
        let current = if contributed { upload.expected } else { Some(at) };
        Standing { current, confirmed_ms: 0 }
    }

    /// Takes a committed version for the current one, or for a contribution.
    pub(super) fn committed(
        &mut self,
        upload: &Upload,
        at: usize,
        answer: &pb::CommitPublishResponse,
    ) -> Result<(), Divergence> {
        self.uploads.retain(|other| other.name != upload.name);
        let info = answer.info.clone().unwrap_or_default();
        let (name, now_ms) = (info.version.clone(), self.city.now_ms);
        let after = self.standing_after(upload, at);
        let paper = &mut self.city.papers[upload.paper];
        let before = paper.history.last().map(|became| became.version);
        paper.standings = vec![after];
        let contributed = paper.versions[at].contributed;
        let known = paper.versions[at].name.get_or_insert_with(|| name.clone());
        let as_it_is = contributed != info.current && contributed != answer.correction.is_empty();
        if *known != name || answer.already_held || !as_it_is {
            return Err(Flaw::WrongAnswer.because(format!("{known} was committed as {answer:?}")));
        }
        if let Some(wrong) = paper.misjudged(at, !contributed, &info, now_ms) {
            return Err(Flaw::WrongVerdict.because(wrong));
        }
        if contributed {
            self.count("contributed");
            return Ok(());
        }
        paper.became(at, now_ms);
        self.count("committed");
        self.count_supersession(upload.paper, before, at);
        Ok(())
    }

    /// Checks the record that a receipt names: it is on the trail, of this request, with this reason.
    pub(super) fn recorded(
        &mut self,
        request: &str,
        receipt: Option<pb::Receipt>,
        reason: &str,
    ) -> Result<(), Divergence> {
        let mut trail = self.trail.lock().unwrap();
        let Some(receipt) = receipt else {
            return Err(Flaw::ReleasedBeforeOutcome.because("there is no receipt"));
        };
        let Some(record) = trail.record(receipt.index).cloned() else {
            let what = format!("record {} is not on the trail", receipt.index);
            return Err(Flaw::ReleasedBeforeOutcome.because(what));
        };
        if trail.of(request).contains(&&record) && record["reason"].as_str().unwrap_or("") == reason
        {
            return Ok(());
        }
        Err(Flaw::WrongRecord.because(format!("{request} ({reason}) names {record}")))
    }

    pub(super) fn keep(&mut self, upload: Upload) {
        self.uploads.retain(|other| other.name != upload.name);
        self.uploads.push(upload);
    }

    fn begin_request(
        &self,
        paper: usize,
        document: &Document,
        days: Days,
    ) -> pb::BeginPublishRequest {
        let subject = Some(self.city.papers[paper].subject());
        let (issued, valid_until) = (days.issued_text(), days.spelt());
        pb::BeginPublishRequest { subject, issued, valid_until, ..document.begin() }
    }
}

/// Which version a publication says that it replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expect {
    /// The one that is current.
    Current,
    /// Another one, or none.
    Another,
}

pub(super) fn reason_of(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}
