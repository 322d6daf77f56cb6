//! Approval items, what each requires, and packages of them.

use serde::Serialize;

use super::fact::Condition;
use crate::{PartyRole, TypeCode};

/// A phase of a project that groups items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// Code, lower case.
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
}

/// A region of GB/T 2260, or one that the city numbers itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Region {
    /// Six digits.
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
}

/// An approval item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Short code, for example `I14`.
    pub code: String,
    /// Implementation codes of 31 or 33 characters (GB/T 39554.1), accepted wherever the code is.
    pub codes: Vec<String>,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Code of its stage.
    pub stage: String,
    /// Key link (环节) that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Scene (场景) that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scene: Option<String>,
    /// What it requires, in the order in which a clerk reads it.
    pub requires: Vec<Requirement>,
}

/// One thing that an item requires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Requirement {
    /// Any of these lists, all of one list.
    pub any_of: Vec<Vec<TypeCode>>,
    /// Whose material it is.
    pub party: PartyRole,
    /// Who else must be known, as the material binds them too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<PartyRole>,
    /// When it is required; `None` is always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
}

/// A "one-thing" package (一件事) of items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Package {
    /// Short code, for example `P04`.
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Codes of its items.
    pub items: Vec<String>,
}

// === impl Item ===

impl Item {
    /// Tells whether `code` is its short code, or one of its implementation codes.
    pub fn is_called(&self, code: &str) -> bool {
        self.code == code || self.codes.iter().any(|listed| listed == code)
    }
}
