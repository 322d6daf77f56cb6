//! `oncebus catalog show`.

use std::path::PathBuf;

use clap::Args;
use oncebus_gateway::{Catalog, MaterialType};
use serde::Serialize;
use serde_json::{Value, json};

use super::folder;
use crate::{
    exit::{CliError, Exit},
    output::{Column, OutputArgs},
};

const COLUMNS: [Column; 5] =
    [("table", "table"), ("#", "code"), ("名称", "name_zh"), ("name", "name_en"), ("says", "says")];

/// Flags of `catalog show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The catalogue's folder
    dir: PathBuf,
    /// Code or alias of a type, code of an item, package or form
    code: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

// === impl ShowArgs ===

impl ShowArgs {
    /// Shows all rows in short, or one in full.
    ///
    /// # Errors
    ///
    /// Returns a failed check for a faulty folder, and that there is no row of that code.
    pub(super) fn run(self) -> Result<(), CliError> {
        let catalog = folder::load(&self.dir)?;
        let Some(code) = &self.code else {
            self.output.rows(&COLUMNS, &rows(&catalog));
            return Ok(());
        };
        let Some(row) = find(&catalog, code) else {
            let message = format!(
                "{code} is no type, item, package or form in {}, `oncebus catalog show` lists them",
                self.dir.display()
            );
            return Err(CliError::new(Exit::NotFound, message));
        };
        let row = row?;
        self.output.one_told(&told(&catalog, &row), &row);
        Ok(())
    }
}

/// Writes a row for people: what it lists as short sentences.
fn told(catalog: &Catalog, row: &Value) -> Value {
    let mut told = row.clone();
    if let Some(rows) = row["requires"].as_array() {
        let rows = rows.iter().map(|requirement| required(catalog, requirement));
        told["requires"] = joined(rows, "; ").into();
    }
    if let Some(rows) = row["fields"].as_array() {
        told["fields"] = joined(rows.iter().map(field), "; ").into();
    }
    told
}

/// `M06|M07 of project when land_way=granted|mixed`, as files have it.
fn required(catalog: &Catalog, requirement: &Value) -> String {
    let alias = |code: &Value| {
        let row = code.as_str().and_then(|code| catalog.material_type(code));
        row.map(|row| row.alias.clone()).unwrap_or_default()
    };
    let listed = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let any_of = listed(&requirement["any_of"]);
    let any_of = any_of.iter().map(|all_of| joined(listed(all_of).iter().map(alias), "+"));
    let mut text = format!("{} of {}", joined(any_of, "|"), word(&requirement["party"]));
    let with = listed(&requirement["with"]);
    if !with.is_empty() {
        text += &format!(" with {}", joined(with.iter().map(word), ", "));
    }
    let terms = listed(&requirement["when"]["all"]);
    if !terms.is_empty() {
        let terms = terms.iter().map(|term| {
            format!("{}={}", word(&term[0]), joined(listed(&term[1]).iter().map(word), "|"))
        });
        text += &format!(" when {}", joined(terms, " and "));
    }
    text
}

/// A data item of a type, or a field of a form with where it comes from.
fn field(field: &Value) -> String {
    if let Some(sources) = field["sources"].as_array() {
        let sources = sources
            .iter()
            .map(|source| format!("{}.{}", word(&source["material_type"]), word(&source["field"])));
        return format!("{} from {}", word(&field["label_zh"]), joined(sources, ", "));
    }
    format!(
        "{} {} ({})",
        word(&field["name"]),
        word(&field["name_zh"]),
        word(&field["sensitivity"])
    )
}

fn joined(parts: impl Iterator<Item = String>, by: &str) -> String {
    parts.collect::<Vec<_>>().join(by)
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns the row of that code, as the catalogue's version covers it.
fn find(catalog: &Catalog, code: &str) -> Option<Result<Value, CliError>> {
    if let Some(row) = catalog.material_type(code) {
        return Some(full(&**row).map(|value| with_entry(row, value)));
    }
    if let Some(row) = catalog.item(code) {
        return Some(full(row));
    }
    if let Some(row) = catalog.package(code) {
        return Some(full(row));
    }
    catalog.form(code).map(full)
}

fn full(row: &impl Serialize) -> Result<Value, CliError> {
    serde_json::to_value(row).map_err(|error| CliError::caused("the row", &error))
}

/// Adds the nine things that an entry shows, under their Chinese names.
fn with_entry(row: &MaterialType, mut value: Value) -> Value {
    let pairs = MaterialType::ENTRY_HEADINGS.iter().zip(row.entry());
    value["entry"] =
        pairs.map(|(heading, text)| ((*heading).to_owned(), Value::from(text))).collect();
    value
}

fn rows(catalog: &Catalog) -> Vec<Value> {
    let types = catalog.types().iter().map(|row| {
        let says = format!("{} of {}", row.supply.as_str(), row.department);
        short("type", &row.alias, [&row.name_zh, &row.name_en], &says)
    });
    let items = catalog.items().iter().map(|row| {
        let says = format!("requires {}", row.requires.len());
        short("item", &row.code, [&row.name_zh, &row.name_en], &says)
    });
    let packages = catalog
        .packages()
        .iter()
        .map(|row| short("package", &row.code, [&row.name_zh, &row.name_en], &row.items.join(" ")));
    let forms = catalog.forms().iter().map(|row| {
        let says = format!("{} fields", row.fields.len());
        short("form", &row.code, [&row.name_zh, &row.name_en], &says)
    });
    types.chain(items).chain(packages).chain(forms).collect()
}

fn short(table: &str, code: &str, [name_zh, name_en]: [&str; 2], says: &str) -> Value {
    json!({"table": table, "code": code, "name_zh": name_zh, "name_en": name_en, "says": says})
}
