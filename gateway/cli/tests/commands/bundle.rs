//! `oncebus material bundle`: the materials of a list, each in a file of its own.

use std::{fs, path::Path};

use serde_json::Value;

use super::Dev;

const PURPOSE: &str = "item=I14,case=C1,cause=APPROVAL,basis=Construction Law art. 8,officer=o7";
const SUBJECT: &str = "project:2501-370800-04-01-000016";

fn bundle(dev: &Dev, system: &str, args: &[&str]) -> (Option<i32>, String) {
    let out = dev.dir.path().join("out");
    let shared = ["--out", out.to_str().unwrap(), "--purpose", PURPOSE];
    let output = dev.command(system, &[&["material", "bundle"][..], args, &shared].concat());
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_materials_of_a_list_come_into_files_and_the_exit_code_says_whether_all_did() {
    let dev = Dev::start();
    let out = dev.dir.path().join("out");
    let list = dev.dir.path().join("list.json");
    let listed = serde_json::json!([
        {"type": "M01", "subject": SUBJECT, "reference": "licence"},
        {"type": "M25", "subject": SUBJECT},
    ]);
    fs::write(&list, listed.to_string()).unwrap();
    let entry = |code: &str| format!("{code}={SUBJECT}");
    let (first, second, third) = (entry("M01"), entry("M01") + "#none", entry("M25"));
    let some = ["--entry", &first, "--entry", &second, "--entry", &third, "-o", "json"];

    let whole = bundle(&dev, "planning", &["--file", list.to_str().unwrap(), "-o", "jsonl"]);
    let after_whole = names(&out);
    let partial = bundle(&dev, "planning", &some);
    let denied = bundle(&dev, "auditor", &["--entry", &first, "--entry", &third, "-o", "csv"]);
    let none = bundle(&dev, "planning", &[]);
    let table = bundle(&dev, "planning", &["--entry", &first]);

    assert_eq!(whole.0, Some(0), "{}", whole.1);
    let rows: Vec<Value> =
        whole.1.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((rows.len(), &rows[0]["outcome"]), (2, &"served".into()));
    assert_eq!(after_whole[1], "licence.json");
    assert!(after_whole[0].starts_with("construction_permit-M25"), "{after_whole:?}");
    assert_eq!(partial.0, Some(7));
    let told: Value = serde_json::from_str(&partial.1).unwrap();
    let counts = ["served", "refused", "failed"].map(|count| told[count].as_i64().unwrap());
    assert_eq!(counts, [2, 0, 1]);
    assert_eq!(told["entries"][1]["reason"], "MATERIAL_NOT_FOUND");
    for field in ["version", "digest", "size_bytes", "holder", "cache", "receipt", "file"] {
        assert!(!told["entries"][0][field].is_null(), "{field} is missing");
    }
    assert_eq!(told["entries"][0]["cache"], "hit");
    let file = told["entries"][0]["file"].as_str().unwrap();
    assert_eq!(fs::read(file).unwrap(), fs::read(out.join("licence.json")).unwrap());
    assert_eq!(denied.0, Some(3), "{}", denied.1);
    assert_eq!(denied.1.matches("ACCESS_DENIED").count(), 2);
    assert_eq!(none.0, Some(1), "a list must be given");
    assert!(table.1.contains("OUTCOME") && table.1.contains("served"), "{}", table.1);

    let records = dev.json("auditor", &["audit", "search", "--operation", "fetch", "-o", "json"]);
    let bundle = &told["bundle"];
    let of_bundle = records.as_array().unwrap().iter().filter(|record| record["bundle"] == *bundle);
    assert_eq!(of_bundle.filter(|record| record["kind"] == "outcome").count(), 3);
}
