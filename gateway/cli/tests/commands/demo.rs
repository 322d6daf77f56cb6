//! `oncebus demo`: the figures follow the catalogue.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{catalogue::copy_catalogue, oncebus, root};

#[test]
fn the_demo_reuses_what_was_uploaded_once() {
    let told = demo(None);

    assert_eq!(
        figures(&told),
        json!({"material_types": 28, "published": 5, "origin_held": 22, "reuses": 54, "fetches": 108})
    );
    // A package of 38 pieces twice, and the 117 of the whole way; five were uploaded.
    let pieces =
        ["pieces_asked", "distinct", "held", "to_collect", "uploads_avoided", "saved_percent"];
    assert_eq!(pieces.map(|name| told[name].as_u64().unwrap()), [193, 26, 27, 0, 188, 97]);
    assert_eq!(told["verify_only"], 1);
}

#[test]
fn the_demo_follows_a_catalogue_with_a_type_more() {
    let dir = tempfile::tempdir().unwrap();
    let row = root().join("gateway/cli/tests/golden/more/lift_inspection.toml");
    let row = fs::read_to_string(row).unwrap();
    copy_catalogue(dir.path(), |file, text| match file {
        "types.toml" => format!("{text}\n{row}"),
        _ => text,
    });

    let told = demo(Some(dir.path()));

    assert_eq!(
        figures(&told),
        json!({"material_types": 29, "published": 6, "origin_held": 22, "reuses": 56, "fetches": 112})
    );
}

#[test]
fn the_demo_follows_a_catalogue_with_a_type_less() {
    let dir = tempfile::tempdir().unwrap();
    copy_catalogue(dir.path(), |file, text| match file {
        "types.toml" => text[..text.rfind("[[type]]").unwrap()].to_owned(),
        "items.toml" => text.replace("    { of = \"M28\" },\n", ""),
        _ => text,
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
