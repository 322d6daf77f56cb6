//! Looks into the trail's file at every call that comes in: its Intent must be there already.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
    sync::Mutex,
};

use oncebus_tests::{Tag, TrailFile, TrailRecord};
use serde_json::json;

/// Exceptions that a report tells in words.
const TOLD: usize = 20;

/// Reads along in the trail, if it is told where that is.
#[derive(Debug)]
pub(crate) struct Recorder {
    department: String,
    state: Option<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    file: TrailFile,
    /// Intents by tag.
    intents: HashMap<String, Vec<TrailRecord>>,
    /// Indices of the intents that a served outcome closed: nobody asks under those any more.
    served: HashSet<u64>,
    /// Tag of each upload, as its content's first line says it.
    uploads: HashMap<String, String>,
    calls: BTreeMap<&'static str, u64>,
    exceptions: Vec<String>,
}

// === impl Recorder ===

impl Recorder {
    pub(crate) fn new(department: &str, trail: Option<&Path>) -> Self {
        let state = |trail| State {
            file: TrailFile::new(trail),
            intents: HashMap::new(),
            served: HashSet::new(),
            uploads: HashMap::new(),
            calls: BTreeMap::new(),
            exceptions: Vec::new(),
        };
        let state = trail.map(state).map(Mutex::new);
        Self { department: department.to_owned(), state }
    }

    /// Notes a call about a type and a subject.
    pub(crate) fn call(&self, method: &'static str, material_type: &str, subject: &str) {
        let Some(state) = &self.state else { return };
        let mut state = state.lock().unwrap();
        let found = state.intent(subject, |intent| {
            intent.holder == self.department && intent.material_type == material_type
        });
        state.note(method, found, subject);
    }

    /// Notes data for an upload; its first line names the call.
    pub(crate) fn stage(&self, upload: &str, data: &[u8]) {
        let Some(state) = &self.state else { return };
        let mut state = state.lock().unwrap();
        if let Some(tag) = Tag::read(data) {
            state.uploads.insert(upload.to_owned(), tag.text());
        }
        self.upload(&mut state, "Stage", upload);
    }

    /// Notes the end of an upload.
    pub(crate) fn seal(&self, upload: &str) {
        let Some(state) = &self.state else { return };
        self.upload(&mut state.lock().unwrap(), "Seal", upload);
    }

    fn upload(&self, state: &mut State, method: &'static str, upload: &str) {
        let tag = state.uploads.get(upload).cloned().unwrap_or_default();
        let found = state.intent(&tag, |intent| {
            intent.holder == self.department && intent.operation == "publish"
        });
        state.note(method, found, &tag);
    }

    /// Returns what was found, as JSON.
    pub(crate) fn report(&self) -> String {
        let Some(state) = &self.state else { return json!({}).to_string() };
        let state = state.lock().unwrap();
        let told = &state.exceptions[..state.exceptions.len().min(TOLD)];
        let exceptions = state.exceptions.len();
        json!({ "calls": state.calls, "exceptions": exceptions, "told": told }).to_string()
    }
}

// === impl State ===

impl State {
    /// Whether the trail's file has an Intent of this tag that fits and may still be asked under.
    fn intent(&mut self, tag: &str, fits: impl Fn(&TrailRecord) -> bool) -> bool {
        for record in self.file.read_on().unwrap() {
            match (record.kind.as_str(), record.intent) {
                ("intent", _) => {
                    self.intents.entry(record.legal_basis.clone()).or_default().push(record);
                }
                ("outcome", Some(intent)) if record.outcome == "served" => {
                    self.served.insert(intent);
                }
                _ => {}
            }
        }
        let known = self.intents.get(tag).into_iter().flatten();
        known.into_iter().any(|intent| fits(intent) && !self.served.contains(&intent.index))
    }

    fn note(&mut self, method: &'static str, found: bool, tag: &str) {
        *self.calls.entry(method).or_default() += 1;
        if !found {
            self.exceptions.push(format!("{method} about {tag:?} came before its intent"));
        }
    }
}
