//! `oncebus config`: a file is checked, and what it changes is in force while the gateway runs.

use std::{fs, path::PathBuf, process::Output};

use serde_json::{Value, json};

use super::{Dev, oncebus};

const SUBJECT: &str = "project:2501-370800-04-01-000016";
const PURPOSE: &str = "item=I14,case=C1,cause=APPROVAL,basis=Construction Law art. 8,officer=o7";

impl Dev {
    fn gateway_config(&self) -> PathBuf {
        self.dir.path().join("gateway.toml")
    }

    fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.gateway_config()).unwrap();
        assert!(text.contains(from), "{from:?} is not in {text}");
        fs::write(self.gateway_config(), text.replace(from, to)).unwrap();
    }

    /// Fetches what market holds as planning, and returns the exit code.
    fn fetch(&self) -> Option<i32> {
        let out = self.dir.path().join("out.pdf");
        let args = ["material", "fetch", "--type", "M01", "--subject", SUBJECT];
        let rest = ["--purpose", PURPOSE, "--out", out.to_str().unwrap()];
        self.command("planning", &[&args[..], &rest].concat()).status.code()
    }

    fn reload(&self, system: &str) -> Output {
        self.command(system, &["config", "reload"])
    }

    /// Has the file checked, with a variable that overrides a value of it.
    fn check(&self, args: &[&str]) -> Output {
        oncebus()
            .args(["config", "check"])
            .arg(self.gateway_config())
            .args(args)
            .env("ONCEBUS_GATEWAY_LISTEN", "127.0.0.1:7443")
            .output()
            .unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_permission_withdrawn_in_the_file_is_in_force_after_reload_and_after_a_restart() {
    let mut dev = Dev::start();
    let before = dev.fetch();
    dev.edit("department = \"planning\"\nfetch", "department = \"audit\"\nfetch");
    let unread = dev.fetch();

    let reloaded = dev.reload("operator");
    let withdrawn = dev.fetch();
    let records = dev.json("auditor", &["audit", "search", "--kind", "config", "-o", "json"]);
    dev.restart();
    let restarted = dev.fetch();

    assert_eq!((before, unread, withdrawn, restarted), (Some(0), Some(0), Some(3), Some(3)));
    let record = &records[0];
    assert_eq!((&record["epoch"], &record["outcome"]), (&json!(2), &json!("served")));
    let index = &record["index"];
    let expected = format!("epoch 2 in force, receipt oncebus.test/gateway/g1#{index}\n");
    assert_eq!((reloaded.status.code(), text(&reloaded.stdout)), (Some(0), expected));
    assert_eq!(text(&reloaded.stderr), "");
    let said = fs::read_to_string(dev.dir.path().join("stderr")).unwrap();
    assert!(said.contains("gateway.toml was edited, and is kept"), "{said}");
}

#[test]
fn a_changed_catalogue_is_in_force_after_reload() {
    let mut dev = Dev::start();
    let types = dev.dir.path().join("catalog/types.toml");
    let listed = fs::read_to_string(&types).unwrap();
    let row = listed.split("[[type]]").last().unwrap();
    let row = row.replace("M28", "M29").replace("fire_acceptance_opinion", "lift_inspection");
    fs::write(&types, format!("{listed}\n[[type]]{row}")).unwrap();
    dev.edit(
        "department = \"planning\"\nfetch = [",
        "department = \"planning\"\nfetch = [\"M29\", ",
    );
    let before = dev.json("planning", &["catalog", "types", "-o", "json"]);

    let reloaded = dev.json("operator", &["config", "reload", "-o", "json"]);

    let after = dev.json("planning", &["catalog", "types", "-o", "json"]);
    let records = dev.json("auditor", &["audit", "search", "--kind", "config", "-o", "json"]);
    dev.interrupt();
    let count = |listed: &Value| listed.as_array().unwrap().len();
    assert_eq!((count(&before), count(&after)), (28, 29));
    assert_eq!(reloaded["restart_needed"], json!([]));
    let version = reloaded["catalog_version"].as_str().unwrap();
    let mark = records[0]["catalog"].as_str().unwrap();
    assert_eq!(version.strip_prefix("sha256:").map(|digits| &digits[..16]), Some(mark));
}

#[test]
fn a_catalogue_that_cannot_follow_the_one_in_force_is_refused_with_the_reason() {
    let mut dev = Dev::start();
    let types = dev.dir.path().join("catalog/types.toml");
    let listed = fs::read_to_string(&types).unwrap();
    let changed = listed.replacen("personal = false", "personal = true", 1);
    fs::write(&types, changed).unwrap();

    let refused = dev.reload("operator");

    let records = dev.json("auditor", &["audit", "search", "--kind", "config", "-o", "json"]);
    dev.interrupt();
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(5), "{said}");
    assert!(said.contains("personal of business_license is changed"), "{said}");
    assert!(said.contains("CATALOG_INCOMPATIBLE"), "{said}");
    assert_eq!(records[0]["reason"], "CATALOG_INCOMPATIBLE");
    assert_eq!(records[0]["outcome"], "failed");
}

#[test]
fn exit_codes_of_reload_tell_what_went_wrong() {
    let mut dev = Dev::start();
    dev.edit("127.0.0.1", "localhost");

    let mut unnamed = oncebus();
    unnamed.args(["config", "reload", "-o", "json", "--profile"]).arg(dev.profile());
    let restart = unnamed.output().unwrap();
    let denied = dev.reload("planning");
    dev.edit("department = \"planning\"\nfetch", "department = \"nobody\"\nfetch");
    let faulty = dev.reload("operator");
    dev.interrupt();
    let gone = dev.reload("operator");

    let answer: Value = serde_json::from_slice(&restart.stdout).unwrap();
    assert_eq!(
        (&answer["epoch"], &answer["restart_needed"]),
        (&json!(2), &json!(["listen", "adapter"]))
    );
    let said = text(&restart.stderr);
    assert!(said.contains("restart the gateway for listen, adapter"), "{said}");
    let codes = [&restart, &denied, &faulty, &gone].map(|output| output.status.code());
    assert_eq!(codes, [Some(0), Some(3), Some(5), Some(2)]);
    let said = text(&faulty.stderr);
    for part in ["gateway.toml: permission of department \"nobody\"", "CONFIG_INVALID", "receipt"] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn check_lists_every_value_with_where_it_came_from_and_names_a_fault() {
    let dev = Dev::start();

    let table = dev.check(&[]);
    let listed = dev.check(&["-o", "json"]);
    dev.edit("cert.pem", "none.pem");
    let unreadable = dev.check(&[]);
    dev.edit("[[permission]]", "[[permisson]]");
    let unknown = dev.check(&[]);
    let missing = oncebus().args(["config", "check", "/nowhere/gateway.toml"]).output().unwrap();

    assert_eq!(table.status.code(), Some(0), "{}", text(&table.stderr));
    let shown = text(&table.stdout);
    for part in ["KEY", "FROM", "tls.cert", "permission planning fetch", "adapter market"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let rows: Vec<Value> = serde_json::from_slice(&listed.stdout).unwrap();
    let row = |key: &str| rows.iter().find(|row| row["key"] == key).unwrap();
    let listen = json!({"key": "listen", "value": "127.0.0.1:7443", "source": "environment"});
    assert_eq!(*row("listen"), listen);
    assert_eq!((&row("id")["value"], &row("id")["source"]), (&json!("g1"), &json!("file")));
    let operator = row("system spiffe://oncebus.test/dept/audit/system/operator");
    assert_eq!(operator["value"], "operator");
    for (output, part) in [
        (unreadable, "gateway.toml: tls: cannot read"),
        (unknown, "gateway.toml: permisson: is unknown, give one of"),
        (missing, "/nowhere/gateway.toml: cannot be read"),
    ] {
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(5), "{said}");
        assert!(said.contains(part), "{said}");
    }
}
