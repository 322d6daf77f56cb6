//! `oncebus demo`: the figures follow the catalogue.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{oncebus, root};

#[test]
fn the_demo_reuses_what_was_uploaded_once() {
    let told = demo(None);

    assert_eq!(
        figures(&told),
        json!({"material_types": 28, "published": 5, "origin_held": 22, "reuses": 54, "fetches": 108})
    );
}

#[test]
fn the_demo_follows_a_catalogue_with_a_type_more() {
    let dir = tempfile::tempdir().unwrap();
    copy_catalogue(dir.path(), |file, types| {
        if file != "types.toml" {
            return types.to_owned();
        }
        let row = types.split("[[type]]").last().unwrap();
        let row = row.replace("M28", "M29").replace("fire_acceptance_opinion", "lift_inspection");
        format!("{types}\n[[type]]{row}")
    });

    let told = demo(Some(dir.path()));

    assert_eq!(
        figures(&told),
        json!({"material_types": 29, "published": 5, "origin_held": 23, "reuses": 56, "fetches": 112})
    );
}

#[test]
fn the_demo_follows_a_catalogue_with_a_type_less() {
    let dir = tempfile::tempdir().unwrap();
    copy_catalogue(dir.path(), |file, text| match file {
        "types.toml" => text[..text.rfind("[[type]]").unwrap()].to_owned(),
        "items.toml" => text.replace("    { of = \"M28\" },\n", ""),
        _ => text.to_owned(),
    });

    let told = demo(Some(dir.path()));

    assert_eq!(
        figures(&told),
        json!({"material_types": 27, "published": 5, "origin_held": 21, "reuses": 52, "fetches": 104})
    );
}

fn demo(catalog: Option<&Path>) -> Value {
    let mut command = oncebus();
    command.args(["demo", "--json"]);
    if let Some(catalog) = catalog {
        command.arg("--catalog").arg(catalog);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn figures(told: &Value) -> Value {
    let names = ["material_types", "published", "origin_held", "reuses", "fetches"];
    names.into_iter().map(|name| (name.to_owned(), told[name].clone())).collect()
}

fn copy_catalogue(to: &Path, change: impl Fn(&str, &str) -> String) {
    let from = root().join("gateway/cli/catalog/jining");
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let text = fs::read_to_string(entry.path()).unwrap();
        let name = entry.file_name().into_string().unwrap();
        fs::write(to.join(&name), change(&name, &text)).unwrap();
    }
}
