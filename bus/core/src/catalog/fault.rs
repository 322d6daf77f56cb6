//! What is wrong with a catalogue, and where.

use std::{fmt, ops::Range, path::Path};

use crate::FieldError;

/// All faults of one catalogue, in the order of its files and lines; at least one.
#[derive(Debug, thiserror::Error)]
#[error("{}", .faults.iter().map(CatalogFault::to_string).collect::<Vec<_>>().join("\n"))]
pub struct CatalogError {
    faults: Vec<CatalogFault>,
}

/// One fault of a catalogue's file, written `types.toml:12:8: fault, cure`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogFault {
    /// Name of the file; with its folder where the catalogue came from one.
    pub file: String,
    /// Where in the file; `None` where the file could not be read.
    pub position: Option<Position>,
    /// What is wrong.
    pub fault: String,
    /// What to do about it.
    pub cure: String,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
}

/// Collects the faults of one file.
#[derive(Debug)]
pub(super) struct Faults<'t> {
    file: &'static str,
    text: &'t str,
    list: Vec<CatalogFault>,
}

// === impl CatalogError ===

impl CatalogError {
    /// Takes what was found; there must be something.
    pub(super) fn new(faults: Vec<CatalogFault>) -> Self {
        debug_assert!(!faults.is_empty(), "a refused catalogue has a fault");
        Self { faults }
    }

    /// Names the files with their folder.
    pub(super) fn within(mut self, dir: &Path) -> Self {
        for fault in &mut self.faults {
            fault.file = dir.join(&fault.file).display().to_string();
        }
        self
    }

    /// Returns every fault.
    pub fn faults(&self) -> &[CatalogFault] {
        &self.faults
    }
}

// === impl CatalogFault ===

impl fmt::Display for CatalogFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(Position { line, column }) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}, {}", self.fault, self.cure)
    }
}

// === impl Position ===

impl Position {
    /// Finds the place of byte `at` in `text`.
    fn of(text: &str, at: usize) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

// === impl Faults ===

impl<'t> Faults<'t> {
    pub(super) fn new(file: &'static str, text: &'t str) -> Self {
        Self { file, text, list: Vec::new() }
    }

    /// Adds a fault of the text at `span`.
    pub(super) fn add(
        &mut self,
        span: &Range<usize>,
        fault: impl Into<String>,
        cure: impl Into<String>,
    ) {
        self.list.push(CatalogFault {
            file: self.file.to_owned(),
            position: Some(Position::of(self.text, span.start)),
            fault: fault.into(),
            cure: cure.into(),
        });
    }

    /// Adds a fault of the value `written` at `span`.
    pub(super) fn add_field(&mut self, span: &Range<usize>, written: &str, error: &FieldError) {
        let FieldError { field, fault, cure } = error;
        self.add(span, format!("{field} {} {fault}", quoted(written)), cure.as_str());
    }

    /// Says where `span` starts, for a fault that names two places.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        Position::of(self.text, span.start).line
    }

    /// Returns the faults by their place.
    pub(super) fn into_list(mut self) -> Vec<CatalogFault> {
        self.list.sort_by_key(|fault| fault.position);
        self.list
    }
}

/// Quotes at most 40 characters of what a file says.
pub(super) fn quoted(written: &str) -> String {
    match written.char_indices().nth(40) {
        Some((cut, _)) => format!("{:?}...", &written[..cut]),
        None => format!("{written:?}"),
    }
}
