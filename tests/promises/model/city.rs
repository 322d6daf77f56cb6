//! What there is in the model's city: types, documents and versions, permissions, holders.

use std::{collections::HashSet, fmt};

use oncebus_proto::v1 as pb;
use oncebus_tests::Document;

use super::{
    days::Days,
    dice::Dice,
    history::Became,
    verdict::{Kind, Revoked},
};

/// The departments that call and hold.
pub(super) const DEPARTMENTS: [&str; 3] = ["housing", "planning", "market"];

/// What the model knows of a type of material.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Type {
    pub(super) code: &'static str,
    pub(super) kind: Kind,
    pub(super) personal: bool,
    /// The department whose version nobody else replaces.
    pub(super) source: &'static str,
    /// The department that has it already, where it is never uploaded.
    pub(super) held_by: Option<&'static str>,
    /// How long its holder's word is relied on.
    pub(super) relied_on_ms: i64,
    /// How much longer while its holder does not answer.
    pub(super) stale_ms: i64,
}

const UPLOADED: Type = Type {
    code: "",
    kind: Kind::TermOfContract,
    personal: false,
    source: "housing",
    held_by: None,
    relied_on_ms: 0,
    stale_ms: 0,
};

/// The types that the model plays with: uploaded, personal, and held by their issuers.
pub(super) const TYPES: [Type; 6] = [
    Type { code: "construction_contract", ..UPLOADED },
    Type { code: "geotech_survey_report", kind: Kind::VersionBound, ..UPLOADED },
    Type {
        code: "agent_authorization",
        kind: Kind::FixedUntil,
        personal: true,
        source: "market",
        ..UPLOADED
    },
    Type {
        code: "business_license",
        kind: Kind::LiveStatus,
        held_by: Some("market"),
        relied_on_ms: 60_000,
        ..UPLOADED
    },
    Type {
        code: "land_grant_contract",
        held_by: Some("planning"),
        relied_on_ms: 3_600_000,
        stale_ms: 600_000,
        ..UPLOADED
    },
    Type {
        code: "fire_design_opinion",
        kind: Kind::VersionBound,
        held_by: Some("housing"),
        relied_on_ms: 1_800_000,
        ..UPLOADED
    },
];

/// Subjects and numbers of the uploaded types' documents.
const UPLOADS: [(&str, &str); 3] = [
    ("2501-370800-04-01-000016", "D-1"),
    ("2501-370800-04-01-000016", "D-2"),
    ("2506-370811-04-01-123450", "D-1"),
];

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Right {
    Fetch,
    Publish,
}

/// Bytes that no other content has, made anew from two numbers whenever they are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Content {
    serial: u64,
    pub(super) size: usize,
}

/// One version of a document.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) content: Content,
    pub(super) days: Days,
    pub(super) holder: &'static str,
    /// Its name, once the bus has said it.
    pub(super) name: Option<String>,
    /// That it was taken back, for ever.
    pub(super) revoked: Option<Revoked>,
    /// Whether it was brought beside the version of its source, and so never becomes current.
    pub(super) contributed: bool,
}

/// What may be registered of a document. After a call that nobody saw end there are several of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Which version is the current one.
    pub(super) current: Option<usize>,
    /// When its holder said so.
    pub(super) confirmed_ms: i64,
}

/// One document.
#[derive(Debug)]
pub(super) struct Paper {
    pub(super) of: &'static Type,
    pub(super) subject: &'static str,
    pub(super) number: &'static str,
    pub(super) versions: Vec<Version>,
    /// All that may be registered of it now.
    pub(super) standings: Vec<Standing>,
    /// What became current, in this order.
    pub(super) history: Vec<Became>,
    /// When a call about it last ended unseen.
    pub(super) unseen_ms: Option<i64>,
}

/// Everything.
#[derive(Debug)]
pub(super) struct City {
    pub(super) papers: Vec<Paper>,
    pub(super) rights: HashSet<(&'static str, &'static str, Right)>,
    pub(super) away: HashSet<&'static str>,
    pub(super) now_ms: i64,
    contents: u64,
}

impl City {
    /// Returns the city before anything happened; what issuers hold is there.
    pub(super) fn new(dice: &mut Dice) -> Self {
        let mut city = Self {
            papers: Vec::new(),
            rights: HashSet::new(),
            away: HashSet::new(),
            now_ms: 0,
            contents: 0,
        };
        for of in &TYPES {
            match of.held_by {
                Some(holder) => {
                    let mut paper = Paper::new(of, (UPLOADS[0].0, "O-1"));
                    paper.versions.push(Version::new(city.content(dice), Days::default(), holder));
                    city.papers.push(paper);
                }
                None => city.papers.extend(UPLOADS.map(|place| Paper::new(of, place))),
            }
        }
        city.rights.extend(Self::all_rights());
        city
    }

    /// Returns the permissions that there may be: all of them at the begin.
    pub(super) fn all_rights() -> Vec<(&'static str, &'static str, Right)> {
        let fetch = |of: &'static Type| DEPARTMENTS.map(|d| (d, of.code, Right::Fetch));
        let mut rights: Vec<_> = TYPES.iter().flat_map(fetch).collect();
        rights.extend([
            ("housing", "construction_contract", Right::Publish),
            ("housing", "agent_authorization", Right::Publish),
            ("housing", "geotech_survey_report", Right::Publish),
            ("planning", "geotech_survey_report", Right::Publish),
        ]);
        rights
    }

    /// Returns bytes that there were never before: mostly a few, sometimes several chunks.
    pub(super) fn content(&mut self, dice: &mut Dice) -> Content {
        const CHUNK: usize = 256 * 1024;
        self.contents += 1;
        let size = match dice.below(8) {
            0 => CHUNK + dice.below(2 * CHUNK),
            1 => CHUNK,
            _ => 1 + dice.below(4_000),
        };
        Content { serial: self.contents, size }
    }

    pub(super) fn may(&self, department: &str, of: &Type, right: Right) -> bool {
        DEPARTMENTS.iter().any(|d| *d == department && self.rights.contains(&(*d, of.code, right)))
    }

    /// Tells whether a department may see what there is: also where it publishes and may not fetch.
    pub(super) fn may_look(&self, department: &str, of: &Type) -> bool {
        [Right::Fetch, Right::Publish].into_iter().any(|right| self.may(department, of, right))
    }

    pub(super) fn is_up(&self, holder: &str) -> bool {
        !self.away.contains(holder)
    }

    /// Returns the papers of one type about one subject that may have a current version.
    pub(super) fn beside(&self, paper: &Paper) -> Vec<&Paper> {
        let same = |other: &&Paper| other.of == paper.of && other.subject == paper.subject;
        let held = |other: &&Paper| other.standings.iter().any(|s| s.current.is_some());
        self.papers.iter().filter(same).filter(held).collect()
    }
}

impl Content {
    pub(super) fn bytes(self) -> Vec<u8> {
        let mut dice = Dice::new(self.serial);
        let words = self.size.div_ceil(8);
        let mut bytes: Vec<u8> = (0..words).flat_map(|_| dice.next().to_le_bytes()).collect();
        bytes.truncate(self.size);
        bytes
    }
}

impl Version {
    pub(super) fn new(content: Content, days: Days, holder: &'static str) -> Self {
        Self { content, days, holder, name: None, revoked: None, contributed: false }
    }

    /// Tells whether an answer is about it: by content, and by name where both have one.
    pub(super) fn is_told_by(&self, info: &pb::MaterialInfo) -> bool {
        let name = self.name.as_ref().filter(|_| !info.version.is_empty());
        name.is_none_or(|name| *name == info.version)
            && info.size_bytes == self.content.size as i64
            && info.version_digest == Some(oncebus_tests::digest(&self.content.bytes()))
    }
}

impl Paper {
    fn new(of: &'static Type, (subject, number): (&'static str, &'static str)) -> Self {
        let nothing = Standing { current: None, confirmed_ms: i64::MIN };
        Self {
            of,
            subject,
            number,
            versions: Vec::new(),
            standings: vec![nothing],
            history: Vec::new(),
            unseen_ms: None,
        }
    }

    /// Returns the version that its issuer holds now: the newest that the model made.
    pub(super) fn held(&self) -> usize {
        self.versions.len() - 1
    }

    /// Tells whether this department's upload may replace the current version, and not just stand beside
    /// it.
    pub(super) fn may_be_replaced_by(&self, who: &str) -> bool {
        let current = self.standings.iter().filter_map(|standing| standing.current);
        who == self.of.source
            || current.into_iter().all(|v| self.versions[v].holder != self.of.source)
    }

    /// Tells whether a version with this content was revoked.
    pub(super) fn is_revoked(&self, content: Content) -> bool {
        self.versions.iter().any(|v| v.content == content && v.revoked.is_some())
    }

    /// Returns what is registered, where that is certain.
    pub(super) fn only_standing(&self) -> Standing {
        assert_eq!(self.standings.len(), 1, "{self}: {:?}", self.standings);
        self.standings[0]
    }

    /// Returns the document as a client would describe it.
    pub(super) fn document(&self, content: Content) -> Document {
        Document::new(self.of.code, self.number, content.bytes())
    }

    pub(super) fn subject(&self) -> pb::Subject {
        pb::Subject { scheme: "project".to_owned(), value: self.subject.to_owned() }
    }
}

impl fmt::Display for Paper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.of.code, self.subject, self.number)
    }
}
