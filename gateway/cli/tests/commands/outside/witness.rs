//! aics-witness, asked as a log asks it (C2SP tlog-witness).

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use oncebus_trail::{Note, NoteError, VerifierKey};
use serde::Deserialize;

use super::{missing, verifiers::imports};
use crate::root;

/// A witness that can be started here.
pub(super) struct Witness;

/// A request to add a checkpoint.
pub(super) struct Asked<'a> {
    /// Size that the witness is thought to have seen.
    pub(super) old: u64,
    /// Growth from there.
    pub(super) proof: &'a [[u8; 32]],
    /// The checkpoint.
    pub(super) checkpoint: &'a str,
}

/// What a witness said.
#[derive(Debug, Deserialize)]
pub(super) struct Answers {
    vkey: String,
    answers: Vec<Answer>,
}

#[derive(Debug, Deserialize)]
struct Answer {
    status: u16,
    body: String,
}

// === impl Witness ===

impl Witness {
    /// Says loudly if there is none.
    pub(super) fn find() -> Option<Self> {
        if !imports("aics_witness") {
            missing("aics-witness (pip install --ignore-requires-python aics-witness)");
            return None;
        }
        Some(Self)
    }

    /// Starts a new one that knows the log, and asks it.
    pub(super) fn ask(&self, vkey: &str, asked: &[Asked<'_>]) -> Answers {
        let bodies: Vec<_> = asked.iter().map(Asked::body).collect();
        let mut child = Command::new("python3")
            .arg(root().join("tests/outside/witness.py"))
            .arg(vkey)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&serde_json::to_vec(&bodies).unwrap()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

// === impl Asked ===

impl Asked<'_> {
    fn body(&self) -> String {
        let line = |hash: &[u8; 32]| format!("{}\n", STANDARD.encode(hash));
        let proof: String = self.proof.iter().map(line).collect();
        format!("old {}\n{proof}\n{}", self.old, self.checkpoint)
    }
}

// === impl Answers ===

impl Answers {
    pub(super) fn statuses(&self) -> Vec<u16> {
        self.answers.iter().map(|answer| answer.status).collect()
    }

    pub(super) fn body(&self, at: usize) -> &str {
        &self.answers[at].body
    }

    /// Checks that the witness cosigned a note.
    pub(super) fn check(&self, note: &str) -> Result<(), NoteError> {
        Note::parse(note)?.verify(&self.vkey.parse::<VerifierKey>().unwrap())
    }
}
