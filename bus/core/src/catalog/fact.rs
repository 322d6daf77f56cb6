//! Facts of a case that a catalogue declares, and conditions over them.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use crate::{Day, FieldError};

/// A fact that requirements, or the validity of a type, depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// Key, lower case.
    pub key: String,
    /// What values it has.
    #[serde(flatten)]
    pub kind: FactKind,
    /// What a clerk is asked, in Chinese.
    pub question_zh: String,
    /// What a clerk is asked, in English.
    pub question_en: String,
}

/// What values a fact has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FactKind {
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice {
        /// The words, lower case.
        values: Vec<String>,
    },
    /// A day, `YYYY-MM-DD`.
    Day,
}

/// The value of a fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum FactValue {
    /// Of a flag.
    Flag(bool),
    /// Of a choice.
    Choice(String),
    /// Of a day.
    Day(Day),
}

/// What must be true of a case's facts: all of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// Key, and the values of which the fact must have one.
    pub all: Vec<(String, Vec<FactValue>)>,
}

/// What is known of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(BTreeMap<String, FactValue>);

/// Whether a condition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds<'a> {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It depends on the fact with this key, which is not known.
    Unknown(&'a str),
}

// === impl Fact ===

impl Fact {
    /// Reads a value of this fact.
    ///
    /// # Errors
    ///
    /// Names `facts.KEY` and the values that it has.
    pub fn value(&self, text: &str) -> Result<FactValue, FieldError> {
        let value = match &self.kind {
            FactKind::Flag => text.parse().ok().map(FactValue::Flag),
            FactKind::Choice { values } => {
                values.iter().find(|value| *value == text).cloned().map(FactValue::Choice)
            }
            FactKind::Day => text.parse().ok().map(FactValue::Day),
        };
        value.ok_or_else(|| {
            let field = format!("facts.{}", self.key);
            FieldError::new(field, "has no such value", format!("give {}", self.kind.values()))
        })
    }
}

// === impl FactKind ===

impl FactKind {
    /// Says which values there are.
    pub fn values(&self) -> String {
        match self {
            Self::Flag => "true or false".to_owned(),
            Self::Choice { values } => values.join(" or "),
            Self::Day => "a day, YYYY-MM-DD".to_owned(),
        }
    }
}

// === impl FactValue ===

impl fmt::Display for FactValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(value) => value.fmt(f),
            Self::Choice(value) => f.write_str(value),
            Self::Day(value) => value.fmt(f),
        }
    }
}

// === impl Condition ===

impl Condition {
    /// Tells whether the condition holds. What is false is false whatever else is not known.
    pub fn holds(&self, facts: &Facts) -> Holds<'_> {
        let mut unknown = None;
        for (key, wanted) in &self.all {
            match facts.get(key) {
                Some(value) if wanted.contains(value) => {}
                Some(_other) => return Holds::No,
                None => unknown = unknown.or(Some(key.as_str())),
            }
        }
        unknown.map_or(Holds::Yes, Holds::Unknown)
    }
}

// === impl Facts ===

impl Facts {
    /// Reads facts that `declared` has.
    ///
    /// # Errors
    ///
    /// Names `facts`, or `facts.KEY`: not declared, or without such a value.
    pub fn read<'f>(
        declared: &[Fact],
        given: impl IntoIterator<Item = (&'f str, &'f str)>,
    ) -> Result<Self, FieldError> {
        let mut facts = BTreeMap::new();
        for (key, text) in given {
            let Some(fact) = declared.iter().find(|fact| fact.key == key) else {
                let known: Vec<_> = declared.iter().map(|fact| fact.key.as_str()).collect();
                let cure = format!("the catalogue declares {}", known.join(", "));
                return Err(FieldError::new("facts", "has a key that is not declared", cure));
            };
            facts.insert(fact.key.clone(), fact.value(text)?);
        }
        Ok(Self(facts))
    }

    /// Returns a fact's value.
    pub fn get(&self, key: &str) -> Option<&FactValue> {
        self.0.get(key)
    }

    /// Returns the day that a fact names.
    pub fn day(&self, key: &str) -> Option<Day> {
        match self.get(key)? {
            FactValue::Day(day) => Some(*day),
            FactValue::Flag(_) | FactValue::Choice(_) => None,
        }
    }
}
