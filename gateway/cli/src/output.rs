//! `-o`: the same answer as a table for people, or as JSON for scripts.

use std::{mem, slice};

use clap::{Args, ValueEnum};
use comfy_table::{ContentArrangement, Table, presets::NOTHING};
use indicatif::HumanBytes;
use serde_json::{Map, Value};

use crate::say;

/// Form of an answer on stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A table for people
    #[default]
    Table,
    /// One JSON value
    Json,
    /// One JSON object a line
    Jsonl,
    /// Comma-separated values with a head (RFC 4180): every field, what is nested as JSON
    Csv,
}

/// The flag.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// Form of the answer on stdout
    #[arg(short = 'o', long = "output", value_enum, default_value_t)]
    output: Form,
}

/// Rows that come one by one.
#[derive(Debug)]
pub(crate) struct Rows {
    form: Form,
    columns: &'static [Column],
    fields: &'static [&'static str],
    widths: Vec<usize>,
    begun: bool,
}

/// A column of a table: its head, and the field of each row that it shows.
pub(crate) type Column = (&'static str, &'static str);

// === impl OutputArgs ===

impl OutputArgs {
    /// Returns whether people read it.
    pub(crate) fn is_table(&self) -> bool {
        self.output == Form::Table
    }

    /// Returns whether it is one JSON value.
    pub(crate) fn is_json(&self) -> bool {
        self.output == Form::Json
    }

    /// Prints many rows.
    pub(crate) fn rows(&self, columns: &[Column], rows: &[Value]) {
        match self.output {
            Form::Table if rows.is_empty() => say::note("nothing found"),
            Form::Table => say::line(without_trailing_blanks(&table(columns, rows))),
            Form::Json => say::line(Value::from(rows)),
            Form::Jsonl => rows.iter().for_each(say::line),
            Form::Csv => csv(rows),
        }
    }

    /// Prints rows that belong together; JSON is the whole of them.
    pub(crate) fn listed(&self, columns: &[Column], rows: &[Value], whole: &Value) {
        match self.output {
            Form::Json => say::line(whole),
            _ => self.rows(columns, rows),
        }
    }

    /// Begins rows that come one by one; a table shows `columns`, a CSV has all `fields`.
    pub(crate) fn stream(
        &self,
        columns: &'static [Column],
        fields: &'static [&'static str],
    ) -> Rows {
        let widths = columns.iter().map(|(head, _)| head.len()).collect();
        Rows { form: self.output, columns, fields, widths, begun: false }
    }

    /// Prints what one sentence tells people.
    pub(crate) fn sentence(&self, sentence: &str, value: &Value) {
        match self.output {
            Form::Table => say::line(sentence),
            Form::Json | Form::Jsonl => say::line(value),
            Form::Csv => csv(slice::from_ref(value)),
        }
    }

    /// Prints one thing: as a table, a line for each field.
    pub(crate) fn one(&self, value: &Value) {
        self.one_told(value, value);
    }

    /// Prints one thing that people are `told` in other words than scripts.
    pub(crate) fn one_told(&self, told: &Value, value: &Value) {
        match self.output {
            Form::Table => say::line(without_trailing_blanks(&sheet(told))),
            Form::Json | Form::Jsonl => say::line(value),
            Form::Csv => csv(slice::from_ref(value)),
        }
    }
}

// === impl Rows ===

impl Rows {
    /// Prints one row, at once.
    pub(crate) fn push(&mut self, row: &Value) {
        let first = !mem::replace(&mut self.begun, true);
        match self.form {
            Form::Json | Form::Jsonl => say::line(row),
            Form::Csv => {
                if first {
                    say::line(self.fields.join(","));
                }
                say::line(csv_line(self.fields, row));
            }
            Form::Table => {
                if first {
                    let heads = self.columns.iter().map(|(head, _)| head.to_uppercase()).collect();
                    self.table_line(heads);
                }
                self.table_line(
                    self.columns.iter().map(|(_, field)| shown(field, &row[*field])).collect(),
                );
            }
        }
    }

    /// Prints cells; a column grows to its widest cell so far.
    fn table_line(&mut self, cells: Vec<String>) {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(&mut self.widths) {
            *width = cell.chars().count().max(*width);
            line += &format!(" {cell:<width$} ", width = *width);
        }
        say::line(line.trim_end());
    }
}

/// Prints every field of every row, in the order in which fields first appear.
fn csv(rows: &[Value]) {
    let mut fields: Vec<&str> = Vec::new();
    for field in rows.iter().filter_map(Value::as_object).flat_map(Map::keys) {
        if !fields.contains(&field.as_str()) {
            fields.push(field);
        }
    }
    say::line(fields.join(","));
    rows.iter().for_each(|row| say::line(csv_line(&fields, row)));
}

/// Writes one line of comma-separated values.
pub(crate) fn csv_line(fields: &[&str], row: &Value) -> String {
    fields.iter().map(|field| csv_cell(&row[*field])).collect::<Vec<_>>().join(",")
}

fn csv_cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

fn table(columns: &[Column], rows: &[Value]) -> Table {
    let mut table = plain();
    table.set_header(columns.iter().map(|(head, _)| head.to_uppercase()));
    for row in rows {
        table.add_row(columns.iter().map(|(_, field)| shown(field, &row[*field])));
    }
    table
}

fn sheet(value: &Value) -> Table {
    let mut table = plain();
    for (field, value) in value.as_object().into_iter().flatten() {
        table.add_row([field.replace('_', " "), shown(field, value)]);
    }
    table
}

/// One wide row must not make all others as long as itself.
fn without_trailing_blanks(table: &Table) -> String {
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// No lines: what is printed can be cut and searched.
fn plain() -> Table {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

fn shown(field: &str, value: &Value) -> String {
    match value.as_u64() {
        Some(bytes) if field.ends_with("_bytes") => HumanBytes(bytes).to_string(),
        _ => cell(value),
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.chars().flat_map(harmless).collect(),
        Value::Array(values) => values.iter().map(cell).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let shown = fields.iter().filter(|(_, value)| value.as_i64() != Some(0));
            shown
                .map(|(name, value)| format!("{name} {}", cell(value)))
                .collect::<Vec<_>>()
                .join(", ")
        }
        Value::Number(number) => number.to_string(),
    }
}

/// Writes a letter so that no text of others can steer the terminal.
fn harmless(letter: char) -> impl Iterator<Item = char> {
    let steers =
        letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let (plain, escaped) = if steers { (None, Some(letter)) } else { (Some(letter), None) };
    plain.into_iter().chain(escaped.into_iter().flat_map(char::escape_unicode))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn chinese_names_take_two_columns_a_letter_and_stay_aligned() {
        let rows = [json!({"code": "a", "name": "营业执照"}), json!({"code": "bb", "name": "EIA"})];

        let shown =
            table(&[("code", "code"), ("名称", "name"), ("none", "none")], &rows).to_string();

        let width = |line: &str| -> usize {
            line.chars().map(|letter| if letter > '\u{2e7f}' { 2 } else { 1 }).sum()
        };
        assert!(shown.contains("营业执照"));
        let widths: Vec<_> = shown.lines().map(width).collect();
        assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{shown}");
    }

    #[test]
    fn a_csv_keeps_commas_quotes_and_what_is_nested() {
        let row = json!({"a": "x,\"y\"", "b": {"lookup": 1}, "c": null, "d": 7});

        assert_eq!(csv_line(&["a", "b", "c", "d", "e"], &row), r#""x,""y""","{""lookup"":1}",,7,"#);
    }

    #[test]
    fn a_cell_shows_what_people_read() {
        assert_eq!(shown("size_bytes", &json!(67_108_864)), "64.00 MiB");
        assert_eq!(cell(&json!(true)), "yes");
        assert_eq!(cell(&json!(["a", "b"])), "a, b");
        assert_eq!(cell(&json!({"lookup": 1, "fetch": 0})), "lookup 1");
        assert_eq!(cell(&json!(null)), "");
        assert_eq!(cell(&json!("a\u{1b}[2J\u{202e}b")), r"a\u{1b}[2J\u{202e}b");
    }
}
