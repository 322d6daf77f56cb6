//! `oncebus audit`: what an auditor types, and what is in the files that are kept.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use oncebus_trail::{Receipt, SignedCheckpoint, VerifierKey};
use serde_json::Value;

use super::{Dev, oncebus};

const SUBJECT: &str = "project:2501-370800-04-01-000016";
const PURPOSE: &str = "item=I14,case=C1,cause=APPROVAL,basis=Construction Law art. 8,officer=o7";

impl Dev {
    /// Has planning find what market holds: an intent and an outcome.
    fn find(&self) {
        let args = ["material", "find", "--type", "M01", "--subject", SUBJECT];
        let output = self.command("planning", &[&args[..], &["--purpose", PURPOSE]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn trail_key(&self) -> VerifierKey {
        self.connection()["trail_vkey"].as_str().unwrap().parse().unwrap()
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }
}

fn lines(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn an_export_verifies_offline_and_is_never_written_over() {
    let dev = Dev::start();
    dev.find();
    let out = dev.path("export");
    let args = ["audit", "export", "--out", &out, "--operation", "find"];

    let said = dev.json("auditor", &[&args[..], &["-o", "json"]].concat());
    let again = dev.command("auditor", &args).status.code();
    let table = dev.path("table");
    let csv = ["audit", "export", "--out", &table, "--operation", "find", "--format", "csv"];
    let csv = dev.command("auditor", &csv).status.code();

    let records = lines(&format!("{out}/records.jsonl"));
    let proofs = lines(&format!("{out}/proofs.jsonl"));
    let checkpoint = fs::read_to_string(format!("{out}/checkpoint")).unwrap();
    let signed = SignedCheckpoint::open(&checkpoint, &dev.trail_key()).unwrap().checkpoint;
    assert_eq!((said["records"].as_u64(), records.len(), proofs.len()), (Some(2), 2, 2));
    for (record, proof) in records.iter().zip(&proofs) {
        let hash = |hash: &Value| {
            <[u8; 32]>::try_from(STANDARD.decode(hash.as_str().unwrap()).unwrap()).unwrap()
        };
        let receipt = Receipt {
            origin: signed.origin.clone(),
            index: proof["index"].as_u64().unwrap(),
            tree_size: signed.size,
            inclusion_path: proof["path"].as_array().unwrap().iter().map(hash).collect(),
            checkpoint: checkpoint.clone(),
            leaf: STANDARD.decode(proof["leaf"].as_str().unwrap()).unwrap(),
        };
        receipt.verify(&dev.trail_key()).unwrap();
        assert_eq!(record["index"], proof["index"]);
    }
    assert_eq!((again, csv), (Some(1), Some(0)));
    let csv = fs::read_to_string(format!("{table}/records.csv")).unwrap();
    let [head, _intent, outcome] = &csv.lines().collect::<Vec<_>>()[..] else { panic!("{csv}") };
    assert_eq!(head.split(',').count(), 55);
    // The calls of adapters are nested, hence quoted; they have three commas.
    assert_eq!(outcome.split(',').count(), 55 + 3, "{csv}");
}

#[test]
fn a_record_is_proven_and_the_trail_only_grew() {
    let dev = Dev::start();
    dev.find();
    let proof = dev.path("first.tlog-proof");
    let args = ["audit", "prove", "1", "--out", &proof, "-o", "json"];

    let told = dev.json("auditor", &args);
    let old = dev.path("old.checkpoint");
    fs::write(&old, told["checkpoint"].as_str().unwrap()).unwrap();
    dev.find();
    let newer = dev.json("auditor", &["audit", "prove", "2", "-o", "json"]);
    let new = dev.path("new.checkpoint");
    fs::write(&new, newer["checkpoint"].as_str().unwrap()).unwrap();
    let grown = dev.json("planning", &["audit", "diff-checkpoints", &old, "-o", "json"]);
    let between = dev.json("planning", &["audit", "diff-checkpoints", &old, &new, "-o", "json"]);
    let forged = dev.path("forged.checkpoint");
    fs::write(&forged, told["checkpoint"].as_str().unwrap().replace("gateway/g1", "gateway/g2"))
        .unwrap();
    let forged = dev.command("planning", &["audit", "diff-checkpoints", &forged]).status.code();
    let hidden = dev.command("planning", &["audit", "prove", "0"]).status.code();

    let receipt = Receipt::from_tlog_proof(&fs::read_to_string(&proof).unwrap()).unwrap();
    receipt.verify(&dev.trail_key()).unwrap();
    assert_eq!(receipt.index, 1);
    assert_eq!(grown["old_size"], told["tree_size"]);
    assert_eq!(between["new_size"], newer["tree_size"]);
    assert_eq!((forged, hidden), (Some(6), Some(4)));
}

#[test]
fn a_tail_shows_the_newest_and_goes_on_when_the_gateway_is_back() {
    let mut dev = Dev::start();
    dev.find();
    let mut tail = oncebus()
        .args(["audit", "tail", "-n", "1", "--kind", "outcome", "-o", "jsonl", "--profile"])
        .arg(dev.profile())
        .args(["--as", "auditor"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut shown = BufReader::new(tail.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&shown.next().unwrap().unwrap()).unwrap();

    let newest = next();
    dev.find();
    let second = next();
    dev.restart();
    dev.find();
    let third = next();
    let pid = nix::unistd::Pid::from_raw(tail.id().try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    let ended = tail.wait().unwrap().code();

    let indices = [&newest, &second, &third].map(|record| record["index"].as_u64().unwrap());
    assert!(indices.is_sorted_by(|one, other| one < other), "{indices:?}");
    assert!([&newest, &second, &third].iter().all(|record| record["operation"] == "find"));
    assert_eq!(ended, Some(0));
}

#[test]
fn reports_are_tables_for_people_and_complete_for_scripts() {
    let dev = Dev::start();
    let out = dev.path("fetched.pdf");
    let fetch = ["material", "fetch", "--type", "M01", "--subject", SUBJECT, "--out", &out];
    let fetch = [&fetch[..], &["--purpose", PURPOSE]].concat();
    assert!(dev.command("planning", &fetch).status.success());

    let rows = dev.json("auditor", &["audit", "reuse", "--by", "type,department", "-o", "json"]);
    let table = dev.command("auditor", &["audit", "reuse"]);
    let csv = dev.command("auditor", &["audit", "search", "--kind", "start", "-o", "csv"]);

    assert_eq!(rows[0]["department"], "planning");
    assert_eq!(
        (rows[0]["asked"].as_u64(), rows[0]["reused_percent"].as_str()),
        (Some(1), Some("100.00"))
    );
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(
        table.contains("ASKED") && table.lines().all(|line| line == line.trim_end()),
        "{table}"
    );
    let csv = String::from_utf8(csv.stdout).unwrap();
    assert!(csv.starts_with("index,id,kind,time") && csv.lines().count() == 2, "{csv}");
}
