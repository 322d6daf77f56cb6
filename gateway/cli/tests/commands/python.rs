//! Stock clients in another language, with code generated from our `.proto` files.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};

use super::{Dev, root};

/// Tells whether Python has what a client needs; CI must.
fn is_ready() -> bool {
    let ready = Command::new("python3").args(["-c", "import grpc, grpc_tools"]).output();
    let ready = ready.is_ok_and(|output| output.status.success());
    if !ready {
        assert!(env::var_os("CI").is_none(), "python3 with grpcio and grpcio-tools is missing");
        oncebus_tests::skipped("python3 with grpcio and grpcio-tools is not installed");
    }
    ready
}

fn said(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_stock_python_client_publishes_resumes_and_fetches() {
    if !is_ready() {
        return;
    }
    let dev = Dev::start();

    let output = Command::new("python3")
        .arg(root().join("tests/python/stock_client.py"))
        .arg(dev.profile())
        .arg(root().join("proto"))
        .args(["housing", "planning"])
        .output()
        .unwrap();

    assert_eq!(said(&output)["resumed_at"], 3 * 1024 * 1024);
}

#[test]
fn a_counters_system_of_forty_lines_leaves_nothing_to_collect() {
    if !is_ready() {
        return;
    }
    let dev = Dev::start();
    let scans = dev.dir.path().join("scans");
    fs::create_dir(&scans).unwrap();
    fs::write(scans.join("agent_authorization.pdf"), vec![b'%'; 1_500_000]).unwrap();
    let case = scans.join("case.json");
    fs::write(&case, a_case().to_string()).unwrap();

    let output = Command::new("python3")
        .env("PYTHONPATH", path_with(&generated(dev.dir.path())))
        .arg(root().join("tests/python/counter.py"))
        .arg(dev.profile())
        .arg("market")
        .args([&case, &scans])
        .output()
        .unwrap();

    // M01, M11, M17 and M25 are held by departments; M03 was brought once.
    assert_eq!(said(&output), json!({"asked": 5, "held": 5, "to_collect": 0}));
    let fetched = fs::read_dir(&scans).unwrap().map(|file| file.unwrap().file_name());
    let fetched = fetched.filter(|name| name.to_string_lossy().starts_with("fetched-"));
    assert_eq!(fetched.count(), 5);
    let script = fs::read_to_string(root().join("tests/python/counter.py")).unwrap();
    assert!(script.lines().count() <= 40);
}

fn a_case() -> Value {
    json!({
        "item": "I16", "case": "JN-2026-0042", "basis": "《城镇排水与污水处理条例》第二十一条",
        "officer": "370800-1001", "facts": {},
        "parties": {
            "project": "project:2501-370800-04-01-000016",
            "developer": "credit:91370800MA3ABCD15K",
            "agent": "citizen:370811198805062341",
        },
    })
}

/// Generates the client code, as an agency would, and returns its folder.
fn generated(dir: &Path) -> PathBuf {
    let out = dir.join("generated");
    fs::create_dir(&out).unwrap();
    let proto = root().join("proto");
    let files = fs::read_dir(proto.join("oncebus/v1")).unwrap().map(|file| file.unwrap().path());
    let output = Command::new("python3")
        .args(["-m", "grpc_tools.protoc", "-I"])
        .arg(&proto)
        .arg(format!("--python_out={}", out.display()))
        .arg(format!("--grpc_python_out={}", out.display()))
        .args(files)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    out
}

fn path_with(dir: &Path) -> OsString {
    let before = env::var_os("PYTHONPATH").unwrap_or_default();
    env::join_paths([dir.to_owned()].into_iter().chain(env::split_paths(&before))).unwrap()
}
