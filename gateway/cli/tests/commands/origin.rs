//! A department's own files that are not what they were: nothing is released, the reason says why,
//! and it is on record.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::Dev;

const SUBJECT: &str = "project:2501-370800-04-01-000016";
const PURPOSE: &str = "item=I14,case=C1,cause=APPROVAL,basis=Construction Law art. 8,officer=o7";

#[test]
fn a_file_that_is_cut_releases_nothing() {
    let content = |file: &Path| {
        let bytes = fs::read(file).unwrap();
        fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
    };

    assert_spoilt("SIZE_MISMATCH", content);
}

#[test]
fn a_file_that_is_replaced_releases_nothing() {
    let content = |file: &Path| {
        let mut bytes = fs::read(file).unwrap();
        // Only the end differs: even the good beginning must not leave.
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(file, bytes).unwrap();
    };

    assert_spoilt("DIGEST_MISMATCH", content);
}

#[test]
fn a_symlink_out_of_the_folder_releases_nothing() {
    let content = |file: &Path| {
        let outside = file.ancestors().nth(6).unwrap().join("outside.pdf");
        fs::rename(file, &outside).unwrap();
        symlink(&outside, file).unwrap();
    };

    assert_spoilt("UNSAFE_PATH", content);
}

/// Spoils the largest document of a department: once before its first fetch, once after it.
fn assert_spoilt(reason: &str, spoil: impl Fn(&Path)) {
    for fetched_before in [false, true] {
        // Without a cache: what was verified before is served from it, whatever became of the file.
        let dev = Dev::start_as(&[], &[("ONCEBUS_GATEWAY_CACHE__CONTENT_MIB", "0")]);
        let (code, file) = largest(&dev.connection());
        if fetched_before {
            assert!(fetch(&dev, &code).0, "the document is not there to begin with");
        }
        spoil(&file);

        let (served, said, out) = fetch(&dev, &code);
        let records = dev.json("auditor", &["audit", "search", "--reason", reason, "-o", "json"]);

        assert!(!served, "a spoilt document was served");
        assert!(said.contains(reason), "{said}");
        assert!(!out.exists(), "something was released");
        let record = &records[0];
        assert_eq!((&record["kind"], &record["outcome"]), (&"outcome".into(), &"failed".into()));
        let authorised = record["bytes_authorised"].as_u64().unwrap_or(0);
        assert_eq!(authorised, 0, "bytes were authorised");
    }
}

fn fetch(dev: &Dev, code: &str) -> (bool, String, PathBuf) {
    let out = dev.dir.path().join("out.bin");
    drop(fs::remove_file(&out));
    let path = out.to_str().unwrap();
    let what = ["--type", code, "--subject", SUBJECT, "--out", path, "--purpose", PURPOSE];
    let output = dev.command("housing", &[&["material", "fetch"][..], &what].concat());
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned(), out)
}

/// Returns type and file of the largest document that planning or market hold.
fn largest(connection: &Value) -> (String, PathBuf) {
    let mut files = Vec::new();
    for department in ["planning", "market"] {
        let dir = connection["adapters"][department]["data_dir"].as_str().unwrap();
        collect(&Path::new(dir).join("origin"), &mut files);
    }
    let file = files.into_iter().max_by_key(|file| fs::metadata(file).unwrap().len()).unwrap();
    let code = file.ancestors().nth(2).unwrap().file_name().unwrap();
    (code.to_str().unwrap().to_owned(), file)
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension != "toml") {
            files.push(path);
        }
    }
}
