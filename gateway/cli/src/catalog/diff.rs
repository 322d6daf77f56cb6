//! `oncebus catalog diff`.

use std::path::PathBuf;

use clap::Args;
use oncebus_gateway::Catalog;
use serde_json::{Map, Value, json};

use super::folder;
use crate::{
    exit::CliError,
    output::{Column, OutputArgs},
    say,
};

const COLUMNS: [Column; 4] =
    [("table", "table"), ("row", "row"), ("change", "change"), ("keys", "keys")];

/// What a table's rows are told apart by.
const TABLES: [(&str, &[&str]); 9] = [
    ("regions", &["code"]),
    ("departments", &["code"]),
    ("sources", &["name", "region"]),
    ("types", &["code"]),
    ("stages", &["code"]),
    ("facts", &["key"]),
    ("items", &["code"]),
    ("packages", &["code"]),
    ("forms", &["code"]),
];

/// Flags of `catalog diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// Folder of the catalogue in force
    old: PathBuf,
    /// Folder of the one to come
    new: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

// === impl DiffArgs ===

impl DiffArgs {
    /// Lists every row that differs.
    ///
    /// # Errors
    ///
    /// Returns a failed check for a faulty folder, and if a running gateway would refuse the new one.
    pub(super) fn run(self) -> Result<(), CliError> {
        let (old, new) = (folder::load(&self.old)?, folder::load(&self.new)?);
        self.output.rows(&COLUMNS, &differences(&values(&old)?, &values(&new)?));
        let refused: Vec<_> = old.incompatible_with(&new).iter().map(ToString::to_string).collect();
        if refused.is_empty() {
            say::note("a running gateway takes it: oncebus config reload");
            return Ok(());
        }
        let refused = refused.join("\n");
        Err(CliError::check(format!("a running gateway refuses it:\n{refused}")))
    }
}

fn values(catalog: &Catalog) -> Result<Value, CliError> {
    serde_json::to_value(catalog).map_err(|error| CliError::caused("the catalogue", &error))
}

fn differences(old: &Value, new: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    for key in ["name", "expiring_days"] {
        if old[key] != new[key] {
            found.push(difference("catalog", key, "changed", &[]));
        }
    }
    for (table, told_by) in TABLES {
        let (before, after) = (keyed(&old[table], told_by), keyed(&new[table], told_by));
        for (name, row) in &before {
            match after.get(name) {
                None => found.push(difference(table, name, "removed", &[])),
                Some(changed) if changed != row => {
                    found.push(difference(table, name, "changed", &keys(row, changed)));
                }
                Some(_same) => {}
            }
        }
        let added = after.keys().filter(|name| !before.contains_key(*name));
        found.extend(added.map(|name| difference(table, name, "added", &[])));
        let order = |rows: &Map<String, Value>| rows.keys().cloned().collect::<Vec<_>>();
        if before.len() == after.len() && before == after && order(&before) != order(&after) {
            found.push(difference(table, "", "reordered", &[]));
        }
    }
    found
}

/// Returns the rows of a table by what they are told apart by, in their order.
fn keyed(table: &Value, told_by: &[&str]) -> Map<String, Value> {
    let rows = table.as_array().into_iter().flatten();
    let named = rows.map(|row| {
        let names: Vec<_> = told_by.iter().filter_map(|key| row[*key].as_str()).collect();
        (names.join(" "), row.clone())
    });
    named.collect()
}

/// Returns the keys that differ.
fn keys(row: &Value, changed: &Value) -> Vec<String> {
    let both = [row, changed].into_iter().filter_map(Value::as_object).flat_map(Map::keys);
    let mut keys: Vec<String> = Vec::new();
    for key in both {
        if row[key] != changed[key] && !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    keys
}

fn difference(table: &str, row: &str, change: &str, keys: &[String]) -> Value {
    json!({"table": table, "row": row, "change": change, "keys": keys})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dev::shipped_catalog;

    #[test]
    fn every_row_that_differs_is_listed_with_its_keys() {
        let old = shipped_catalog();
        let mut new = old.clone();
        new.catalog = new.catalog.replace("= 30", "= 31");
        new.types = new.types.replacen("pointer_age_s = 60", "pointer_age_s = 59", 1);
        new.items = new.items.replace("items = [\"I18\"]", "items = [\"I18\", \"I17\"]");
        new.forms = String::new();
        let [old, new] =
            [old, new].map(|sources| values(&Catalog::from_sources(&sources).unwrap()).unwrap());

        let found = differences(&old, &new);

        let expected = json!([
            {"table": "catalog", "row": "expiring_days", "change": "changed", "keys": []},
            {"table": "types", "row": "business_license", "change": "changed",
             "keys": ["pointer_age_s"]},
            {"table": "packages", "row": "P07", "change": "changed", "keys": ["items"]},
            {"table": "forms", "row": "F01", "change": "removed", "keys": []},
        ]);
        assert_eq!(Value::from(found), expected);
        assert_eq!(differences(&old, &old), Vec::<Value>::new());
    }
}
