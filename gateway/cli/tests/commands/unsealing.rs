//! "Company X's licence in October: who, item, basis; and, unsealed, case and officer": three commands.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use serde_json::Value;
use uuid::Uuid;

use super::Dev;

const PROJECT: &str = "project-2501-370800-04-01-000016";
const COMPANY: &str = "91110000101623741K";
const PURPOSE: &str = "item=I14,case=C1,cause=APPROVAL,basis=Construction Law art. 8,officer=o7";
/// Of a sealed part with two tokens: bytes in front of its ciphertext, behind the boot id.
const TO_CIPHERTEXT: usize = 16 + 4 + 32 + 1 + 64 + 12;

impl Dev {
    /// Gives market the company's licence, and has planning fetch it for a case.
    fn licence(&self) {
        let data = self.connection()["adapters"]["market"]["data_dir"].as_str().unwrap().to_owned();
        let held = Path::new(&data).join("origin/business_license");
        let company = held.join(format!("credit-{COMPANY}"));
        fs::create_dir_all(&company).unwrap();
        for entry in fs::read_dir(held.join(PROJECT)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), company.join(entry.file_name())).unwrap();
        }
        let out = self.dir.path().join("licence.pdf");
        let out = out.to_str().unwrap();
        let subject = format!("credit:{COMPANY}");
        let fetch = ["material", "fetch", "--type", "M01", "--subject", &subject, "--out", out];
        done(&self.command("planning", &[&fetch[..], &["--purpose", PURPOSE]].concat()));
    }

    /// Asks for what was done with the company's licence, and to unseal it; returns the rows.
    fn report(&self) -> Value {
        let subject = format!("credit:{COMPANY}");
        let report = ["audit", "subject", &subject, "--type", "business_license"];
        let window = ["--since", "2020-01-01", "--until", "2120-01-01"];
        let unseal = ["--unseal", "COMPLAINT:2026-17", "-o", "json"];
        self.json("auditor", &[&report[..], &window, &unseal].concat())
    }

    fn count(&self, operation: &str) -> usize {
        let search = ["audit", "search", "--operation", operation, "-o", "json"];
        self.json("auditor", &search).as_array().unwrap().len()
    }
}

fn done(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn who_had_a_companys_licence_and_for_which_case_takes_three_commands_each_on_record() {
    let dev = Dev::start();
    dev.licence();

    let report = dev.report();
    let name = report[0]["unseal"].as_str().unwrap();
    let approved = dev.json("security", &["audit", "unseal", "approve", name, "-o", "json"]);
    let opened = dev.json("auditor", &["audit", "unseal", "read", name, "-o", "json"]);
    let table = dev.command("auditor", &["audit", "unseal", "read", name]);

    let rows = report.as_array().unwrap();
    assert_eq!(rows.len(), 1, "{report}");
    let row = &rows[0];
    assert_eq!((&row["department"], &row["item"]), (&"planning".into(), &"I14".into()));
    assert_eq!((&row["cause"], &row["outcome"]), (&"APPROVAL".into(), &"served".into()));
    assert!(!report.to_string().contains("o7") && !report.to_string().contains("\"C1\""));
    assert_eq!(approved["records"], 1);
    assert_eq!((&opened[0]["case"], &opened[0]["officer"]), (&"C1".into(), &"o7".into()));
    assert_eq!(opened[0]["subject"], format!("credit:{COMPANY}"));
    assert_eq!(opened[0]["index"], row["index"]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.contains("o7") && table.contains("Construction Law art. 8"), "{table}");
    for (operation, records) in [
        ("get_subject_report", 1),
        ("request_unseal", 1),
        ("approve_unseal", 1),
        ("read_sealed", 2),
    ] {
        assert_eq!(dev.count(operation), records, "{operation}");
    }
}

#[test]
fn whoever_may_not_is_told_so_and_that_is_on_record() {
    let dev = Dev::start();
    dev.licence();
    let name = dev.report()[0]["unseal"].as_str().unwrap().to_owned();
    let read = ["audit", "unseal", "read", &name];
    let approve = ["audit", "unseal", "approve", &name];
    let own = dev.connection()["systems"]["auditor"]["seal_identity_file"].clone();
    let own = own.as_str().unwrap();
    let wrong = dev.dir.path().join("wrong.identity");
    let wrong = wrong.to_str().unwrap();
    done(&super::oncebus().args(["audit", "seal-key", "--out", wrong]).output().unwrap());

    let early = dev.command("auditor", &read);
    let alone = dev.command("auditor", &approve);
    done(&dev.command("security", &approve));
    let operator = dev.command("operator", &[&read[..], &["--identity", own]].concat());
    let keyless = dev.command("operator", &read);
    let wrong = dev.command("auditor", &[&read[..], &["--identity", wrong]].concat());
    let nowhere = dev.command("auditor", &[&read[..], &["--identity", "/nowhere"]].concat());

    let codes = [early, alone, operator, keyless, wrong, nowhere].map(|output| {
        let said = said(&output);
        assert!(!said.contains("AGE-SECRET-KEY"), "{said}");
        output.status.code().unwrap()
    });
    assert_eq!(codes, [5, 3, 3, 1, 6, 1]);
    let denied = ["audit", "search", "--outcome", "denied", "-o", "json"];
    let denied = dev.json("auditor", &denied);
    let mut operations: Vec<_> =
        denied.as_array().unwrap().iter().map(|record| record["operation"].clone()).collect();
    operations.reverse();
    assert_eq!(operations, ["approve_unseal", "read_sealed"]);
}

#[test]
fn a_changed_part_is_named_and_the_others_are_shown() {
    let mut dev = Dev::start();
    dev.licence();
    dev.licence();
    let report = dev.report();
    let name = report[0]["unseal"].as_str().unwrap();
    done(&dev.command("security", &["audit", "unseal", "approve", name]));
    dev.interrupt();
    let trail = dev.connection()["trail_dir"].as_str().unwrap().to_owned();
    let boot = report[0]["boot"].as_str().unwrap().parse::<Uuid>().unwrap();
    change(&Path::new(&trail).join("sealed"), boot);
    dev.child = Dev::run(dev.dir.path(), &dev.flags, &dev.variables);

    let output = dev.command("auditor", &["audit", "unseal", "read", name, "-o", "json"]);

    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), shown.as_array().unwrap().len()), (Some(6), 1));
    let said = said(&output);
    assert!(said.contains("its hash is another") && said.contains("record "), "{said}");
}

/// Flips a bit in the ciphertext of the newest part of a run.
fn change(sealed: &Path, boot: Uuid) {
    let file: PathBuf = fs::read_dir(sealed).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&file).unwrap();
    let with_two_tokens =
        |at: &usize| bytes[*at..].starts_with(boot.as_bytes()) && bytes[at + 16 + 4 + 32] == 2;
    let at = (0..bytes.len() - TO_CIPHERTEXT).rev().find(with_two_tokens).unwrap();
    bytes[at + TO_CIPHERTEXT] ^= 1;
    fs::write(&file, bytes).unwrap();
}

#[test]
fn what_is_erased_is_not_read_and_a_dry_run_drops_nothing() {
    let dev = Dev::start();
    dev.licence();
    let report = dev.report();
    let name = report[0]["unseal"].as_str().unwrap();
    let index = report[0]["index"].to_string();
    done(&dev.command("security", &["audit", "unseal", "approve", name, "--lasts", "60"]));
    let erase = ["audit", "erase", &index, "--ground", "DATA_SUBJECT_REQUEST", "-o", "json"];

    let denied = dev.command("auditor", &erase).status.code();
    let erased = dev.json("security", &erase);
    let opened = dev.json("auditor", &["audit", "unseal", "read", name, "-o", "json"]);
    let today = ["audit", "erase", "--day", "2999-01-01", "--ground", "RETENTION"];
    let today = dev.command("security", &today).status.code();
    let plan = dev.json("operator", &["audit", "retain", "--dry-run", "-o", "json"]);
    let dropped = dev.command("operator", &["audit", "retain"]);

    assert_eq!((denied, today), (Some(3), Some(1)));
    assert_eq!(erased["erased"], 1);
    assert_eq!(opened, Value::Array(Vec::new()));
    assert_eq!((&plan["dropped"], &plan["receipt"]), (&Value::Array(Vec::new()), &Value::Null));
    let dropped = String::from_utf8_lossy(&dropped.stdout).into_owned();
    assert!(dropped.starts_with("0 records dropped, 0 held, receipt "), "{dropped}");
}

#[test]
fn a_request_by_subject_waits_for_its_approval() {
    let dev = Dev::start();
    dev.licence();
    let subject = format!("credit:{COMPANY}");
    let ask = ["audit", "unseal", "request", "--ground", "INSPECTION", "--reference", "R-1"];
    let by_subject = [&ask[..], &["--subject", &subject, "-o", "json"]].concat();

    let asked = dev.json("auditor", &by_subject);
    let in_vain = dev.command("auditor", &[&by_subject[..], &["--wait", "1"]].concat());
    let nobody = ["--subject", "credit:91370800NOBODY"];
    let nobody = dev.command("auditor", &[&ask[..], &nobody].concat()).status.code();
    let mut waiting = super::oncebus()
        .args(&by_subject)
        .args(["--wait", "60", "--as", "auditor", "--profile"])
        .arg(dev.profile())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(waiting.stdout.take().unwrap()).lines();
    let newest: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    let other = asked["name"].as_str().unwrap();
    done(&dev.command("security", &["audit", "unseal", "approve", other]));
    assert_eq!(waiting.try_wait().unwrap(), None, "it took another's approval for its own");
    let name = newest["name"].as_str().unwrap();
    done(&dev.command("security", &["audit", "unseal", "approve", name]));
    let waiting = waiting.wait_with_output().unwrap();

    assert_eq!((asked["records"].as_i64(), nobody), (Some(1), Some(4)));
    assert_eq!(in_vain.status.code(), Some(5), "{}", said(&in_vain));
    assert!(waiting.status.success() && said(&waiting).contains("approved by "));
}
