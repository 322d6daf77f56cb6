//! One golden file for each type: what `oncebus catalog show` says of it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use oncebus_gateway::{Catalog, MaterialType};
use serde_json::Value;

use super::{catalog, copy_catalogue, jining, root, text};

fn golden(folder: &str) -> PathBuf {
    root().join("gateway/cli/tests/golden").join(folder)
}

/// Shows one row of a catalogue, laid out for people.
fn shown(dir: &Path, code: &str) -> String {
    let output = catalog([&"show", &dir, &code, &"-o", &"json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let row: Value = serde_json::from_slice(&output.stdout).unwrap();
    format!("{}\n", serde_json::to_string_pretty(&row).unwrap())
}

/// A golden file is written by hand, from what the command says, once somebody has read it.
#[test]
fn every_type_is_shown_as_its_golden_file_has_it() {
    let shipped = Catalog::load(&jining()).unwrap();
    let mut files: Vec<_> = fs::read_dir(golden("types"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();

    let mut expected: Vec<_> =
        shipped.types().iter().map(|row| format!("{}.json", row.code)).collect();
    expected.sort();
    assert_eq!(files, expected);
    for row in shipped.types() {
        let file = golden("types").join(format!("{}.json", row.code));
        assert_eq!(shown(&jining(), row.code.as_str()), fs::read_to_string(file).unwrap());
    }
}

#[test]
fn every_entry_shows_the_nine_things() {
    let shipped = Catalog::load(&jining()).unwrap();

    for row in shipped.types() {
        let row: Value = serde_json::from_str(&shown(&jining(), &row.alias)).unwrap();
        let entry = row["entry"].as_object().unwrap();
        let headings: Vec<_> = entry.keys().map(String::as_str).collect();
        assert_eq!(headings, MaterialType::ENTRY_HEADINGS);
        assert!(entry.values().all(|text| !text.as_str().unwrap().is_empty()), "{row}");
    }
}

/// All that a new type needs is `more/lift_inspection.toml` and `more/lift_inspection.json`; that the
/// whole bus carries it is seen in `demo`.
#[test]
fn a_29th_type_is_one_row_and_one_golden_file() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_owned();
    let row = fs::read_to_string(golden("more").join("lift_inspection.toml")).unwrap();
    copy_catalogue(&folder, |name, text| match name {
        "types.toml" => format!("{text}\n{row}"),
        _ => text,
    });

    let checked = catalog([&"check", &folder]);

    assert!(checked.status.success(), "{}", text(&checked.stderr));
    assert!(text(&checked.stdout).contains("29 types"), "{}", text(&checked.stdout));
    let expected = fs::read_to_string(golden("more").join("lift_inspection.json")).unwrap();
    assert_eq!(shown(&folder, "M29"), expected);
    let diff = catalog([&"diff", &jining(), &folder, &"-o", &"jsonl"]);
    assert!(diff.status.success(), "{}", text(&diff.stderr));
    assert_eq!(text(&diff.stdout).lines().count(), 1, "{}", text(&diff.stdout));
}
