//! Names that rows have: their shape, and that each stands once.

use std::{
    collections::{HashMap, hash_map::Entry},
    ops::Range,
};

use super::{
    fault::{Faults, quoted},
    row::{Located, Row},
};
use crate::FieldError;

/// Longest short code, such as an alias, in bytes.
const SHORT_BYTES: usize = 16;
/// Longest key, in bytes.
const KEY_BYTES: usize = 63;

/// Names so far of things that are told apart by them, and where each stands.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<String, Range<usize>>);

// === impl Names ===

impl Names {
    /// Takes a name, or adds the fault that it stands somewhere already.
    pub(super) fn is_new(
        &mut self,
        row: &mut Row<'_, '_>,
        kind: &str,
        name: &str,
        span: &Range<usize>,
    ) -> bool {
        match self.0.entry(name.to_owned()) {
            Entry::Vacant(slot) => {
                slot.insert(span.clone());
                true
            }
            Entry::Occupied(first) => {
                twice(row.faults(), kind, name, [span, first.get()]);
                false
            }
        }
    }

    /// Takes the name that `read` was, if there is one and it is new.
    pub(super) fn take<T: AsRef<str>>(
        &mut self,
        row: &mut Row<'_, '_>,
        kind: &str,
        read: Option<Located<T>>,
    ) -> Option<T> {
        let Located { value, span } = read?;
        self.is_new(row, kind, value.as_ref(), &span).then_some(value)
    }

    /// Tells whether a row has that name, be it a faulty one.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Checks that a row has the name, or says where to add one.
    pub(super) fn check(
        &self,
        row: &mut Row<'_, '_>,
        key: &str,
        name: &Located<String>,
        table: &str,
    ) -> bool {
        let there = self.has(&name.value);
        if !there {
            missing(row.faults(), key, &name.value, &name.span, table);
        }
        there
    }
}

/// Adds the fault of a name that no row of `table` has.
pub(super) fn missing(
    faults: &mut Faults<'_>,
    key: &str,
    name: &str,
    span: &Range<usize>,
    table: &str,
) {
    let fault = format!("{key} {} is in no [[{table}]]", quoted(name));
    faults.add(span, fault, "add it there, or name another");
}

/// Adds a fault of a name that stands at two places, the later one first.
pub(super) fn twice(
    faults: &mut Faults<'_>,
    kind: &str,
    name: &str,
    [again, first]: [&Range<usize>; 2],
) {
    let fault = format!("{kind} {} stands in line {} already", quoted(name), faults.line(first));
    faults.add(again, fault, "remove one, or rename it");
}

/// Checks a short code: 1 to 16 upper-case letters and digits, a letter first.
pub(super) fn short(written: &str) -> Result<String, FieldError> {
    let shaped = written.len() <= SHORT_BYTES
        && written.starts_with(|first: char| first.is_ascii_uppercase())
        && written.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if shaped {
        return Ok(written.to_owned());
    }
    let cure = "give 1 to 16 upper-case letters and digits, a letter first";
    Err(FieldError::new("code", "is no short code", cure))
}

/// Checks a key: 1 to 63 lower-case letters, digits and `_`, a letter first.
pub(super) fn key(written: &str) -> Result<String, FieldError> {
    let shaped = written.len() <= KEY_BYTES
        && written.starts_with(|first: char| first.is_ascii_lowercase())
        && written
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if shaped {
        return Ok(written.to_owned());
    }
    let cure = "give 1 to 63 lower-case letters, digits and _, a letter first";
    Err(FieldError::new("key", "is no key", cure))
}
