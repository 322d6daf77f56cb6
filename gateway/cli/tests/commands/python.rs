//! A stock client in another language, with code generated from our `.proto` files.

use std::process::Command;

use serde_json::Value;

use super::{Dev, root};

#[test]
fn a_stock_python_client_publishes_resumes_and_fetches() {
    let ready = Command::new("python3").args(["-c", "import grpc, grpc_tools"]).output();
    if !ready.is_ok_and(|output| output.status.success()) {
        assert!(
            std::env::var_os("CI").is_none(),
            "python3 with grpcio and grpcio-tools is missing"
        );
        oncebus_tests::skipped("python3 with grpcio and grpcio-tools is not installed");
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

    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["resumed_at"], 3 * 1024 * 1024);
}
