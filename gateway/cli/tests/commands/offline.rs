//! `oncebus audit verify` and `audit fsck`: proofs and files are checked without any gateway.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use oncebus_trail::{Receipt, SigningKey};
use serde_json::{Value, json};

use super::{Dev, oncebus};

const SUBJECT: &str = "project:2501-370800-04-01-000016";
const PURPOSE: &str = "item=I14,case=C1,cause=APPROVAL,basis=Construction Law art. 8,officer=o7";

/// A trail whose gateway has ended, and a receipt that it gave.
struct Ended {
    dev: Dev,
    trail: PathBuf,
    vkey: String,
    receipt: PathBuf,
}

impl Ended {
    fn new() -> Self {
        let dev = Dev::start();
        let receipt = dev.dir.path().join("receipt.json");
        let out = dev.dir.path().join("out.pdf");
        let args = ["material", "fetch", "--type", "M01", "--subject", SUBJECT];
        let rest = ["--purpose", PURPOSE, "--out", out.to_str().unwrap()];
        let keep = ["--receipt", receipt.to_str().unwrap()];
        let fetched = dev.command("planning", &[&args[..], &rest, &keep].concat());
        assert!(fetched.status.success(), "{}", text(&fetched.stderr));
        let connection = dev.connection();
        let field = |name: &str| connection[name].as_str().unwrap().to_owned();
        let (trail, vkey) = (field("trail_dir").into(), field("trail_vkey"));
        let mut ended = Self { dev, trail, vkey, receipt };
        ended.dev.interrupt();
        ended
    }

    /// Starts the bus on its folder and ends it: the trail is longer then.
    fn run_again(&mut self) {
        let dev = &mut self.dev;
        dev.child = Dev::run(dev.dir.path(), &dev.flags, &dev.variables);
        dev.interrupt();
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let file = self.dev.dir.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, bytes).unwrap();
        file
    }

    fn receipt(&self) -> Value {
        serde_json::from_slice(&fs::read(&self.receipt).unwrap()).unwrap()
    }

    fn verify(&self, file: &Path, args: &[&str]) -> Output {
        let file = [file.to_str().unwrap(), "--vkey", &self.vkey];
        oncebus().args(["audit", "verify"]).args(file).args(args).output().unwrap()
    }

    fn fsck(&self, args: &[&str]) -> Output {
        let dir = [self.trail.to_str().unwrap(), "--vkey", &self.vkey];
        oncebus().args(["audit", "fsck"]).args(dir).args(args).output().unwrap()
    }

    /// Writes an export that holds the receipt's record alone.
    fn export(&self, name: &str, shown: &Value) -> PathBuf {
        let receipt = self.receipt();
        let proof = json!({
            "index": receipt["index"],
            "leaf": receipt["record"],
            "path": receipt["inclusion_path"],
        });
        self.file(&format!("{name}/records.jsonl"), format!("{shown}\n"));
        self.file(&format!("{name}/proofs.jsonl"), format!("{proof}\n"));
        let checkpoint = receipt["checkpoint"].as_str().unwrap();
        self.file(&format!("{name}/checkpoint"), checkpoint).parent().unwrap().to_owned()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

fn leaf(receipt: &Value) -> Value {
    let leaf = STANDARD.decode(receipt["record"].as_str().unwrap()).unwrap();
    serde_json::from_slice(&leaf).unwrap()
}

#[test]
fn a_receipt_is_verified_by_the_key_alone_and_an_altered_one_is_not() {
    let ended = Ended::new();
    let receipt = ended.receipt();
    let origin = receipt["origin"].as_str().unwrap();

    let people = ended.verify(&ended.receipt, &[]);
    let scripts = json_of(&ended.verify(&ended.receipt, &["-o", "json"]));

    let told = text(&people.stdout);
    let proven = format!("record {} of {origin} is proven under", receipt["index"]);
    assert!(told.starts_with(&proven), "{told} {}", text(&people.stderr));
    assert!(told.contains("served") && told.contains("planning"), "{told}");
    assert_eq!(scripts["index"], receipt["index"]);
    assert_eq!(scripts["record"], leaf(&receipt));

    for (field, value) in [
        ("index", json!(0)),
        ("tree_size", json!(1)),
        ("origin", json!("oncebus.test/other")),
        ("record", json!(STANDARD.encode("{}"))),
        ("record", json!("")),
        ("inclusion_path", json!([])),
        ("checkpoint", json!("a checkpoint")),
        ("extra", json!(1)),
    ] {
        let mut altered = receipt.clone();
        altered[field] = value;
        let file = ended.file("altered.json", altered.to_string());
        let refused = ended.verify(&file, &[]);
        assert_eq!(refused.status.code(), Some(6), "{field}");
        assert!(text(&refused.stderr).contains("altered.json"), "{}", text(&refused.stderr));
    }
}

#[test]
fn a_receipt_in_the_form_of_others_is_verified_too() {
    let ended = Ended::new();
    let receipt = ended.receipt();
    let hash = |hash: &Value| STANDARD.decode(hash.as_str().unwrap()).unwrap().try_into().unwrap();
    let proof = Receipt {
        origin: receipt["origin"].as_str().unwrap().parse().unwrap(),
        index: receipt["index"].as_u64().unwrap(),
        tree_size: receipt["tree_size"].as_u64().unwrap(),
        inclusion_path: receipt["inclusion_path"].as_array().unwrap().iter().map(hash).collect(),
        checkpoint: receipt["checkpoint"].as_str().unwrap().to_owned(),
        leaf: STANDARD.decode(receipt["record"].as_str().unwrap()).unwrap(),
    };
    let file = ended.file("receipt.tlog-proof", proof.to_tlog_proof());
    let bare = Receipt { leaf: Vec::new(), ..proof };
    let bare = ended.file("bare.tlog-proof", bare.to_tlog_proof());
    let key = ended.file("trail.vkey", format!("{}\n", ended.vkey));

    let verified = ended.verify(&file, &["-o", "json"]);
    let key = ["audit", "verify", file.to_str().unwrap(), "--vkey", key.to_str().unwrap()];
    let by_file = oncebus().args(key).output().unwrap();
    let without_record = ended.verify(&bare, &[]);

    assert_eq!(json_of(&verified)["record"], leaf(&receipt));
    assert!(by_file.status.success(), "{}", text(&by_file.stderr));
    assert_eq!(without_record.status.code(), Some(6));
    assert!(text(&without_record.stderr).contains("oncebus audit prove"));
}

#[test]
fn a_missing_cosigner_fails_and_wrong_usage_is_told_apart() {
    let ended = Ended::new();
    let witness = SigningKey::from_seed(&"witness.test/w1".parse().unwrap(), &[9; 32]).unwrap();
    let witness = witness.verifier().to_string();

    let not_cosigned = ended.verify(&ended.receipt, &["--cosigner", &witness]);
    let altered_key = ended.verify(&ended.receipt, &["--cosigner", &witness.replace("w1", "w2")]);
    let no_key = ended.verify(&ended.receipt, &["--cosigner", "no key"]);
    let no_file = ended.verify(Path::new("no/such/receipt"), &[]);

    assert_eq!(not_cosigned.status.code(), Some(6));
    assert!(text(&not_cosigned.stderr).contains("not signed by witness.test/w1"));
    for usage in [altered_key, no_key, no_file] {
        assert_eq!(usage.status.code(), Some(1), "{}", text(&usage.stderr));
    }
}

#[test]
fn an_export_is_verified_and_what_it_shows_must_be_what_is_proven() {
    let ended = Ended::new();
    let mut shown = leaf(&ended.receipt());
    shown.as_object_mut().unwrap().retain(|_, value| value.is_string());
    shown["index"] = ended.receipt()["index"].clone();
    let sound = ended.verify(&ended.export("sound", &shown), &["-o", "json"]);
    shown["outcome"] = "denied".into();
    let other = ended.verify(&ended.export("other", &shown), &[]);
    let cut = ended.export("cut", &shown);
    fs::remove_file(cut.join("checkpoint")).unwrap();
    let cut = ended.verify(&cut, &[]);

    assert!(sound.status.success(), "{}", text(&sound.stderr));
    assert_eq!(json_of(&sound)["records"], 1);
    assert_eq!(other.status.code(), Some(6));
    assert!(text(&other.stderr).contains("shown with outcome \"denied\""));
    assert_eq!(cut.status.code(), Some(6));
    assert!(text(&cut.stderr).contains("not whole"));
}

#[test]
fn exports_of_all_records_and_both_forms_are_verified() {
    let mut dev = Dev::start();
    let out = dev.dir.path().join("out.pdf");
    let fetch = ["material", "fetch", "--type", "M01", "--subject", SUBJECT, "--out"];
    let fetch = [&fetch[..], &[out.to_str().unwrap(), "--purpose", PURPOSE]].concat();
    assert!(dev.command("planning", &fetch).status.success());
    let vkey = dev.connection()["trail_vkey"].as_str().unwrap().to_owned();
    let path = |name: &str| dev.dir.path().join(name).to_str().unwrap().to_owned();
    let (jsonl, csv) = (path("jsonl"), path("csv"));

    let first = dev.command("auditor", &["audit", "export", "--out", &jsonl]);
    let second = dev.command("auditor", &["audit", "export", "--out", &csv, "--format", "csv"]);
    dev.interrupt();
    let args = ["audit", "verify", &jsonl, &csv, "--vkey", &vkey, "-o", "jsonl"];
    let verified = oncebus().args(args).output().unwrap();

    assert!(first.status.success() && second.status.success(), "{}", text(&second.stderr));
    assert!(verified.status.success(), "{}", text(&verified.stderr));
    let proven = text(&verified.stdout);
    let counts = proven.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let counts: Vec<_> = counts.map(|proven| proven["records"].as_u64().unwrap()).collect();
    assert!(counts.iter().all(|count| 3 < *count), "{counts:?}");
}

#[test]
fn the_files_of_a_trail_are_sound_and_the_first_fault_is_named() {
    let ended = Ended::new();
    let kept = ended.file("kept.checkpoint", fs::read(ended.trail.join("checkpoint")).unwrap());

    let sound = ended.fsck(&["--since", kept.to_str().unwrap(), "-o", "json"]);
    let found = json_of(&sound);
    let bundles = ended.trail.join("tile/entries/000.p");
    let mut widths: Vec<u64> = fs::read_dir(&bundles)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap())
        .collect();
    widths.sort_unstable();
    let newest = bundles.join(widths.last().unwrap().to_string());
    let mut bytes = fs::read(&newest).unwrap();
    bytes[10] ^= 1;
    fs::write(&newest, bytes).unwrap();
    let damaged = ended.fsck(&["-o", "json"]);
    let for_people = ended.fsck(&[]);

    assert!(sound.status.success(), "{}", text(&sound.stderr));
    assert_eq!(found["sound"], true);
    assert_eq!(found["records"], found["size"]);
    assert_eq!(damaged.status.code(), Some(6));
    let fault = json_of(&damaged);
    assert_eq!(
        (&fault["sound"], &fault["fault"], &fault["index"]),
        (&json!(false), &json!("record"), &json!(0))
    );
    assert!(
        text(&for_people.stderr).contains("record 0 was altered"),
        "{}",
        text(&for_people.stderr)
    );
}

#[test]
fn a_sealed_part_that_was_altered_is_found_and_an_erased_one_is_counted() {
    let ended = Ended::new();
    let file = ended.trail.join("sealed/000");
    let parts = fs::read(&file).unwrap();
    let before = json_of(&ended.fsck(&["-o", "json"]));

    let (erased, altered) = without_and_with_altered_last_part(&parts);
    fs::write(&file, erased).unwrap();
    let erased = json_of(&ended.fsck(&["-o", "json"]));
    fs::write(&file, altered).unwrap();
    let altered = ended.fsck(&["-o", "json"]);

    assert_eq!((&before["sound"], &before["erased"]), (&json!(true), &json!(0)));
    assert_eq!((&erased["sound"], &erased["erased"]), (&json!(true), &json!(1)));
    assert_eq!(altered.status.code(), Some(6));
    assert_eq!(json_of(&altered)["fault"], "sealed");
}

/// Returns a file of sealed parts without the last part that there is, and with its last byte changed.
fn without_and_with_altered_last_part(parts: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut at, mut last) = (0, 0..0);
    while at < parts.len() {
        let length = usize::from(u16::from_be_bytes([parts[at], parts[at + 1]]));
        if length != 0 {
            last = at + 2..at + 2 + length;
        }
        at += 2 + length;
    }
    let erased = [&parts[..last.start - 2], &[0, 0], &parts[last.end..]].concat();
    let mut altered = parts.to_vec();
    altered[last.end - 1] ^= 1;
    (erased, altered)
}

#[test]
fn a_tail_that_was_cut_is_found_by_a_checkpoint_that_was_kept() {
    let mut ended = Ended::new();
    let before = ended.dev.dir.path().join("before");
    copy(&ended.trail, &before);
    ended.run_again();
    let kept = ended.file("kept.checkpoint", fs::read(ended.trail.join("checkpoint")).unwrap());
    ended.trail = before;

    let alone = ended.fsck(&[]);
    let since = ended.fsck(&["--since", kept.to_str().unwrap()]);

    assert!(alone.status.success(), "{}", text(&alone.stderr));
    assert_eq!(since.status.code(), Some(6));
    assert!(text(&since.stderr).contains("its tail was cut"), "{}", text(&since.stderr));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (entry, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if entry.is_dir() {
            copy(&entry, &to.join(name));
        } else {
            fs::copy(entry, to.join(name)).unwrap();
        }
    }
}
