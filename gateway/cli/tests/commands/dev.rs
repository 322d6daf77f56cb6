//! `oncebus dev`, and the commands of somebody who tries it.

use std::fs;

use super::Dev;

const PURPOSE: &str = "item=I14,case=C1,cause=APPROVAL,basis=Construction Law art. 8,officer=o7";
const SUBJECT: &str = "project:2501-370800-04-01-000016";

#[test]
fn a_file_published_by_one_system_is_fetched_by_another_and_on_record() {
    let dev = Dev::start();
    let file = dev.dir.path().join("contract.pdf");
    fs::write(&file, b"%PDF-1.7 construction contract").unwrap();
    let out = dev.dir.path().join("fetched.pdf");
    let publishes = &dev.connection()["systems"]["housing"]["publishes"];
    let material_type = publishes[0].as_str().unwrap().to_owned();
    let (file, out_text) = (file.to_str().unwrap(), out.to_str().unwrap());

    let what = ["--type", &material_type, "--subject", SUBJECT, "--number", "N-1"];
    let why = ["--purpose", PURPOSE];
    let publish =
        [&["material", "publish", "--file", file, "-o", "json"][..], &what, &why].concat();
    let first = dev.json("housing", &publish);
    let again = dev.json("housing", &publish);
    let fetch = [&["material", "fetch", "--out", out_text, "-o", "json"][..], &what, &why].concat();
    let fetched = dev.json("planning", &fetch);
    let records = dev.json("auditor", &["audit", "search", "--operation", "fetch", "-o", "json"]);

    assert_eq!(first["already_held"], false);
    assert_eq!((&again["already_held"], &again["version"]), (&true.into(), &first["version"]));
    assert_eq!(fetched["digest"], first["digest"]);
    assert_eq!(fetched["cache"], "miss");
    assert_eq!(fs::read(out).unwrap(), b"%PDF-1.7 construction contract");
    let outcome = records.as_array().unwrap().iter().find(|r| r["kind"] == "outcome").unwrap();
    assert_eq!(outcome["outcome"], "served");
    assert_eq!(outcome["index"], fetched["receipt"]["index"]);
    assert_eq!(outcome["department"], "planning");
}

#[test]
fn what_was_published_is_there_after_a_restart_on_the_same_ports() {
    let mut dev = Dev::start();
    let file = dev.dir.path().join("survey.pdf");
    fs::write(&file, b"%PDF-1.7 survey").unwrap();
    let before = dev.connection();
    let material_type = before["systems"]["housing"]["publishes"][0].as_str().unwrap().to_owned();
    let what = ["--type", &material_type, "--subject", SUBJECT, "--number", "N-2"];
    let why = ["--purpose", PURPOSE, "-o", "json"];
    let publish =
        [&["material", "publish", "--file", file.to_str().unwrap()][..], &what, &why].concat();
    let published = dev.json("housing", &publish);

    dev.restart();
    let out = dev.dir.path().join("out.pdf");
    let fetch = [&["material", "fetch", "--out", out.to_str().unwrap()][..], &what, &why].concat();
    let fetched = dev.json("market", &fetch);

    assert_eq!(fetched["version"], published["version"]);
    assert_eq!(dev.connection()["endpoint"], before["endpoint"]);
}

#[test]
fn exit_codes_tell_what_went_wrong() {
    let mut dev = Dev::start();
    let find = |subject: &'static str, purpose: &'static str| {
        ["material", "find", "--type", "M01", "--subject", subject, "--purpose", purpose]
    };
    let version = format!("materialTypes/business_license/versions/{}", "0".repeat(64));
    let get = ["material", "get", "--version", &version, "--purpose", PURPOSE];

    let codes = [
        dev.command("planning", &find("nonsense", PURPOSE)),
        dev.command("planning", &find(SUBJECT, "item=I14")),
        dev.command("auditor", &find(SUBJECT, PURPOSE)),
        dev.command("planning", &get),
    ]
    .map(|output| output.status.code());
    dev.interrupt();
    let gone = dev.command("planning", &find(SUBJECT, PURPOSE)).status.code();

    assert_eq!(codes, [Some(1), Some(1), Some(3), Some(4)]);
    assert_eq!(gone, Some(2));
}

#[test]
fn a_second_dev_on_the_same_folder_is_refused() {
    let dev = Dev::start();

    let second = super::oncebus().args(["dev", "--dir"]).arg(dev.dir.path()).output().unwrap();

    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains(dev.dir.path().to_str().unwrap()), "{said}");
}
