//! Which records another record is about.

use serde::{Deserialize, Serialize};

use crate::FieldError;

/// Records from `start` to before `end`, in a leaf `[start,end]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[u64; 2]", into = "[u64; 2]")]
pub struct Span {
    /// First index.
    pub start: u64,
    /// Index after the last.
    pub end: u64,
}

/// At most [`Spans::MOST`] spans: a leaf has 4 KiB.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Spans(Vec<Span>);

// === impl Span ===

impl From<[u64; 2]> for Span {
    fn from([start, end]: [u64; 2]) -> Self {
        Self { start, end }
    }
}

impl From<Span> for [u64; 2] {
    fn from(span: Span) -> Self {
        [span.start, span.end]
    }
}

impl Span {
    /// Returns the spans of indices that ascend.
    pub fn runs(indices: impl IntoIterator<Item = u64>) -> Vec<Self> {
        let mut runs: Vec<Self> = Vec::new();
        for index in indices {
            match runs.last_mut() {
                Some(last) if last.end == index => last.end += 1,
                _ => runs.push(Self { start: index, end: index + 1 }),
            }
        }
        runs
    }
}

// === impl Spans ===

impl Spans {
    /// Most spans of one record.
    pub const MOST: usize = 32;

    /// Takes the spans of one record.
    ///
    /// # Errors
    ///
    /// Names `ranges` if they are more than [`Self::MOST`].
    pub fn new(spans: Vec<Span>) -> Result<Self, FieldError> {
        if spans.len() > Self::MOST {
            let fault = format!("has {}", spans.len());
            let cure = format!("give at most {} at a time", Self::MOST);
            return Err(FieldError::new("ranges", fault, cure));
        }
        Ok(Self(spans))
    }

    /// Takes as many records' spans as it needs, at least one's.
    pub fn several(spans: &[Span]) -> Vec<Self> {
        if spans.is_empty() {
            return vec![Self::default()];
        }
        spans.chunks(Self::MOST).map(|spans| Self(spans.to_vec())).collect()
    }

    /// Returns the spans.
    pub fn as_slice(&self) -> &[Span] {
        &self.0
    }
}
