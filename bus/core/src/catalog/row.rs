//! Reads tables of a TOML file, and says of each fault where it is.

use std::{
    ops::{Range, RangeInclusive},
    str::FromStr,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::fault::{Faults, quoted};
use crate::{FieldError, field};

/// Longest name, in bytes.
pub(super) const NAME_BYTES: usize = 256;

/// A parsed file.
#[derive(Debug)]
pub(super) struct Rows<'t>(Spanned<DeTable<'t>>);

/// One table of a file while it is read; [`Self::finish`] ends that.
#[derive(Debug)]
pub(super) struct Row<'r, 't> {
    table: &'r DeTable<'t>,
    /// Where the table starts.
    span: Range<usize>,
    faults: &'r mut Faults<'t>,
    /// Keys that were asked for.
    known: Vec<&'static str>,
}

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

// === impl Rows ===

impl<'t> Rows<'t> {
    /// Parses a file, or adds all its faults of TOML.
    pub(super) fn parse(text: &'t str, faults: &mut Faults<'t>) -> Option<Self> {
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let span = error.span().unwrap_or_default();
            let fault = format!("is no TOML: {}", error.message().replace('\n', ", "));
            faults.add(&span, fault, "correct it");
        }
        errors.is_empty().then_some(Self(table))
    }

    /// Returns the keys outside of every table.
    pub(super) fn top<'r>(&'r self, faults: &'r mut Faults<'t>) -> Row<'r, 't> {
        Row { table: self.0.get_ref(), span: 0..0, faults, known: Vec::new() }
    }

    /// Returns some texts of each `[[key]]` as they are, where they are texts.
    pub(super) fn texts<const N: usize>(
        &self,
        key: &str,
        of: [&'static str; N],
    ) -> impl Iterator<Item = [Option<&str>; N]> {
        let listed = self.0.get_ref().get(key).and_then(|listed| listed.get_ref().as_array());
        let tables = listed.into_iter().flat_map(|rows| rows.iter());
        tables.filter_map(|row| row.get_ref().as_table()).map(move |table| {
            of.map(|key| table.get(key).and_then(|value| value.get_ref().as_str()))
        })
    }

    /// Reads each `[[key]]`, of which there may be none, and returns those that have no fault.
    pub(super) fn each<T>(
        &self,
        key: &'static str,
        faults: &mut Faults<'t>,
        mut read: impl FnMut(&mut Row<'_, 't>) -> Option<T>,
    ) -> Vec<T> {
        let Some(listed) = self.0.get_ref().get(key) else { return Vec::new() };
        each(listed, key, faults, &mut read)
    }
}

/// Reads each table of a list, and returns those that have no fault.
fn each<'t, T>(
    listed: &Spanned<DeValue<'t>>,
    key: &'static str,
    faults: &mut Faults<'t>,
    read: &mut impl FnMut(&mut Row<'_, 't>) -> Option<T>,
) -> Vec<T> {
    let mut values = Vec::new();
    let DeValue::Array(rows) = listed.get_ref() else {
        faults.add(
            &listed.span(),
            format!("{key} is no list of tables"),
            format!("write [[{key}]]"),
        );
        return values;
    };
    for row in rows.iter() {
        let DeValue::Table(table) = row.get_ref() else {
            let cure = format!("write [[{key}]]");
            faults.add(&row.span(), format!("this {key} is no table"), cure);
            continue;
        };
        let mut row = Row { table, span: row.span(), faults, known: Vec::new() };
        let value = read(&mut row);
        row.finish();
        values.extend(value);
    }
    values
}

// === impl Row ===

impl<'r, 't> Row<'r, 't> {
    /// Returns where the file's faults go.
    pub(super) fn faults(&mut self) -> &mut Faults<'t> {
        self.faults
    }

    /// Reads a text of 1 to `max` bytes.
    pub(super) fn text(&mut self, key: &'static str, max: usize) -> Option<Located<String>> {
        self.checked(key, |written| field::text(key, written, max).map(|()| written.to_owned()))
    }

    /// Reads a text that may be left out.
    pub(super) fn text_if_given(
        &mut self,
        key: &'static str,
        max: usize,
    ) -> Option<Option<String>> {
        self.if_given(key, |row| row.text(key, max).map(|text| text.value))
    }

    /// Reads a text that is a `T`.
    pub(super) fn parsed<T>(&mut self, key: &'static str) -> Option<Located<T>>
    where
        T: FromStr<Err = FieldError>,
    {
        self.checked(key, str::parse)
    }

    /// Reads a text that `check` takes.
    pub(super) fn checked<T>(
        &mut self,
        key: &'static str,
        check: impl FnOnce(&str) -> Result<T, FieldError>,
    ) -> Option<Located<T>> {
        let value = self.value(key)?;
        let Some(written) = value.get_ref().as_str() else {
            self.wrong_kind(key, value, "a text in double quotes");
            return None;
        };
        let span = value.span();
        match check(written) {
            Ok(value) => Some(Located { value, span }),
            Err(error) => {
                self.faults.add_field(&span, written, &error.of(key));
                None
            }
        }
    }

    /// Reads one of some words, and returns what it stands for.
    pub(super) fn word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
    ) -> Option<Located<T>> {
        self.checked(key, |written| {
            let found = words.iter().find(|(word, _)| *word == written);
            found.map(|(_, value)| *value).ok_or_else(|| {
                let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
                let cure = match words.split_last() {
                    Some((last, [])) => format!("give {last}"),
                    Some((last, others)) => format!("give {} or {last}", others.join(", ")),
                    None => String::new(),
                };
                FieldError::new(key, "is unknown", cure)
            })
        })
    }

    /// Reads a list of one or more different `T`.
    pub(super) fn list<T>(&mut self, key: &'static str) -> Option<Vec<T>>
    where
        T: FromStr<Err = FieldError> + PartialEq,
    {
        let located = self.located(key, str::parse)?;
        Some(located.into_iter().map(|Located { value, .. }| value).collect())
    }

    /// Reads a list of one or more different texts that `check` takes, each with its place.
    pub(super) fn located<T: PartialEq>(
        &mut self,
        key: &'static str,
        check: impl Fn(&str) -> Result<T, FieldError>,
    ) -> Option<Vec<Located<T>>> {
        let value = self.value(key)?;
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_kind(key, value, "a list of texts");
            return None;
        };
        if items.is_empty() {
            self.faults.add(&value.span(), format!("{key} is empty"), "list at least one");
            return None;
        }
        let mut list: Vec<Located<T>> = Vec::with_capacity(items.len());
        for item in items.iter() {
            let Some(written) = item.get_ref().as_str() else {
                self.wrong_kind(key, item, "texts in double quotes");
                continue;
            };
            let span = item.span();
            match check(written) {
                Ok(value) if list.iter().any(|listed| listed.value == value) => {
                    let fault = format!("{key} lists {} twice", quoted(written));
                    self.faults.add(&span, fault, "remove one");
                }
                Ok(value) => list.push(Located { value, span }),
                Err(error) => self.faults.add_field(&span, written, &error.of(key)),
            }
        }
        (list.len() == items.len()).then_some(list)
    }

    /// Reads a whole number within `range`.
    pub(super) fn integer(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.value(key)?;
        let DeValue::Integer(written) = value.get_ref() else {
            self.wrong_kind(key, value, "a whole number");
            return None;
        };
        let number = u64::from_str_radix(written.as_str(), written.radix());
        if let Some(number) = number.ok().filter(|number| range.contains(number)) {
            return Some(number);
        }
        let (least, most) = range.into_inner();
        let cure =
            if least == most { format!("give {least}") } else { format!("give {least} to {most}") };
        self.faults.add(&value.span(), format!("{key} is {written}"), cure);
        None
    }

    /// Reads `true` or `false`.
    pub(super) fn switch(&mut self, key: &'static str) -> Option<Located<bool>> {
        let value = self.value(key)?;
        let Some(switch) = value.get_ref().as_bool() else {
            self.wrong_kind(key, value, "true or false");
            return None;
        };
        Some(Located { value: switch, span: value.span() })
    }

    /// Reads a key that may be left out: `Some(None)` is that it was, `None` that it is faulty.
    pub(super) fn if_given<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<Option<T>> {
        self.table(key);
        if self.table.contains_key(key) { read(self).map(Some) } else { Some(None) }
    }

    /// Refuses a key that has no meaning here.
    pub(super) fn refuse(&mut self, key: &'static str, why: &str) {
        self.table(key);
        if let Some(value) = self.table.get(key) {
            self.faults.add(&value.span(), format!("{key} is given {why}"), "remove it");
        }
    }

    /// Reads the table under `key`.
    pub(super) fn inner<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Row<'_, 't>) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(key)?;
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong_kind(key, value, "a table in braces");
            return None;
        };
        let mut row = Row { table, span: value.span(), faults: self.faults, known: Vec::new() };
        let read = read(&mut row);
        row.finish();
        read
    }

    /// Reads each table of the list under `key`, and returns those that have no fault.
    pub(super) fn rows<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Row<'_, 't>) -> Option<T>,
    ) -> Option<Located<Vec<T>>> {
        let listed = self.value(key)?;
        let value = each(listed, key, self.faults, &mut read);
        Some(Located { value, span: listed.span() })
    }

    /// Reads the tables of a list that has at least one.
    pub(super) fn some_rows<T>(
        &mut self,
        key: &'static str,
        read: impl FnMut(&mut Row<'_, 't>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Located { value, span } = self.rows(key, read)?;
        if matches!(self.table.get(key).map(Spanned::get_ref), Some(DeValue::Array(rows)) if rows.is_empty())
        {
            self.faults.add(&span, format!("{key} is empty"), "list at least one");
        }
        Some(value)
    }

    /// Marks a key as known that [`Rows::each`] reads.
    pub(super) fn table(&mut self, key: &'static str) {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
    }

    /// Adds every key that nobody asked for as a fault.
    pub(super) fn finish(self) {
        for key in self.table.keys() {
            let name = key.get_ref().as_ref();
            if !self.known.contains(&name) {
                let cure = format!("remove it; known are {}", self.known.join(", "));
                self.faults.add(&key.span(), format!("key {} is unknown", quoted(name)), cure);
            }
        }
    }

    fn value(&mut self, key: &'static str) -> Option<&'r Spanned<DeValue<'t>>> {
        self.table(key);
        let value = self.table.get(key);
        if value.is_none() {
            self.faults.add(&self.span, format!("{key} is missing"), "add it");
        }
        value
    }

    fn wrong_kind(&mut self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let got = match value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a point",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.faults.add(&value.span(), format!("{key} is {got}"), format!("give {wanted}"));
    }
}
