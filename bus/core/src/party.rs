//! Whom a case concerns, by role.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{FieldError, Scheme, Subject, field::checked_text};

/// A part that somebody, or the project itself, has in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PartyRole {
    /// The project: 项目.
    Project,
    /// Who has it built: 建设单位.
    Developer,
    /// Who builds: 施工单位.
    Contractor,
    /// Who supervises: 监理单位.
    Supervisor,
    /// Who designs: 设计单位.
    Designer,
    /// Who surveys the ground: 勘察单位.
    Surveyor,
    /// Who stands for the developer by law: 法定代表人.
    LegalRepresentative,
    /// Who acts for the developer at the counter: 经办人.
    Agent,
}

/// One party of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Its part.
    pub role: PartyRole,
    /// Who it is.
    pub subject: Subject,
}

/// All parties of a case, at most one in each role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parties(Vec<Party>);

// === impl PartyRole ===

impl PartyRole {
    /// All roles, as cures list them.
    pub const ALL: [Self; 8] = [
        Self::Project,
        Self::Developer,
        Self::Contractor,
        Self::Supervisor,
        Self::Designer,
        Self::Surveyor,
        Self::LegalRepresentative,
        Self::Agent,
    ];

    /// Returns the role's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Developer => "developer",
            Self::Contractor => "contractor",
            Self::Supervisor => "supervisor",
            Self::Designer => "designer",
            Self::Surveyor => "surveyor",
            Self::LegalRepresentative => "legal_representative",
            Self::Agent => "agent",
        }
    }

    /// Returns the role's Chinese name.
    pub fn name_zh(self) -> &'static str {
        match self {
            Self::Project => "项目",
            Self::Developer => "建设单位",
            Self::Contractor => "施工单位",
            Self::Supervisor => "监理单位",
            Self::Designer => "设计单位",
            Self::Surveyor => "勘察单位",
            Self::LegalRepresentative => "法定代表人",
            Self::Agent => "经办人",
        }
    }

    /// Returns the scheme that identifies who is in this role.
    pub fn scheme(self) -> Scheme {
        match self {
            Self::Project => Scheme::Project,
            Self::LegalRepresentative | Self::Agent => Scheme::Citizen,
            Self::Developer
            | Self::Contractor
            | Self::Supervisor
            | Self::Designer
            | Self::Surveyor => Scheme::Credit,
        }
    }
}

impl FromStr for PartyRole {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            FieldError::new("parties.role", "is unknown", format!("give one of {known}"))
        })
    }
}

impl fmt::Display for PartyRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

checked_text!(PartyRole, FieldError);

// === impl Parties ===

impl Parties {
    /// Takes the parties of a case, of which the project is one.
    ///
    /// # Errors
    ///
    /// Names `parties.ROLE` if a role is taken twice, or its subject has another scheme than those in
    /// that role have.
    pub fn new(project: Subject, others: Vec<Party>) -> Result<Self, FieldError> {
        let mut parties = Self::default();
        parties.add(Party { role: PartyRole::Project, subject: project })?;
        for party in others {
            parties.add(party)?;
        }
        Ok(parties)
    }

    fn add(&mut self, party: Party) -> Result<(), FieldError> {
        let Party { role, subject } = &party;
        let field = match role {
            PartyRole::Project => "project".to_owned(),
            role => format!("parties.{role}"),
        };
        if self.subject(*role).is_some() {
            return Err(FieldError::new(field, "is given twice", "give each role once"));
        }
        let scheme = role.scheme();
        if subject.scheme() != scheme {
            let fault = format!("has scheme {}", subject.scheme().as_str());
            return Err(FieldError::new(field, fault, format!("give {}", scheme.as_str())));
        }
        self.0.push(party);
        Ok(())
    }

    /// Returns who is in a role.
    pub fn subject(&self, role: PartyRole) -> Option<&Subject> {
        self.0.iter().find(|party| party.role == role).map(|party| &party.subject)
    }

    /// Returns all of them, the project first.
    pub fn iter(&self) -> impl Iterator<Item = &Party> {
        self.0.iter()
    }
}
