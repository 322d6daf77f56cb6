//! A gateway that dies in the middle of a call: the next run says what became of it.

use std::{
    net::TcpListener,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::{Dev, oncebus};

const SUBJECT: &str = "project:2501-370800-04-01-000016";
const PURPOSE: &str = "item=I14,case=C1,cause=APPROVAL,basis=Construction Law art. 8,officer=o7";

#[test]
fn an_intent_that_a_killed_gateway_left_open_is_closed_as_unknown() {
    // An adapter that takes connections and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let adapter = format!("market=https://{}", silent.local_addr().unwrap());
    let mut dev = Dev::start_with(&["--adapter", &adapter]);
    let fetch = ["material", "find", "--type", "M01", "--subject", SUBJECT, "--purpose", PURPOSE];
    let mut hanging = oncebus()
        .args(fetch)
        .arg("--profile")
        .arg(dev.profile())
        .args(["--as", "planning"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let search = ["audit", "search", "--kind", "intent", "-o", "json"];
    let deadline = Instant::now() + Duration::from_secs(4);
    let intent = loop {
        let intents = dev.json("auditor", &search);
        if let Some(intent) = intents.get(0) {
            break intent["index"].clone();
        }
        assert!(Instant::now() < deadline, "no intent is on record");
    };

    let gateway = dev.connection()["gateway_pid"].to_string();
    assert!(Command::new("kill").args(["-9", &gateway]).status().unwrap().success());
    hanging.wait().unwrap();
    dev.exit = 7;
    dev.restart();
    let unknown = ["audit", "search", "--outcome", "unknown", "-o", "json"];
    let closed = dev.json("auditor", &unknown);

    assert_eq!(closed.as_array().unwrap().len(), 1, "{closed}");
    assert_eq!(closed[0]["intent"], intent);
    assert_eq!(closed[0]["department"], "planning");
}
