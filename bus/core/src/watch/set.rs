//! What one watch is about: materials, and what the caller calls each of them.

use std::{collections::HashMap, fmt, str::FromStr, sync::Arc};

use crate::{Change, FieldError, MaterialType, Number, Subject, cache::Topic, field};

/// Most materials of one watch.
const MOST: usize = 1_000;

/// The caller's own text for a material: 1 to 64 bytes without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference(String);

/// A material to watch.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Type of the material.
    pub material_type: Arc<MaterialType>,
    /// Whom or what it is about.
    pub subject: Subject,
    /// The issuer's number, or every one.
    pub number: Option<Number>,
    /// What the caller calls it.
    pub reference: Reference,
}

/// The materials of one watch: 1 to 1,000, none of them twice.
#[derive(Clone, Debug)]
pub struct WatchedSet {
    entries: Vec<Watched>,
    /// Places of the entries.
    places: HashMap<Topic, Vec<usize>>,
}

// === impl Reference ===

impl FromStr for Reference {
    type Err = FieldError;

    fn from_str(value: &str) -> Result<Self, FieldError> {
        field::text("reference", value, 64)?;
        Ok(Self(value.to_owned()))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// === impl Watched ===

impl Watched {
    fn topic(&self) -> Topic {
        let (material_type, subject) = (self.material_type.code.clone(), self.subject.clone());
        Topic { material_type, subject }
    }

    /// Tells whether it is about a number, or may be about the same as one without.
    fn covers(&self, number: Option<&Number>) -> bool {
        match (&self.number, number) {
            (Some(own), Some(number)) => own == number,
            _ => true,
        }
    }
}

// === impl WatchedSet ===

impl WatchedSet {
    /// Takes the materials of a request.
    ///
    /// # Errors
    ///
    /// Names `watched` if there are none or too many, and an entry that is about the same material as
    /// one before it.
    pub fn new(entries: Vec<Watched>) -> Result<Self, FieldError> {
        if entries.is_empty() || MOST < entries.len() {
            let fault = format!("has {} entries", entries.len());
            return Err(FieldError::new("watched", fault, format!("give 1 to {MOST}")));
        }
        let mut places = HashMap::<Topic, Vec<usize>>::new();
        for (place, entry) in entries.iter().enumerate() {
            let same = places.entry(entry.topic()).or_default();
            if same.iter().any(|other| entries[*other].covers(entry.number.as_ref())) {
                let field = format!("watched[{place}]");
                let fault = "is about the same material as one before it";
                return Err(FieldError::new(field, fault, "give each material once"));
            }
            same.push(place);
        }
        Ok(Self { entries, places })
    }

    /// Returns the entry that a change is about.
    pub(crate) fn find(&self, change: &Change) -> Option<&Watched> {
        let (material_type, subject) = (change.material_type.clone(), change.subject.clone());
        let places = self.places.get(&Topic { material_type, subject })?;
        let mut entries = places.iter().map(|place| &self.entries[*place]);
        entries.find(|entry| entry.covers(Some(&change.number)))
    }

    /// Returns each type once, with the reference of its first material.
    pub(crate) fn types(&self) -> Vec<(Arc<MaterialType>, Reference)> {
        let mut types: Vec<(Arc<MaterialType>, Reference)> = Vec::new();
        for Watched { material_type, reference, .. } in &self.entries {
            if !types.iter().any(|(known, _)| known.code == material_type.code) {
                types.push((Arc::clone(material_type), reference.clone()));
            }
        }
        types
    }

    /// Writes the materials so that the same ones, in whatever order and under whatever references, are
    /// the same text. It has subjects in clear.
    pub fn canonical(&self) -> String {
        let line = |entry: &Watched| {
            let Watched { material_type, subject, number, .. } = entry;
            let number = number.as_ref().map(Number::as_str).unwrap_or_default();
            format!("{} {} {number}\n", material_type.code, String::from(subject.clone()))
        };
        let mut lines: Vec<_> = self.entries.iter().map(line).collect();
        lines.sort_unstable();
        lines.concat()
    }
}
